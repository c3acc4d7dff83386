//! The build context as an engine wants it: a tar archive, written while it is made.

use std::{io::Write, path::Path};

use plimsoll_core::ports::BuildRequest;

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

/// A build context that is ready to be sent to an engine: what the embedded builder sees of it, and nothing else.
#[derive(Debug)]
pub struct ContextArchive {
    dockerfile: String,
    entries: Entries,
    timestamp: i64,
}

impl ContextArchive {
    /// Finds everything that belongs to the context of a build. Contents are read when they are written.
    ///
    /// # Errors
    /// The context or its `.dockerignore` cannot be read.
    pub fn new(request: &BuildRequest) -> Result<Self, ImageError> {
        let context = Context::open(&request.context, &request.dockerfile)?;
        let mut tree = Tree::default();
        let to = Destination::new("/", Path::new("/"), &tree)?;
        let exclude = Ignore::default();
        tree.begin_layer();
        let mut copier = Copier { tree: &mut tree, owner: None, mode: None, exclude: &exclude };
        for found in find(&context, ".")? {
            copier.copy(&context, found, &to)?;
        }
        let real = request.dockerfile.canonicalize();
        let real = real.map_err(ImageError::io("read", &request.dockerfile))?;
        let dockerfile = match real.strip_prefix(context.root()) {
            Ok(inside) if context.node(inside)?.is_some() => inside.to_string_lossy().into_owned(),
            // Outside of the context, or left out of it: it goes along under another name, which the engine, told by a
            // .dockerignore, does not let COPY see.
            _ => {
                let text = crate::read_text(&request.dockerfile, crate::LARGEST_DOCKERFILE)?;
                tree.insert(Path::new(OUTSIDE), text_file(text));
                let hidden = format!("{OUTSIDE}\n.dockerignore\n");
                tree.insert(Path::new(".dockerignore"), text_file(hidden));
                OUTSIDE.to_owned()
            }
        };
        Ok(Self { dockerfile, entries: tree.layer(), timestamp: request.timestamp })
    }

    /// The Dockerfile's path in the archive.
    #[must_use]
    pub fn dockerfile(&self) -> &str {
        &self.dockerfile
    }

    /// Writes the archive.
    ///
    /// # Errors
    /// A file cannot be read or has changed, or the archive cannot be written.
    pub fn write(self, mut out: impl Write) -> Result<(), ImageError> {
        layer::write_tar(&mut out, &self.entries, self.timestamp)?;
        out.flush().map_err(ImageError::Write)
    }
}

fn text_file(text: String) -> Node {
    let kind = Kind::File(Content::Bytes(text.into_bytes()));
    Node { kind, mode: 0o644, user: 0, group: 0, attributes: Vec::new() }
}
