//! Files on the web.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use plimsoll_core::ports::{FailureClass, PortFailure, RemoteSources as _, Silent};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::fetcher;

/// A web server; answers its address and how often it was asked.
async fn serve() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let number = count.fetch_add(1, Ordering::Relaxed);
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            let request = String::from_utf8(request).unwrap();
            let path = request.split([' ', '?']).nth(1).unwrap();
            let answer = match path {
                "/f" => "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntext".to_owned(),
                "/headers" => {
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{request}", request.len())
                }
                "/moved" => "HTTP/1.1 302 Found\r\nlocation: /f\r\ncontent-length: 0\r\n\r\n".to_owned(),
                "/circle" => {
                    "HTTP/1.1 302 Found\r\nlocation: /circle\r\ncontent-length: 0\r\n\r\n".to_owned()
                }
                "/cut" => "HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\nte".to_owned(),
                "/large" => "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nte".to_owned(),
                "/tired" if number == 0 => {
                    "HTTP/1.1 503 Tired\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()
                }
                "/tired" => "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nawake".to_owned(),
                _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
            };
            stream.write_all(answer.as_bytes()).await.unwrap();
            // One answer a connection.
            let _ = stream.shutdown().await;
        }
    });
    (address, asked)
}

async fn get(url: &str) -> Result<String, PortFailure> {
    let mut bytes = Vec::new();
    fetcher().file(url, &mut bytes, &Silent).await?;
    Ok(String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn files_come_as_they_are() {
    let (address, asked) = serve().await;
    assert_eq!(get(&format!("http://{address}/f")).await.unwrap(), "text");
    assert_eq!(get(&format!("http://{address}/moved")).await.unwrap(), "text");
    let headers = get(&format!("http://{address}/headers")).await.unwrap();
    assert!(headers.to_lowercase().contains("accept-encoding: identity"), "{headers}");
    assert_eq!(asked.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn what_does_not_come_is_told() {
    let (address, asked) = serve().await;
    for (path, class, says) in [
        ("/none", FailureClass::User, "/none answers 404"),
        ("/cut", FailureClass::Outside, "could not fetch http://"),
        ("/large", FailureClass::User, "is larger than"),
        ("/circle", FailureClass::Outside, "it leads elsewhere too often"),
    ] {
        let failure = get(&format!("http://me:secret@{address}{path}?token=secret")).await.unwrap_err();
        let text = failure.to_string();
        assert!(failure.class == class && text.contains(says) && !text.contains("secret"), "{text}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 3 + 11);
    assert!(get("http://").await.unwrap_err().to_string().contains("no address"));
    assert!(get("ftp://h/f").await.unwrap_err().to_string().contains("no address"));
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again() {
    let (address, asked) = serve().await;
    assert_eq!(get(&format!("http://{address}/tired")).await.unwrap(), "awake");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}
