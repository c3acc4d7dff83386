//! The answers of a registry.

use std::{net::SocketAddr, time::Duration};

use plimsoll_core::{
    digest::Digest,
    names::Tag,
    ports::{BaseImages as _, ImageRepository as _, Platform, Silent},
    reference::{ImageReference, RepositoryName},
};
use plimsoll_layout::Layout;
use plimsoll_registry::{Registries, RegistryOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{LARGEST, RUNTIME, sure};

/// What separates the answers in the input.
const SEPARATOR: &[u8] = b"\n--\n";
/// How long anything may take: a registry that says nothing more is given up soon.
const PATIENCE: Duration = Duration::from_millis(60);
/// A proxy that nobody runs: whatever other host an answer names, nothing leaves the machine.
const NO_PROXY: &str = "http://127.0.0.1:1";

/// Asks a registry for everything that a release asks for; the input is what it answers, one answer after the other, as
/// bytes on the connection, from the beginning again when they have run out. Promises: every question ends, and what was
/// fetched is there under its digest.
pub fn registry(bytes: &[u8]) {
    if bytes.len() > LARGEST {
        return;
    }
    drop(rustls::crypto::ring::default_provider().install_default());
    let answers = split(bytes);
    RUNTIME.block_on(async {
        let listener = sure(TcpListener::bind("127.0.0.1:0").await);
        let address = sure(listener.local_addr());
        let serving = tokio::spawn(serve(listener, answers));
        questions(address).await;
        serving.abort();
    });
}

fn split(mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut answers = Vec::new();
    while let Some(end) = rest.windows(SEPARATOR.len()).position(|window| window == SEPARATOR) {
        answers.push(rest[..end].to_vec());
        rest = &rest[end + SEPARATOR.len()..];
    }
    answers.push(rest.to_vec());
    answers
}

/// One answer a connection.
async fn serve(listener: TcpListener, answers: Vec<Vec<u8>>) {
    for answer in answers.iter().cycle() {
        let Ok((stream, _)) = listener.accept().await else { return };
        tokio::spawn(answer_once(stream, answer.clone()));
    }
}

async fn answer_once(mut stream: TcpStream, answer: Vec<u8>) {
    let mut asked = vec![0; 8 << 10];
    // A client that has gone already is as good as one that goes later.
    let _ = stream.read(&mut asked).await;
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}

fn options() -> RegistryOptions {
    let mut options = RegistryOptions {
        tries: 2,
        first_pause: Duration::from_millis(1),
        connect_timeout: PATIENCE,
        idle_timeout: PATIENCE,
        busy_timeout: PATIENCE,
        upload_piece: 16,
        ..RegistryOptions::default()
    };
    options.proxies.http = Some(NO_PROXY.into());
    options.proxies.https = Some(NO_PROXY.into());
    options
}

async fn questions(address: SocketAddr) {
    let registries = sure(Registries::new(options()));
    let name: RepositoryName = sure(format!("{address}/site").parse());
    let tag: Tag = sure("v1".parse());
    let platform: Platform = sure("linux/amd64".parse());
    let some = Digest::of(b"some");
    let repository = registries.repository(name.clone());
    drop(repository.resolve(&tag).await);
    drop(repository.tags().await);
    drop(repository.labels(&some).await);
    drop(repository.referrers(&some).await);
    drop(repository.set_tag(&tag, &some).await);

    let folder = sure(tempfile::tempdir());
    let reference: ImageReference = sure(format!("{name}:v1").parse());
    if let Ok(digests) = registries.fetch(&reference, &[platform], folder.path(), &Silent).await {
        let layout = sure(Layout::open(folder.path()));
        for digest in digests {
            sure(layout.read_manifest(&digest));
            drop(repository.push(folder.path(), &digest, &Silent).await);
        }
    }
}
