//! A web server on loopback, for ADD.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// What every path of the server has, but those that end in `missing`.
const CONTENT: &str = "served\n";

/// A server that ends with the process.
pub(crate) struct Web(SocketAddr);

impl Web {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who went away needs no answer.
                thread::spawn(move || drop(answer(&stream)));
            }
        });
        Self(address)
    }

    /// Where it is, as URLs begin.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.0)
    }
}

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, content) =
        if path.ends_with("missing") { ("404 Not Found", "") } else { ("200 OK", CONTENT) };
    let length = content.len();
    let body = if request.starts_with("HEAD") { "" } else { content };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nConnection: close\r\n\r\n{body}"
    )
}
