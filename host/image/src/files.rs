//! Files as a build sees them: what they are, where their content is, and how paths lead to them. The context and the
//! trees of stages look the same from here.

use std::{
    collections::VecDeque,
    ffi::OsString,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

use plimsoll_core::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::{error::ImageError, glob, glob::Glob, survey::Listing};

/// A file, folder or link with everything an image keeps of it but its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Node {
    /// What it is.
    pub(crate) kind: Kind,
    /// Permissions with the set-id and sticky bits: 0 to 0o7777.
    pub(crate) mode: u32,
    /// Numeric owner.
    pub(crate) user: u64,
    /// Numeric group.
    pub(crate) group: u64,
    /// Extended attributes, by name.
    pub(crate) attributes: Vec<(String, Vec<u8>)>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A folder.
    Directory,
    /// A regular file.
    File(Content),
    /// A symbolic link, with its target as written.
    Symlink(PathBuf),
    /// A named pipe.
    Fifo,
    /// A character device, major and minor.
    CharacterDevice(u32, u32),
    /// A block device, major and minor.
    BlockDevice(u32, u32),
}

/// Where the content of a regular file is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Content {
    /// A file of the context.
    Host(PathBuf, Stat),
    /// In memory.
    Bytes(Vec<u8>),
    /// A file in a layer, or in an archive that ADD unpacks.
    Layer {
        /// Digest of its blob.
        layer: Digest,
        /// The entry's path in it. An absolute path, which no entry has, means the blob itself.
        path: PathBuf,
        /// Size, bytes.
        size: u64,
    },
}

/// What tells one state of a file on disk from another. A change of its content always changes the change time, which
/// programs cannot set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Stat {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) links: u64,
    pub(crate) size: u64,
    /// Time of the last change of the content, seconds and nanoseconds.
    pub(crate) modified: (i64, i64),
    /// Time of the last change of anything, seconds and nanoseconds.
    pub(crate) changed: (i64, i64),
}

impl Stat {
    pub(crate) fn of(metadata: &std::fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            links: metadata.nlink(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Content {
    /// Its size in bytes.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Host(_, stat) => stat.size,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Layer { size, .. } => *size,
        }
    }
}

impl Node {
    /// A folder as builders make it: 0755, root's.
    pub(crate) const fn directory() -> Self {
        Self { kind: Kind::Directory, mode: 0o755, user: 0, group: 0, attributes: Vec::new() }
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }
}

/// A place to look for files. Paths are relative to its root, without `.` and `..`; no symbolic link is followed.
pub(crate) trait Files {
    /// What is at a path. The root itself is a folder.
    fn node(&self, path: &Path) -> Result<Option<Node>, ImageError>;
    /// What is in a folder, sorted by name.
    fn list(&self, folder: &Path) -> Result<Listing, ImageError>;
    /// Whoever calls this lists the folder next, and all below it.
    fn prepare(&self, _folder: &Path) {}
    /// Whether this folder is there only if something below it is.
    fn is_only_passage(&self, _folder: &Path) -> bool {
        false
    }
    /// Why a path that leads to nothing might be expected to: something to end a message with, or nothing.
    fn remark(&self, _path: &Path) -> String {
        String::new()
    }
    /// What it is called in messages, such as `the context`.
    fn name(&self) -> String;
}

/// How many symbolic links one path may lead through (as Linux, `path_resolution(7)`, but more generous).
const MOST_LINKS: usize = 255;

/// Where a path leads, `..` and symbolic links resolved, never above the root. What does not exist stays as it is.
pub(crate) fn resolve(files: &dyn Files, path: &Path, follow_last: bool) -> Result<PathBuf, ImageError> {
    let mut open: VecDeque<OsString> = parts(path);
    let mut real = PathBuf::new();
    let mut links = 0;
    while let Some(part) = open.pop_front() {
        if part == ".." {
            real.pop();
            continue;
        }
        let next = real.join(&part);
        let last = open.is_empty();
        match files.node(&next)?.map(|node| node.kind) {
            Some(Kind::Symlink(target)) if follow_last || !last => {
                links += 1;
                if links > MOST_LINKS {
                    return Err(ImageError::TooManyLinks { path: path.to_owned(), place: files.name() });
                }
                if target.is_absolute() {
                    real.clear();
                }
                for part in parts(&target).into_iter().rev() {
                    open.push_front(part);
                }
            }
            _ => real = next,
        }
    }
    Ok(real)
}

/// The parts of a path, `..` among them.
fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(part.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            _ => None,
        })
        .collect()
}

/// A path relative to the root, `..` resolved by name and never above the root.
pub(crate) fn clamp(path: &Path) -> PathBuf {
    let mut clamped = PathBuf::new();
    for part in parts(path) {
        if part == ".." {
            clamped.pop();
        } else {
            clamped.push(part);
        }
    }
    clamped
}

/// The paths that a pattern of COPY matches, sorted. Symbolic links are followed up to the first part that is a
/// pattern.
pub(crate) fn expand_pattern(files: &dyn Files, pattern: &str) -> Result<Vec<PathBuf>, ImageError> {
    let clamped = clamp(Path::new(pattern));
    let parts: Vec<String> =
        clamped.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    let plain = parts.iter().take_while(|part| !glob::is_pattern(part)).count();
    let beginning: PathBuf = parts[..plain].iter().map(|part| unescape(part)).collect();
    let mut found = vec![resolve(files, &beginning, true)?];
    for part in &parts[plain..] {
        let glob = Glob::parse(part)?;
        let mut next = Vec::new();
        for folder in found {
            if !files.node(&folder)?.is_some_and(|node| node.is_directory()) {
                continue;
            }
            let names = files.list(&folder)?.into_iter().map(|(name, _)| name);
            let matching = names.filter(|name| glob.matches(&name.to_string_lossy()));
            next.extend(matching.map(|name| folder.join(name)));
        }
        found = next;
    }
    Ok(found)
}

/// The text without the backslashes that protect characters in patterns.
pub(crate) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    plain
}
