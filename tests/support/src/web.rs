//! A small web server for stand-ins: what it answers is up to the test.

use std::{
    collections::HashMap,
    io::{self, BufRead as _, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::certificate::Certificate;

/// How long a client may take to send its next bytes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRequest {
    /// The method.
    pub method: String,
    /// The path, without the question.
    pub path: String,
    /// What follows the path, decoded.
    pub query: Vec<(String, String)>,
    /// The headers, their names in small letters.
    pub headers: HashMap<String, String>,
    /// The form in the body, decoded.
    pub form: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The path with the question, as it came.
    pub target: String,
}

impl WebRequest {
    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The only value of a field of the form; none when it is absent or there twice.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        only(&self.form, name)
    }

    /// The only value of a parameter of the question; none when it is absent or there twice.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        only(&self.query, name)
    }
}

fn only<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    values.next().filter(|_| values.next().is_none())
}

/// What is answered: a status, header lines, and a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAnswer {
    /// The status.
    pub status: u16,
    /// Headers beside those that every answer has.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl WebAnswer {
    /// A status with JSON.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    /// The same with a header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A server on a free port of 127.0.0.1, one request a connection. It ends on drop.
#[derive(Debug)]
pub struct WebServer {
    address: SocketAddr,
    ends: Arc<AtomicBool>,
}

impl WebServer {
    /// Starts a server, with TLS where there is a certificate.
    ///
    /// # Panics
    /// It cannot listen, or the certificate cannot be used.
    #[must_use]
    #[track_caller]
    pub fn start(
        certificate: Option<&Certificate>,
        answer: impl Fn(&WebRequest) -> WebAnswer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("it listens");
        let tls = certificate.map(|certificate| Arc::new(server_config(certificate)));
        let (ends, answer) = (Arc::new(AtomicBool::new(false)), Arc::new(answer));
        let is_over = Arc::clone(&ends);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (tls, answer) = (tls.clone(), Arc::clone(&answer));
                // A client that goes away is no failure of the server's.
                thread::spawn(move || stream.and_then(|stream| serve(stream, tls, answer.as_ref())));
            }
        });
        Self { address, ends }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes it up.
        let _ = TcpStream::connect(self.address);
    }
}

#[track_caller]
fn server_config(certificate: &Certificate) -> ServerConfig {
    let (chain, key) = certificate.server();
    let chain = CertificateDer::pem_file_iter(chain).expect("openssl wrote it").collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_file(key).expect("openssl wrote it");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has ciphers for them")
        .with_no_client_auth()
        .with_single_cert(chain.expect("openssl wrote it"), key)
        .expect("the key is that of the certificate")
}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    answer: &(dyn Fn(&WebRequest) -> WebAnswer + Send + Sync),
) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    match tls {
        None => exchange(stream, answer),
        Some(tls) => {
            let connection = ServerConnection::new(tls).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(connection, stream);
            exchange(&mut stream, answer)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
    }
}

fn exchange(stream: impl Read + Write, answer: &dyn Fn(&WebRequest) -> WebAnswer) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some(request) = read(&mut stream)? else { return Ok(()) };
    let WebAnswer { status, headers, body } = answer(&request);
    let mut head = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\n");
    let body = if request.method == "HEAD" {
        &[][..]
    } else {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        &body
    };
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
    stream.get_mut().flush()
}

/// `None` for what is no HTTP.
fn read(stream: &mut impl io::BufRead) -> io::Result<Option<WebRequest>> {
    let mut first = String::new();
    stream.read_line(&mut first)?;
    let mut headers = HashMap::new();
    for line in stream.by_ref().lines() {
        match line?.split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let mut words = first.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Some(WebRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query: decoded(query.as_bytes()),
        headers,
        form: decoded(&body),
        target: target.to_owned(),
        body,
    }))
}

fn decoded(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}
