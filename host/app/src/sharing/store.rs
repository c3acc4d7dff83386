//! Fetched policies on disk, by digest. What is read is verified: a file that was changed is not there.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use plimsoll_core::digest::Digest;

/// A folder of files that are named by their digests.
#[derive(Debug, Clone)]
pub(crate) struct Store(PathBuf);

impl Store {
    pub(crate) fn in_cache(cache: &Path) -> Self {
        Self(cache.join("artifacts"))
    }

    /// The content with this digest, if it is there and unchanged.
    pub(crate) fn read(&self, digest: &Digest) -> Option<Vec<u8>> {
        let bytes = fs::read(self.path(digest)).ok()?;
        (Digest::of(&bytes) == *digest).then_some(bytes)
    }

    /// Keeps content: whole, or not at all.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        io::Write::write_all(&mut file, bytes)?;
        file.persist(self.path(&Digest::of(bytes))).map_err(|error| error.error)?;
        Ok(())
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.0.join(digest.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_cache(folder.path());
        let digest = Digest::of(b"policy");
        assert_eq!(store.read(&digest), None);
        store.write(b"policy").unwrap();
        assert_eq!(store.read(&digest).as_deref(), Some(&b"policy"[..]));
        fs::write(store.path(&digest), b"another").unwrap();
        assert_eq!(store.read(&digest), None);
    }
}
