//! What earlier builds found out, so that it need not be found out again.
//!
//! A layer is known by its key: a hash over everything that its bytes depend on. Files of the context enter it not with
//! their content but with what the file system says about them, the change time among it; since a file that was changed
//! within the resolution of that clock would look unchanged, layers with files so young are not remembered. A cache only
//! ever says which blob to look for: the blob must be in the layout, with its size.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use plimsoll_core::digest::Digest;
use plimsoll_layout::Layout;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use crate::{
    base_layer,
    error::ImageError,
    files::{Content, Kind, Node},
    layer::{self, Entries, LayerBlob},
    tree::Tree,
};

/// Part of every key: changes whenever the same input would give other bytes.
const FORMAT: &str = "plimsoll-layer-1";
/// How old a file must be for its times to tell its states apart: the coarsest clock in use, FAT's, counts two seconds.
const SETTLED: Duration = Duration::from_secs(2);

/// A folder with results of earlier builds, or none.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    folder: Option<PathBuf>,
}

impl Cache {
    pub(crate) const fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The layer of these entries: from an earlier build if its blob is in the layout, else written now. Says whether it
    /// was there.
    pub(crate) fn layer(
        &self,
        layout: &Layout,
        entries: &Entries,
        timestamp: i64,
    ) -> Result<(LayerBlob, bool), ImageError> {
        let key = key(entries, timestamp);
        let path = self.path("layers", &key);
        if let Some(known) = path.as_deref().and_then(read::<LayerBlob>)
            && layout.has_blob(&known.digest)? == Some(known.size)
        {
            return Ok((known, true));
        }
        let settled = is_settled(entries, SystemTime::now());
        let written = layer::write(layout, entries, timestamp)?;
        if let Some(path) = path.filter(|_| settled) {
            store(&path, &written);
        }
        Ok((written, false))
    }

    /// The file system that the layers of a base image describe.
    pub(crate) fn tree(&self, layout: &Layout, layers: &[Digest]) -> Result<Tree, ImageError> {
        let mut tree = Tree::default();
        for layer in layers {
            let path = self.path("contents", layer);
            let entries: Vec<(PathBuf, Node)> = match path.as_deref().and_then(read) {
                Some(entries) => entries,
                None => {
                    let entries = base_layer::entries(layout, *layer)?;
                    if let Some(path) = path {
                        store(&path, &entries);
                    }
                    entries
                }
            };
            tree.apply(entries);
        }
        Ok(tree)
    }

    fn path(&self, kind: &str, key: &Digest) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(FORMAT).join(kind).join(key.hex()))
    }
}

/// Whether every file of the context is old enough for its times to tell.
fn is_settled(entries: &Entries, now: SystemTime) -> bool {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let limit = i64::try_from(now.saturating_sub(SETTLED).as_secs()).unwrap_or(i64::MAX);
    entries.values().all(|node| match &node.kind {
        Kind::File(Content::Host(_, stat)) => stat.changed.0 < limit && stat.modified.0 < limit,
        _ => true,
    })
}

/// What an earlier build left; whatever cannot be read counts as nothing.
fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).ok(),
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                tracing::debug!(path = %path.display(), %error, "cannot read the cache");
            }
            None
        }
    }
}

/// Leaves something for later builds. A cache that cannot be written costs time and nothing else.
fn store(path: &Path, value: &impl Serialize) {
    let write = || -> Result<(), Box<dyn std::error::Error>> {
        let folder = path.parent().ok_or("the cache has no folder")?;
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(value)?)?;
        file.persist(path)?;
        Ok(())
    };
    if let Err(error) = write() {
        tracing::debug!(path = %path.display(), %error, "cannot write the cache");
    }
}

/// The key of a layer.
fn key(entries: &Entries, timestamp: i64) -> Digest {
    let mut key = Key(Sha256::new());
    key.text(FORMAT.as_bytes());
    key.number(timestamp.unsigned_abs());
    key.number(u64::from(timestamp < 0));
    for (path, node) in entries {
        key.text(path.as_os_str().as_bytes());
        key.node(node);
    }
    Digest::from_bytes(key.0.finalize().into())
}

/// Hashes values so that no two sequences of them look the same.
struct Key(Sha256);

impl Key {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn numbers(&mut self, numbers: &[u64]) {
        numbers.iter().for_each(|number| self.number(*number));
    }

    fn text(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn node(&mut self, node: &Node) {
        self.numbers(&[u64::from(node.mode), node.user, node.group, node.attributes.len() as u64]);
        for (name, value) in &node.attributes {
            self.text(name.as_bytes());
            self.text(value);
        }
        match &node.kind {
            Kind::Directory => self.number(0),
            Kind::Symlink(target) => {
                self.number(1);
                self.text(target.as_os_str().as_bytes());
            }
            Kind::Fifo => self.number(2),
            Kind::CharacterDevice(major, minor) => {
                self.numbers(&[3, u64::from(*major), u64::from(*minor)]);
            }
            Kind::BlockDevice(major, minor) => {
                self.numbers(&[4, u64::from(*major), u64::from(*minor)]);
            }
            Kind::File(content) => self.content(content),
        }
    }

    fn content(&mut self, content: &Content) {
        match content {
            Content::Bytes(bytes) => {
                self.number(5);
                self.text(bytes);
            }
            Content::Layer { layer, path, .. } => {
                self.number(6);
                self.text(layer.as_bytes());
                self.text(path.as_os_str().as_bytes());
            }
            Content::Host(_, stat) => {
                let (modified, changed) = (stat.modified, stat.changed);
                let times = [modified.0, modified.1, changed.0, changed.1].map(i64::cast_unsigned);
                self.numbers(&[7, stat.device, stat.inode, stat.links, stat.size]);
                self.numbers(&times);
            }
        }
    }
}
