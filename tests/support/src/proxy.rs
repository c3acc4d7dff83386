//! A proxy, as companies have them between their machines and the world.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// A proxy on a free port of 127.0.0.1 behind which there is one server, whatever name is asked for. It ends on drop.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
}

impl Proxy {
    /// A proxy in front of a server. With `credentials` (`user:password`) it lets nobody else through.
    ///
    /// # Panics
    /// It cannot listen.
    #[must_use]
    #[track_caller]
    pub fn start(server: SocketAddr, credentials: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("it listens");
        let demanded =
            credentials.map(|credentials| format!("basic {}", crate::text::base64(credentials.as_bytes())));
        let (seen, ends) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicBool::new(false)));
        let (log, is_over) = (Arc::clone(&seen), Arc::clone(&ends));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (log, demanded) = (Arc::clone(&log), demanded.clone());
                // A client that goes away is no failure of the proxy's.
                thread::spawn(move || {
                    stream.and_then(|stream| pass(stream, server, demanded.as_deref(), &log))
                });
            }
        });
        Self { address, seen, ends }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The first lines of the requests that came.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes it up.
        let _ = TcpStream::connect(self.address);
    }
}

/// Opens a tunnel (RFC 9110, section 9.3.6), or passes a request on as it is.
fn pass(
    client: TcpStream,
    server: SocketAddr,
    demanded: Option<&str>,
    seen: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut is_allowed) = (String::new(), demanded.is_none());
    while !head.ends_with("\r\n\r\n") {
        let from = head.len();
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
        let line = head[from..].trim_end();
        let (name, value) = line.split_once(": ").unwrap_or_default();
        is_allowed |= name.eq_ignore_ascii_case("proxy-authorization")
            && demanded.is_some_and(|demanded| demanded.eq_ignore_ascii_case(value));
    }
    let first = head.lines().next().unwrap_or_default().to_owned();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(first.clone());
    let mut client = client;
    if !is_allowed {
        let challenge = "Proxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\nConnection: close";
        return write!(client, "HTTP/1.1 407 Proxy Authentication Required\r\n{challenge}\r\n\r\n");
    }
    let mut behind = TcpStream::connect(server)?;
    if first.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    } else {
        behind.write_all(head.as_bytes())?;
    }
    let (mut back, mut answers) = (client, behind.try_clone()?);
    let returning = thread::spawn(move || {
        let _ = io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let _ = io::copy(&mut reader, &mut behind);
    let _ = behind.shutdown(Shutdown::Write);
    let _ = returning.join();
    Ok(())
}
