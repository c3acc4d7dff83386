//! The build context: a folder on this machine, less what its `.dockerignore` leaves out.

use std::{
    cell::RefCell,
    collections::HashMap,
    ffi::OsStr,
    fs::{self, Metadata},
    io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    dockerignore::{Ignore, Verdict},
    error::ImageError,
    files::{Content, Files, Kind, Node, Stat},
    survey::{Listing, survey},
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
    verdicts: Mutex<HashMap<PathBuf, Verdict>>,
    /// Folders that are going to be asked for.
    surveyed: RefCell<HashMap<PathBuf, Listing>>,
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
        Ok(Self::new(root, name, ignore, ignore_file))
    }

    fn new(root: PathBuf, name: String, ignore: Ignore, ignore_file: Option<PathBuf>) -> Self {
        let (verdicts, surveyed) = (Mutex::default(), RefCell::default());
        Self { root, name, ignore, ignore_file, verdicts, surveyed }
    }

    /// A folder of which nothing is left out.
    pub(crate) fn whole(root: PathBuf, name: String) -> Self {
        Self::new(root, name, Ignore::default(), None)
    }

    /// The folder, links resolved.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    fn look(&self) -> Look<'_> {
        Look { root: &self.root, ignore: &self.ignore, verdicts: &self.verdicts }
    }
}

/// Looks at what is in a context, from any thread.
#[derive(Clone, Copy)]
struct Look<'a> {
    root: &'a Path,
    ignore: &'a Ignore,
    verdicts: &'a Mutex<HashMap<PathBuf, Verdict>>,
}

impl Look<'_> {
    /// What the rules say about a folder.
    fn verdict(self, path: &Path) -> Verdict {
        let Some(parent) = path.parent() else { return Verdict::default() };
        if let Some(known) = self.known().get(path) {
            return known.clone();
        }
        let verdict = self.ignore.check(&path.to_string_lossy(), &self.verdict(parent));
        self.known().insert(path.to_owned(), verdict.clone());
        verdict
    }

    fn known(&self) -> MutexGuard<'_, HashMap<PathBuf, Verdict>> {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a path in a folder about which this is said is left out, with all that is below it.
    fn is_hidden(self, path: &Path, is_directory: bool, folder: &Verdict) -> bool {
        let text = path.to_string_lossy();
        let is_excluded = self.ignore.check(&text, folder).excluded;
        is_excluded && !(is_directory && self.ignore.may_include_below(&text))
    }

    fn node(self, path: &Path) -> Result<Option<Node>, ImageError> {
        let full = self.root.join(path);
        let metadata = match fs::symlink_metadata(&full) {
            Ok(metadata) => metadata,
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(ImageError::io("read", &full)(error)),
        };
        match path.parent() {
            Some(parent)
                if !self.ignore.is_empty()
                    && self.is_hidden(path, metadata.is_dir(), &self.verdict(parent)) =>
            {
                Ok(None)
            }
            _ => node(full, &metadata),
        }
    }

    fn list(self, folder: &Path) -> Result<Listing, ImageError> {
        let full = self.root.join(folder);
        let entries = fs::read_dir(&full).map_err(ImageError::io("list the folder", &full))?;
        let verdict = (!self.ignore.is_empty()).then(|| self.verdict(folder));
        let mut list = Listing::new();
        for entry in entries {
            let entry = entry.map_err(ImageError::io("list the folder", &full))?;
            let name = entry.file_name();
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // Somebody else was quicker.
                Err(error) if is_absence(&error) => continue,
                Err(error) => return Err(ImageError::io("read", &full.join(name))(error)),
            };
            let hidden = |verdict| self.is_hidden(&folder.join(&name), metadata.is_dir(), verdict);
            if !verdict.as_ref().is_some_and(hidden)
                && let Some(node) = node(below(&full, &name), &metadata)?
            {
                list.push((name, node.into()));
            }
        }
        list.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(list)
    }
}

impl Files for Context {
    fn node(&self, path: &Path) -> Result<Option<Node>, ImageError> {
        self.look().node(path)
    }

    fn list(&self, folder: &Path) -> Result<Listing, ImageError> {
        match self.surveyed.borrow_mut().remove(folder) {
            Some(listing) => Ok(listing),
            None => self.look().list(folder),
        }
    }

    fn prepare(&self, folder: &Path) {
        let look = self.look();
        *self.surveyed.borrow_mut() = survey(folder, |folder| look.list(folder));
    }

    fn is_only_passage(&self, folder: &Path) -> bool {
        !self.ignore.is_empty() && self.look().verdict(folder).excluded
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

/// What is at a path of this machine; nothing for what means nothing in an image.
fn node(path: PathBuf, metadata: &Metadata) -> Result<Option<Node>, ImageError> {
    let kind = metadata.file_type();
    let kind = if kind.is_dir() {
        Kind::Directory
    } else if kind.is_file() {
        Kind::File(Content::Host(path, Stat::of(metadata)))
    } else if kind.is_symlink() {
        Kind::Symlink(fs::read_link(&path).map_err(ImageError::io("read the link", &path))?)
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
    let mode = if matches!(kind, Kind::Symlink(_)) { 0o777 } else { metadata.permissions().mode() & 0o7777 };
    Ok(Some(Node { kind, mode, user: 0, group: 0, attributes: Vec::new() }))
}

/// The path of something in a folder, in one piece of memory.
fn below(folder: &Path, name: &OsStr) -> PathBuf {
    let mut path = PathBuf::with_capacity(folder.as_os_str().len() + 1 + name.len());
    path.push(folder);
    path.push(name);
    path
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
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
