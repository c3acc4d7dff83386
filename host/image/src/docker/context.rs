//! The build context as the Docker engine wants it: a tar archive, sent while it is made.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use plimsoll_core::ports::BuildRequest;
use tokio::sync::mpsc::Sender;

use crate::{
    context::Context,
    copy::{Copier, Destination, find},
    dockerignore::Ignore,
    error::ImageError,
    files::{Content, Files as _, Kind, Node},
    layer::{self, Entries},
    tree::Tree,
};

/// The name that a Dockerfile from outside the context gets in the archive.
const OUTSIDE: &str = ".plimsoll-dockerfile";

/// A context that is ready to be sent.
pub(super) struct Archive {
    /// The Dockerfile's path in the archive.
    pub(super) dockerfile: String,
    entries: Entries,
    timestamp: i64,
}

impl Archive {
    /// Finds everything that belongs to the context. Contents are read when they are sent.
    pub(super) fn new(request: &BuildRequest) -> Result<Self, ImageError> {
        let context = Context::open(&request.context, &request.dockerfile)?;
        let mut tree = Tree::default();
        let to = Destination::new("/", Path::new("/"), &tree)?;
        let exclude = Ignore::default();
        let mut copier =
            Copier { tree: &mut tree, owner: None, mode: None, exclude: &exclude, entries: Entries::new() };
        for found in find(&context, ".")? {
            copier.copy(&context, found, &to)?;
        }
        let mut entries = copier.entries;
        let real = request.dockerfile.canonicalize();
        let real = real.map_err(ImageError::io("read", &request.dockerfile))?;
        let dockerfile = match real.strip_prefix(context.root()) {
            Ok(inside) if context.node(inside)?.is_some() => inside.to_string_lossy().into_owned(),
            // Outside of the context, or left out of it: it goes along under another name, which the engine, told by a
            // .dockerignore, does not let COPY see.
            _ => {
                let text = crate::read_text(&request.dockerfile, crate::LARGEST_DOCKERFILE)?;
                entries.insert(PathBuf::from(OUTSIDE), text_file(text));
                let hidden = format!("{OUTSIDE}\n.dockerignore\n");
                entries.insert(PathBuf::from(".dockerignore"), text_file(hidden));
                OUTSIDE.to_owned()
            }
        };
        Ok(Self { dockerfile, entries, timestamp: request.timestamp })
    }

    /// Writes the archive to a channel.
    pub(super) fn send(self, chunks: &Sender<io::Result<Bytes>>) -> Result<(), ImageError> {
        let mut out = Chunks { chunks, buffer: Vec::with_capacity(CHUNK) };
        layer::write_tar(&mut out, &self.entries, self.timestamp)?;
        out.flush().map_err(ImageError::Write)
    }
}

fn text_file(text: String) -> Node {
    let kind = Kind::File(Content::Bytes(text.into_bytes()));
    Node { kind, mode: 0o644, user: 0, group: 0, attributes: Vec::new() }
}

/// Bytes that are sent at once.
const CHUNK: usize = 1 << 17;

/// Sends what is written in chunks.
struct Chunks<'a> {
    chunks: &'a Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
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
