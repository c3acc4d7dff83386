//! Writing the files of a commit into a folder, as a checkout beside the working tree.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::{ffi::OsStrExt as _, fs::OpenOptionsExt as _, fs::symlink},
    path::{Path, PathBuf},
    time::SystemTime,
};

use gix::{
    bstr::{BStr, ByteSlice as _},
    object::tree::EntryKind,
};

use super::Checkout;
use crate::{error::SourceError, event::parse_commit_id};

/// Writes all files of a commit into a folder that does not exist yet. Filters, as for line ends or large files, are not
/// applied, and submodules are left out. Whoever dies in between leaves no folder of that name.
///
/// # Errors
/// There is no repository, the commit is not in it, or the folder cannot be written.
pub fn export(directory: &Path, commit: &str, folder: &Path) -> Result<(), SourceError> {
    let repository = Checkout::open(directory)?;
    let id = parse_commit_id(commit)?;
    let unknown = |error| SourceError::UnknownCommit {
        commit: id.clone(),
        repository: repository.root.clone(),
        source: Box::new(error),
    };
    let object = gix::ObjectId::from_hex(id.as_bytes())
        .map_err(|_| SourceError::InvalidCommit { text: id.clone() })?;
    let tree = repository.git.find_commit(object).map_err(unknown)?.tree().map_err(unknown)?;

    let unfinished = unfinished(folder);
    fs::create_dir_all(folder.parent().unwrap_or(folder)).map_err(failed(folder))?;
    fs::create_dir(&unfinished).map_err(failed(&unfinished))?;
    let written = write_tree(&repository, &tree, &unfinished);
    let written = written.and_then(|()| match fs::rename(&unfinished, folder) {
        // Somebody else was faster with the same files.
        Err(_) if folder.is_dir() => Ok(false),
        renamed => renamed.map(|()| true).map_err(failed(folder)),
    });
    if !matches!(written, Ok(true)) {
        // What cannot be removed is in nobody's way.
        let _ = fs::remove_dir_all(&unfinished);
    }
    written.map(|_| ())
}

fn write_tree(repository: &Checkout, tree: &gix::Tree<'_>, folder: &Path) -> Result<(), SourceError> {
    let unreadable = |error| repository.unreadable("a tree", error);
    for entry in tree.iter() {
        let entry = entry.map_err(unreadable)?;
        let path = folder.join(name(repository, entry.filename())?);
        let object = || entry.object().map_err(unreadable);
        match entry.mode().kind() {
            EntryKind::Tree => {
                fs::create_dir(&path).map_err(failed(&path))?;
                write_tree(repository, &object()?.into_tree(), &path)?;
            }
            EntryKind::Blob => write_file(&path, &object()?.data, 0o644)?,
            EntryKind::BlobExecutable => write_file(&path, &object()?.data, 0o755)?,
            EntryKind::Link => {
                symlink(std::ffi::OsStr::from_bytes(&object()?.data), &path).map_err(failed(&path))?;
            }
            EntryKind::Commit => {}
        }
    }
    Ok(())
}

/// The name of a file in its folder. Git refuses others too, and a repository that holds one anyway is up to no good.
fn name<'a>(repository: &Checkout, name: &'a BStr) -> Result<&'a Path, SourceError> {
    let harmless = !matches!(name.as_bytes(), b"" | b"." | b".." | b".git") && !name.contains(&b'/');
    if harmless {
        return Ok(Path::new(std::ffi::OsStr::from_bytes(name)));
    }
    Err(SourceError::UnusableName { name: name.to_string(), repository: repository.root.clone() })
}

/// Nothing is ever written over: in a tree every name stands once.
fn write_file(path: &Path, content: &[u8], mode: u32) -> Result<(), SourceError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(content)).map_err(failed(path))
}

/// A name that no other process has, nor one of another machine that sees the same folder.
fn unfinished(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    name.push(format!(".unfinished-{}-{}", std::process::id(), now.as_nanos()));
    folder.with_file_name(name)
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> SourceError + use<> {
    let file = path.to_owned();
    move |source| SourceError::NotWritten { file, source }
}
