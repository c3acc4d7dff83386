//! Leases: lock files beside the journal, locked through the operating system, which frees them when their holder dies.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use plimsoll_core::ports::{Lease, LeaseScope};

use crate::{error::JournalError, holder::this_host};

/// The folder of the lock files.
#[derive(Debug, Clone)]
pub(crate) struct Locks {
    folder: PathBuf,
}

/// A lease that is held: a locked file. Dropping it removes the file and frees the lock.
#[derive(Debug)]
pub(crate) struct FileLease {
    path: PathBuf,
    /// Locked as long as it is open.
    _file: File,
}

impl Lease for FileLease {}

impl Drop for FileLease {
    fn drop(&mut self) {
        // The lock is still held, so the file is nobody else's. One that stays behind is harmless: it is locked anew.
        drop(fs::remove_file(&self.path));
    }
}

impl Locks {
    /// The lock files of the journal at this path lie in a folder of its name with `.locks` added.
    pub(crate) fn beside(journal: &Path) -> Self {
        let mut folder = journal.as_os_str().to_owned();
        folder.push(".locks");
        Self { folder: folder.into() }
    }

    /// Takes a lease if nobody has it.
    pub(crate) fn try_lease(&self, scope: &LeaseScope) -> Result<Option<FileLease>, JournalError> {
        let path = self.path(scope);
        loop {
            let file = self.open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(source)) => return Err(JournalError::Lock { file: path, source }),
            }
            // Its last holder removed the file between our opening and locking it: another file has the name now.
            if !is_still_at(&file, &path) {
                continue;
            }
            write_holder(&file).map_err(|source| JournalError::Lock { file: path.clone(), source })?;
            return Ok(Some(FileLease { path, _file: file }));
        }
    }

    /// Who wrote into the lock file last. It takes no lock to find out, for that would keep others from taking theirs.
    /// It is for messages only, so a file that cannot be read is no failure.
    pub(crate) fn holder(&self, scope: &LeaseScope) -> Option<String> {
        let holder = fs::read_to_string(self.path(scope)).ok()?;
        Some(holder.trim_end().to_owned()).filter(|holder| !holder.is_empty())
    }

    /// Waits for the right to change the schema. Held until the file is dropped; the file stays, for it is taken once.
    pub(crate) async fn schema(&self) -> Result<File, JournalError> {
        let path = self.folder.join("schema.lock");
        let file = self.open(&path)?;
        let wait = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
        let locked = wait.await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        locked.map_err(|source| JournalError::Lock { file: path, source })
    }

    fn open(&self, path: &Path) -> Result<File, JournalError> {
        fs::create_dir_all(&self.folder)
            .map_err(|source| JournalError::Folder { folder: self.folder.clone(), source })?;
        // What is in the file belongs to its holder until the lock is ours.
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|source| JournalError::Lock { file: path.to_owned(), source })
    }

    fn path(&self, scope: &LeaseScope) -> PathBuf {
        self.folder.join(match scope {
            LeaseScope::Release(release) => format!("release-{release}.lock"),
            LeaseScope::Environment(environment) => format!("environment-{environment}.lock"),
            LeaseScope::Tags => "tags.lock".to_owned(),
        })
    }
}

/// Whether the open file is the one that has this name.
fn is_still_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => identity(open) == identity(named),
        _ => false,
    }
}

/// Writes into a locked file who holds it.
fn write_holder(mut file: &File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", this_host())
}
