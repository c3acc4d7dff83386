//! Writing a blob whose digest is only known at the end.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use plimsoll_core::digest::Digest;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::error::LayoutError;

/// How the names of temporary files begin.
const INCOMING: &str = ".incoming-";
/// When a temporary file that nobody wrote to belongs to nobody.
const LEFT_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// How the names of the folders begin that builds work in, or once did: nobody makes `.scratch-` any more.
const OF_BUILDS: [&str; 4] = [".elsewhere-", ".engine-", ".scratch-", ".unpacked-"];
/// When such a folder belongs to nobody: a build may take a day, and its folder is as old as its first step.
const BUILT_AFTER: Duration = Duration::from_secs(48 * 60 * 60);

/// A blob that is being written. It is hashed on its way into a temporary file in the layout, and gets its name, the
/// digest, when it is finished; dropped before that, it leaves nothing behind.
#[derive(Debug)]
pub struct BlobWriter {
    file: NamedTempFile,
    hash: Sha256,
    size: u64,
    folder: PathBuf,
}

impl BlobWriter {
    pub(crate) fn new(root: &Path, folder: PathBuf) -> Result<Self, LayoutError> {
        let file = temporary_file(root)?;
        Ok(Self { file, hash: Sha256::new(), size: 0, folder })
    }

    /// Puts the blob in its place. A blob that is there already is left as it is, unless it is damaged. Its bytes are
    /// durable, its name is with the next change of the index: before that, nothing refers to it.
    ///
    /// # Errors
    /// The disk refused.
    pub fn finish(self) -> Result<(Digest, u64), LayoutError> {
        let digest = Digest::from_bytes(self.hash.finalize().into());
        let path = self.folder.join(digest.hex());
        if !has_digest(&path, &digest).unwrap_or(false) {
            put(self.file, &path)?;
        }
        Ok((digest, self.size))
    }

    /// Like [`finish`](Self::finish), for content that claims to be `expected`. Answers its size.
    ///
    /// # Errors
    /// The content has another digest, and was removed; or the disk refused.
    pub fn finish_verified(self, expected: &Digest) -> Result<u64, LayoutError> {
        let found = Digest::from_bytes(self.hash.clone().finalize().into());
        if found != *expected {
            return Err(LayoutError::WrongDigest { expected: *expected, found });
        }
        self.finish().map(|(_, size)| size)
    }

    /// Bytes written so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Whether the content of a file has this digest.
pub(crate) fn has_digest(path: &Path, digest: &Digest) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest::from_bytes(hash.finalize().into()) == *digest),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// Writes a small file as a whole: readers see the old one or the new one, also after a power cut.
pub(crate) fn replace_file(root: &Path, path: &Path, bytes: &[u8]) -> Result<(), LayoutError> {
    let mut file = temporary_file(root)?;
    file.write_all(bytes).map_err(LayoutError::io("write", path))?;
    put(file, path)?;
    sync_folder(path.parent().unwrap_or(path))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), LayoutError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(LayoutError::io("write into", folder))
}

/// Whether this is the name of a file that is being written, or was when its writer was killed.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(INCOMING)
}

/// Removes what writers and builds left that were killed. What anybody still writes or builds in is younger than this.
pub(crate) fn remove_leftovers(root: &Path) -> Result<(), LayoutError> {
    let entries = fs::read_dir(root).map_err(LayoutError::io("read", root))?;
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Another process may have been quicker.
        if is_temporary(&name) && is_older(&entry, LEFT_AFTER) {
            let _ = fs::remove_file(entry.path());
        } else if OF_BUILDS.iter().any(|prefix| name.starts_with(prefix)) && is_older(&entry, BUILT_AFTER) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

fn is_older(entry: &fs::DirEntry, limit: Duration) -> bool {
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > limit))
}

/// On the same file system as its final place, so that it can be renamed there; readable as the umask allows, where a
/// temporary file would be private.
fn temporary_file(root: &Path) -> Result<NamedTempFile, LayoutError> {
    tempfile::Builder::new()
        .prefix(INCOMING)
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(root)
        .map_err(LayoutError::io("write into", root))
}

/// Gives a file its name once its bytes are durable, so that no power cut leaves an empty one under it.
fn put(file: NamedTempFile, path: &Path) -> Result<(), LayoutError> {
    file.as_file().sync_all().map_err(LayoutError::io("write", path))?;
    file.persist(path).map_err(|error| LayoutError::io("write", path)(error.error))?;
    Ok(())
}
