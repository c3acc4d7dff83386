//! The build context: a folder on this machine, less what its `.dockerignore` leaves out.

use std::{
    cell::RefCell,
    collections::HashMap,
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::{
    dockerignore::{Ignore, Verdict},
    error::ImageError,
    files::{Content, Files, Kind, Node, Stat},
};

/// The largest `.dockerignore` that is read, bytes.
const LARGEST_IGNORE: u64 = 1 << 20;

/// An open context.
#[derive(Debug)]
pub(crate) struct Context {
    root: PathBuf,
    /// What it is called in messages.
    name: String,
    ignore: Ignore,
    /// The file that the rules come from.
    ignore_file: Option<PathBuf>,
    /// What the rules say about folders that were looked at.
    verdicts: RefCell<HashMap<PathBuf, Verdict>>,
}

impl Context {
    /// Opens the context of a Dockerfile.
    pub(crate) fn open(root: &Path, dockerfile: &Path) -> Result<Self, ImageError> {
        let root = root.canonicalize().map_err(ImageError::io("open the build context", root))?;
        if !root.is_dir() {
            return Err(ImageError::ContextIsNoFolder(root));
        }
        let (ignore, ignore_file) = read_ignore(&root, dockerfile)?;
        let name = format!("the context {}", root.display());
        Ok(Self { root, name, ignore, ignore_file, verdicts: RefCell::default() })
    }

    /// A folder of which nothing is left out.
    pub(crate) fn whole(root: PathBuf, name: String) -> Self {
        Self { root, name, ignore: Ignore::default(), ignore_file: None, verdicts: RefCell::default() }
    }

    /// The folder, links resolved.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    fn verdict(&self, path: &Path) -> Verdict {
        let Some(parent) = path.parent() else { return Verdict::default() };
        if let Some(known) = self.verdicts.borrow().get(path) {
            return known.clone();
        }
        let verdict = self.ignore.check(&path.to_string_lossy(), &self.verdict(parent));
        self.verdicts.borrow_mut().insert(path.to_owned(), verdict.clone());
        verdict
    }

    /// Whether a path is left out; `is_directory` says whether something below it might not be.
    fn is_hidden(&self, path: &Path, is_directory: bool) -> bool {
        if self.ignore.is_empty() || path.as_os_str().is_empty() {
            return false;
        }
        // Only verdicts about folders are asked for again.
        let verdict = match path.parent() {
            Some(parent) if !is_directory => {
                self.ignore.check(&path.to_string_lossy(), &self.verdict(parent))
            }
            _ => self.verdict(path),
        };
        verdict.excluded && !(is_directory && self.ignore.may_include_below(&path.to_string_lossy()))
    }
}

impl Files for Context {
    fn node(&self, path: &Path) -> Result<Option<Node>, ImageError> {
        let full = self.root.join(path);
        let metadata = match fs::symlink_metadata(&full) {
            Ok(metadata) => metadata,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(ImageError::io("read", &full)(error)),
        };
        if self.is_hidden(path, metadata.is_dir()) {
            return Ok(None);
        }
        let kind = metadata.file_type();
        let kind = if kind.is_dir() {
            Kind::Directory
        } else if kind.is_file() {
            Kind::File(Content::Host(full, Stat::of(&metadata)))
        } else if kind.is_symlink() {
            Kind::Symlink(fs::read_link(&full).map_err(ImageError::io("read the link", &full))?)
        } else if kind.is_fifo() {
            Kind::Fifo
        } else if kind.is_socket() {
            // A socket means nothing without the process that listens on it.
            return Ok(None);
        } else {
            let (major, minor) = device_numbers(metadata.rdev());
            if kind.is_block_device() {
                Kind::BlockDevice(major, minor)
            } else {
                Kind::CharacterDevice(major, minor)
            }
        };
        let mode =
            if matches!(kind, Kind::Symlink(_)) { 0o777 } else { metadata.permissions().mode() & 0o7777 };
        Ok(Some(Node { kind, mode, user: 0, group: 0, attributes: Vec::new() }))
    }

    fn names(&self, folder: &Path) -> Result<Vec<OsString>, ImageError> {
        let full = self.root.join(folder);
        let entries = fs::read_dir(&full).map_err(ImageError::io("list the folder", &full))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(ImageError::io("list the folder", &full))?;
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !self.is_hidden(&folder.join(entry.file_name()), is_directory) {
                names.push(entry.file_name());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn is_only_passage(&self, folder: &Path) -> bool {
        !self.ignore.is_empty() && self.verdict(folder).excluded
    }

    fn remark(&self, path: &Path) -> String {
        match &self.ignore_file {
            Some(file) if fs::symlink_metadata(self.root.join(path)).is_ok() => {
                format!(": {} leaves it out", file.display())
            }
            _ => String::new(),
        }
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// Splits a device number as Linux has it (`makedev(3)`).
const fn device_numbers(number: u64) -> (u32, u32) {
    let major = ((number >> 32) & 0xffff_f000) | ((number >> 8) & 0xfff);
    let minor = ((number >> 12) & 0xffff_ff00) | (number & 0xff);
    (major as u32, minor as u32)
}

/// Reads `<Dockerfile>.dockerignore`, else `.dockerignore` at the root of the context. Answers the file, too.
fn read_ignore(root: &Path, dockerfile: &Path) -> Result<(Ignore, Option<PathBuf>), ImageError> {
    let mut own = dockerfile.file_name().unwrap_or(OsStr::new("Dockerfile")).to_owned();
    own.push(".dockerignore");
    for path in [dockerfile.with_file_name(own), root.join(".dockerignore")] {
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => {}
            _ => continue,
        }
        let text = crate::read_text(&path, LARGEST_IGNORE)?;
        return match Ignore::parse(&text) {
            Ok(ignore) => Ok((ignore, Some(path))),
            Err(source) => Err(ImageError::Ignore { path, source }),
        };
    }
    Ok((Ignore::default(), None))
}
