//! Between what comes and goes asynchronously, and what is read and written where it may block.

use std::io::{self, Read, Write};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    sync::mpsc::{Receiver, Sender, channel},
};

/// Chunks on their way.
pub(crate) const CHUNKS: usize = 16;
/// Bytes that are passed on at once.
const CHUNK: usize = 1 << 17;

/// Reads what comes through a channel.
pub(crate) struct Received {
    chunks: Receiver<io::Result<Bytes>>,
    rest: Bytes,
}

impl Received {
    /// A channel, and the reader of what is sent into it.
    pub(crate) fn new() -> (Sender<io::Result<Bytes>>, Self) {
        let (sender, chunks) = channel(CHUNKS);
        (sender, Self { chunks, rest: Bytes::new() })
    }
}

impl Read for Received {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.rest = chunk?,
                None => return Ok(0),
            }
        }
        let taken = self.rest.split_to(self.rest.len().min(buffer.len()));
        buffer[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

/// Sends what is written, in chunks.
pub(crate) struct Chunks<'a> {
    chunks: &'a Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl<'a> Chunks<'a> {
    pub(crate) fn new(chunks: &'a Sender<io::Result<Bytes>>) -> Self {
        Self { chunks, buffer: Vec::with_capacity(CHUNK) }
    }
}

impl Write for Chunks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the engine takes no more of the context");
        self.chunks.blocking_send(Ok(chunk.into())).map_err(gone)
    }
}

/// Passes on everything that a stream has. When nobody takes it any more, the rest is read and forgotten, so that whoever writes
/// it can finish.
pub(crate) async fn pass_on(mut stream: impl AsyncRead + Unpin, to: Sender<io::Result<Bytes>>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) => return,
            Ok(count) => drop(to.send(Ok(Bytes::copy_from_slice(&buffer[..count]))).await),
            Err(error) => return drop(to.send(Err(error)).await),
        }
    }
}
