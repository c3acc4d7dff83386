//! A proxy in front of a server that breaks requests on demand: each in one way, by its number.

use std::{
    collections::HashMap,
    fmt,
    io::{self, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How long either side may do nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is passed on at a time, bytes.
const PIECE: usize = 16 << 10;

/// How a request is broken.
pub enum Break {
    /// The connection is cut before anything of the request is passed on.
    CutBefore,
    /// Half of the request's body is passed on, then the connection is cut.
    CutHalfWay,
    /// The request is passed on and carried out, and its answer is lost.
    CutAfter,
    /// Half of the answer is passed on.
    CutAnswer,
    /// This is answered, and nothing is passed on: a status, and header lines.
    Answer(u16, &'static str),
    /// Nothing is answered at all.
    Silence,
    /// The answer states another digest, and its content has another one.
    WrongDigest,
    /// Success is answered, and nothing is passed on.
    LyingSuccess,
    /// Half of the request's body is passed on, then this happens, then the connection is cut.
    Meanwhile(Box<dyn FnOnce() + Send>),
}

impl fmt::Debug for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CutBefore => "cut before",
            Self::CutHalfWay => "cut half-way",
            Self::CutAfter => "cut after",
            Self::CutAnswer => "cut answer",
            Self::Answer(..) => "answer",
            Self::Silence => "silence",
            Self::WrongDigest => "wrong digest",
            Self::LyingSuccess => "lying success",
            Self::Meanwhile(_) => "meanwhile",
        })
    }
}

/// A request that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Method and path, without the query.
    pub line: String,
    /// Bytes of its body that were passed on.
    pub passed_on: u64,
}

/// A proxy on a free loopback port, one request to a connection. It ends on drop.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    state: Mutex<State>,
    has_ended: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    breaks: HashMap<usize, Break>,
    seen: Vec<Seen>,
}

impl FaultProxy {
    /// A proxy for a server on loopback.
    ///
    /// # Panics
    /// There is no free port.
    #[must_use]
    #[track_caller]
    pub fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared { server, state: Mutex::default(), has_ended: AtomicBool::new(false) });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.has_ended.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&serving)) else { continue };
                // What fails here fails for the client, which is what it is about.
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks a request; the one that comes next has the number 0.
    pub fn break_request(&self, number: usize, how: Break) {
        let mut state = self.shared.state();
        let number = state.seen.len() + number;
        state.breaks.insert(number, how);
    }

    /// Forgets breaks that did not happen; answers whether there were any.
    pub fn mend(&self) -> bool {
        let mut state = self.shared.state();
        let were_there = !state.breaks.is_empty();
        state.breaks.clear();
        were_there
    }

    /// The requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::Relaxed);
        // Wakes the listener up, which then sees it.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The beginning of a message, and its headers in lower case.
struct Head {
    bytes: Vec<u8>,
    first: String,
    headers: HashMap<String, String>,
}

impl Head {
    fn length(&self) -> u64 {
        self.headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or_default()
    }
}

fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let head = read_head(&mut client)?;
    let mut words = head.first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let (number, how) = {
        let mut state = shared.state();
        let number = state.seen.len();
        state.seen.push(Seen { line: format!("{method} {path}"), passed_on: 0 });
        (number, state.breaks.remove(&number))
    };
    match &how {
        Some(Break::CutBefore) => return Ok(()),
        Some(Break::Silence) => return until_gone(&mut client),
        Some(Break::Answer(status, headers)) => return answer(&mut client, &head, *status, headers),
        Some(Break::LyingSuccess) => {
            let (status, headers) = lie(method, target, &head);
            return answer(&mut client, &head, status, &headers);
        }
        _ => {}
    }
    let is_half = matches!(how, Some(Break::CutHalfWay | Break::Meanwhile(_)));
    let length = if is_half { head.length() / 2 } else { head.length() };
    let mut server = TcpStream::connect(shared.server)?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.write_all(&closing(&head))?;
    pass_on(&mut client, &mut server, length, |bytes| shared.state().seen[number].passed_on += bytes)?;
    match how {
        Some(Break::CutHalfWay) => return server.shutdown(Shutdown::Both),
        Some(Break::Meanwhile(act)) => {
            act();
            return Ok(());
        }
        _ => {}
    }
    let mut reply = Vec::new();
    server.read_to_end(&mut reply)?;
    match how {
        Some(Break::CutAfter) => Ok(()),
        Some(Break::CutAnswer) => client.write_all(&reply[..reply.len() / 2]),
        Some(Break::WrongDigest) => client.write_all(&with_wrong_digest(&reply)),
        _ => client.write_all(&reply),
    }
}

fn read_head(stream: &mut TcpStream) -> io::Result<Head> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    Ok(Head { bytes, first, headers: lines.filter_map(header).collect() })
}

/// The request's beginning, asking for the connection to be closed after the answer.
fn closing(head: &Head) -> Vec<u8> {
    let text = String::from_utf8_lossy(&head.bytes);
    let kept = text.trim_end().lines().filter(|line| !line.to_lowercase().starts_with("connection:"));
    let lines: Vec<_> = kept.chain(["Connection: close", "", ""]).collect();
    lines.join("\r\n").into_bytes()
}

fn pass_on(from: &mut TcpStream, to: &mut TcpStream, length: u64, note: impl Fn(u64)) -> io::Result<()> {
    let mut left = length;
    let mut buffer = [0; PIECE];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let count = from.read(&mut buffer[..most])?;
        if count == 0 {
            return to.shutdown(Shutdown::Both);
        }
        to.write_all(&buffer[..count])?;
        left -= count as u64;
        note(count as u64);
    }
    Ok(())
}

/// Takes the request's body in, so that the answer is not lost with it, and answers.
fn answer(client: &mut TcpStream, head: &Head, status: u16, headers: &str) -> io::Result<()> {
    io::copy(&mut client.take(head.length()), &mut io::sink())?;
    let text = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n");
    client.write_all(text.as_bytes())
}

/// What a registry would say if it had done what was asked.
fn lie(method: &str, target: &str, head: &Head) -> (u16, String) {
    match method {
        "POST" => (202, "Location: /v2/x/blobs/uploads/none\r\n".to_owned()),
        "PATCH" => {
            let range = head.headers.get("content-range").cloned().unwrap_or_default();
            let end = range.split_once('-').map(|(_, end)| end.to_owned()).unwrap_or_default();
            (202, format!("Location: {target}\r\nRange: 0-{end}\r\n"))
        }
        "PUT" => (201, String::new()),
        _ => (200, String::new()),
    }
}

/// Another digest in the headers and other content of the same length.
fn with_wrong_digest(reply: &[u8]) -> Vec<u8> {
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n").map_or(reply.len(), |at| at + 4);
    let (head, body) = reply.split_at(end);
    let text = String::from_utf8_lossy(head);
    let wrong = format!("Docker-Content-Digest: sha256:{}", "0".repeat(64));
    let line = |line: &str| {
        let is_digest = line.to_lowercase().starts_with("docker-content-digest:");
        if is_digest { wrong.clone() } else { line.to_owned() }
    };
    let mut lines: Vec<_> = text.trim_end().lines().map(line).collect();
    lines.extend([String::new(), String::new()]);
    let mut bytes = lines.join("\r\n").into_bytes();
    bytes.extend(std::iter::repeat_n(b' ', body.len()));
    bytes
}

/// Waits until the client has gone.
fn until_gone(client: &mut TcpStream) -> io::Result<()> {
    io::copy(client, &mut io::sink()).map(|_| ())
}
