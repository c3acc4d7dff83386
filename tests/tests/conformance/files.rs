//! Files as cases describe them: what git can hold and what it cannot.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, Permissions},
    io::Write as _,
    os::unix::{
        ffi::OsStringExt as _,
        fs::{PermissionsExt as _, symlink},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::fs::{CWD, FileType, Mode, XattrFlags};
use serde::Deserialize;
use tar::{EntryType, Header};

/// A file of a context, of a layer or of an archive.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Written")]
pub(crate) struct File {
    pub(crate) path: OsString,
    kind: Kind,
    /// Permissions; the usual ones when absent.
    mode: Option<u32>,
    /// User and group; layers and archives only.
    owner: (u64, u64),
    /// Extended attributes.
    attributes: BTreeMap<String, String>,
    /// Time of the last change, Unix seconds.
    time: u64,
}

#[derive(Debug, Clone)]
enum Kind {
    File(Vec<u8>),
    Archive(Archive),
    Folder,
    Link(String),
    HardLink(String),
    Fifo,
    Socket,
}

/// A tar archive that is made for a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Archive {
    /// `tar`, `gzip`, `bzip2`, `xz` or `zstd`.
    format: String,
    files: Vec<File>,
}

/// A file as it stands in a table: its path alone, or with what is special about it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Path(String),
    Table(Box<Table>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    path: String,
    text: Option<String>,
    archive: Option<Archive>,
    #[serde(default)]
    folder: bool,
    link: Option<String>,
    hard: Option<String>,
    #[serde(default)]
    fifo: bool,
    #[serde(default)]
    socket: bool,
    mode: Option<u32>,
    #[serde(default)]
    owner: (u64, u64),
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default = "first_second")]
    time: u64,
}

fn first_second() -> u64 {
    1
}

impl From<Written> for File {
    fn from(written: Written) -> Self {
        let table = match written {
            Written::Path(path) => {
                let content = Kind::File(path.clone().into_bytes());
                let folder = path.strip_suffix('/').map(|path| (path.to_owned(), Kind::Folder));
                let (path, kind) = folder.unwrap_or((path, content));
                let path = unescape(&path);
                return Self { path, kind, mode: None, owner: (0, 0), attributes: BTreeMap::new(), time: 1 };
            }
            Written::Table(table) => *table,
        };
        let kind = if table.folder {
            Kind::Folder
        } else if table.fifo {
            Kind::Fifo
        } else if table.socket {
            Kind::Socket
        } else if let Some(target) = table.link {
            Kind::Link(target)
        } else if let Some(first) = table.hard {
            Kind::HardLink(first)
        } else if let Some(archive) = table.archive {
            Kind::Archive(archive)
        } else {
            Kind::File(table.text.unwrap_or_else(|| table.path.clone()).into_bytes())
        };
        Self {
            path: unescape(&table.path),
            kind,
            mode: table.mode,
            owner: table.owner,
            attributes: table.attributes,
            time: table.time,
        }
    }
}

/// `%FF` stands for a byte that no text can hold.
fn unescape(path: &str) -> OsString {
    let mut bytes = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(&after[..2], 16).expect("two hexadecimal digits follow `%`"));
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    OsString::from_vec(bytes)
}

/// Makes files in a folder, in their order, but the modes of folders last.
pub(crate) fn make(files: &[File], root: &Path) {
    for file in files {
        let path = root.join(&file.path);
        fs::create_dir_all(path.parent().unwrap_or(root)).unwrap();
        match &file.kind {
            Kind::File(content) => fs::write(&path, content).unwrap(),
            Kind::Archive(archive) => fs::write(&path, archive.bytes()).unwrap(),
            Kind::Folder => fs::create_dir_all(&path).unwrap(),
            Kind::Link(target) => symlink(target, &path).unwrap(),
            Kind::HardLink(first) => fs::hard_link(root.join(first), &path).unwrap(),
            Kind::Fifo => node(&path, FileType::Fifo),
            Kind::Socket => node(&path, FileType::Socket),
        }
        for (name, value) in &file.attributes {
            rustix::fs::setxattr(&path, name, value.as_bytes(), XattrFlags::empty()).unwrap();
        }
        if !matches!(file.kind, Kind::Folder | Kind::Link(_) | Kind::HardLink(_)) {
            fs::set_permissions(&path, Permissions::from_mode(file.mode.unwrap_or(0o644))).unwrap();
        }
    }
    settle(root, &files.iter().filter_map(|file| Some((root.join(&file.path), file.mode?))).collect());
}

fn node(path: &Path, kind: FileType) {
    rustix::fs::mknodat(CWD, path, kind, Mode::from_raw_mode(0o644), 0).unwrap();
}

/// Gives folders their modes, whatever the mask of this process: those that are named, and 0755 to the others.
fn settle(folder: &Path, modes: &BTreeMap<PathBuf, u32>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            settle(&entry.path(), modes);
        }
    }
    let mode = modes.get(folder).copied().unwrap_or(0o755);
    fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
}

impl Archive {
    fn bytes(&self) -> Vec<u8> {
        compress(&self.format, tar(&self.files))
    }
}

/// A tar archive of files, in their order.
pub(crate) fn tar(files: &[File]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for file in files {
        let extensions: Vec<(String, &[u8])> = file
            .attributes
            .iter()
            .map(|(name, value)| (format!("SCHILY.xattr.{name}"), value.as_bytes()))
            .collect();
        builder
            .append_pax_extensions(extensions.iter().map(|(name, value)| (name.as_str(), *value)))
            .unwrap();
        let (kind, content, target) = match &file.kind {
            Kind::File(content) => (EntryType::Regular, content.clone(), ""),
            Kind::Archive(archive) => (EntryType::Regular, archive.bytes(), ""),
            Kind::Folder => (EntryType::Directory, Vec::new(), ""),
            Kind::Link(target) => (EntryType::Symlink, Vec::new(), target.as_str()),
            Kind::HardLink(first) => (EntryType::Link, Vec::new(), first.as_str()),
            Kind::Fifo => (EntryType::Fifo, Vec::new(), ""),
            Kind::Socket => panic!("no archive holds a socket"),
        };
        let usual = if kind == EntryType::Directory { 0o755 } else { 0o644 };
        let mut header = Header::new_gnu();
        let fields = header.as_gnu_mut().unwrap();
        let mut name = file.path.clone().into_vec();
        if kind == EntryType::Directory {
            name.push(b'/');
        }
        // Past the crate, which keeps names from leading out of their folder.
        fields.name[..name.len()].copy_from_slice(&name);
        fields.linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(file.mode.unwrap_or(usual));
        header.set_uid(file.owner.0);
        header.set_gid(file.owner.1);
        header.set_mtime(file.time);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Compresses an archive or a layer; `tar` leaves it as it is.
pub(crate) fn compress(format: &str, bytes: Vec<u8>) -> Vec<u8> {
    match format {
        "tar" => bytes,
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&bytes).unwrap();
            encoder.finish().unwrap()
        }
        "zstd" => zstd::encode_all(bytes.as_slice(), 1).unwrap(),
        "bzip2" | "xz" => through(format, &bytes),
        other => panic!("`{other}` is no format of archives"),
    }
}

/// Small enough not to fill a pipe before it is read.
fn through(program: &str, bytes: &[u8]) -> Vec<u8> {
    let started = Command::new(program).arg("--stdout").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = started.unwrap_or_else(|error| panic!("{program} could not be run: {error}"));
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} failed");
    output.stdout
}
