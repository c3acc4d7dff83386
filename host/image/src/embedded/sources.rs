//! What the sources of COPY and ADD mean.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use plimsoll_core::digest::Digest;

use super::{build::Build, failure::Failure, stage::StageState};
use crate::{
    archive,
    base_layer::Origin,
    context::Context,
    copy::{self, Found},
    dockerfile::{Copy, HereDocument, Problem, Remote, Source, Template, Word},
    dockerignore::Ignore,
    error::ImageError,
    files::{Content, Files, Kind, Node},
    layer::Hashing,
};

/// Something to copy.
pub(super) enum Load {
    /// A file, or a folder's contents.
    Found(Found),
    /// `--parents`: what the rules leave of a folder, with the folders that it is in.
    WithParents {
        /// The folder.
        folder: PathBuf,
        /// What of it.
        rules: Ignore,
        /// The source as written.
        source: String,
    },
    /// What is in an archive.
    Archive(Vec<(PathBuf, Node)>),
    /// A folder of a git repository, and the repository's files.
    Repository(Found, Box<Context>),
}

/// Finds what is to be copied.
pub(super) struct Gathering<'a> {
    pub(super) build: &'a Build,
    pub(super) copy: &'a Copy,
    pub(super) state: &'a StageState,
    /// Where paths lead.
    pub(super) files: &'a dyn Files,
    /// The values of `--exclude`.
    pub(super) exclude: &'a [String],
    /// The value of `--checksum`.
    pub(super) checksum: Option<String>,
}

impl Gathering<'_> {
    /// Everything that the sources mean, in their order.
    pub(super) fn all(&self) -> Result<Vec<Load>, Failure> {
        let mut loads = Vec::new();
        for source in &self.copy.sources {
            match source {
                Source::Path(word) => loads.extend(self.written(word)?),
                Source::Inline(document, template) => loads.push(self.inline(document, template)?),
            }
        }
        Ok(loads)
    }

    fn written(&self, word: &Word) -> Result<Vec<Load>, Failure> {
        let text = self.state.expand(word)?;
        let placed = |error: ImageError| match error {
            ImageError::Copy(message) => Failure::Problem(Problem::new(word.at, message)),
            error => Failure::Error(error),
        };
        if let Some(remote) = Remote::parse(&text).filter(|_| self.copy.is_add) {
            return Ok(vec![self.remote(&remote, word)?]);
        }
        if let Some(checksum) = &self.copy.checksum {
            let message = format!("`--checksum` is about what is fetched, and `{text}` is not");
            return Err(Problem::new(checksum.at, message).into());
        }
        if self.copy.parents {
            return self.with_parents(&text).map_err(placed);
        }
        let found = copy::find(self.files, &text).map_err(placed)?;
        let unpack = self.copy.is_add && self.copy.unpack.unwrap_or(true);
        found.into_iter().map(|found| self.perhaps_unpacked(found, &text, unpack).map_err(placed)).collect()
    }

    /// A text that stands in the Dockerfile.
    fn inline(&self, document: &HereDocument, template: &Template) -> Result<Load, Failure> {
        let content = if document.expand {
            let value = template.expand(&|name| self.state.variable(name));
            value.map_err(|message| Failure::Error(ImageError::Copy(message)))?
        } else {
            document.content.clone()
        };
        let kind = Kind::File(Content::Bytes(content.into_bytes()));
        let node = Node { kind, mode: 0o644, user: 0, group: 0, attributes: Vec::new() };
        Ok(Load::Found(Found { name: document.name.clone().into(), path: PathBuf::new(), node }))
    }

    /// `--parents`: the folders before `/./` are left out, the others kept.
    fn with_parents(&self, text: &str) -> Result<Vec<Load>, ImageError> {
        let (before, pattern) = text.split_once("/./").unwrap_or(("/", text));
        let found = copy::find(self.files, before)?;
        let exclude = || self.exclude.iter().map(String::as_str);
        let folders = found.into_iter().filter(|found| found.node.is_directory());
        folders
            .map(|found| {
                let rules = Ignore::only(pattern, exclude())?;
                Ok(Load::WithParents { folder: found.path, rules, source: text.to_owned() })
            })
            .collect()
    }

    /// What was found, or what is in it when it is an archive and is to be unpacked.
    pub(super) fn perhaps_unpacked(
        &self,
        found: Found,
        text: &str,
        unpack: bool,
    ) -> Result<Load, ImageError> {
        let Kind::File(content) = &found.node.kind else { return Ok(Load::Found(found)) };
        let path = match content {
            Content::Host(path, _) => path.clone(),
            Content::Layer { layer, .. } => self.build.layout.blob_path(layer),
            Content::Bytes(_) => return Ok(Load::Found(found)),
        };
        let open = || File::open(&path).map_err(ImageError::io("read", &path));
        if !unpack || !archive::is_archive(open()?).map_err(ImageError::io("read", &path))? {
            return Ok(Load::Found(found));
        }
        let digest = self.import(&path)?;
        let entries = self.build.cache.contents(&self.build.layout, digest, Origin::Archive);
        let entries = entries.map_err(|error| match error {
            ImageError::Layer { source, .. } => {
                ImageError::Copy(format!("the archive `{text}` cannot be unpacked: {source}"))
            }
            error => error,
        })?;
        Ok(Load::Archive(entries))
    }

    /// Puts a file into the layout, so that its contents are known by its digest.
    fn import(&self, path: &Path) -> Result<Digest, ImageError> {
        let layout = &self.build.layout;
        let copy = |into: &mut dyn Write| {
            let mut file = File::open(path)?;
            io::copy(&mut file, into)
        };
        let mut nowhere = io::sink();
        let mut hashing = Hashing::new(&mut nowhere);
        copy(&mut hashing).map_err(ImageError::io("read", path))?;
        let digest = hashing.digest();
        if layout.check_blob(&digest)? {
            return Ok(digest);
        }
        let mut blob = layout.blob_writer()?;
        copy(&mut blob).map_err(ImageError::io("read", path))?;
        Ok(blob.finish()?.0)
    }
}
