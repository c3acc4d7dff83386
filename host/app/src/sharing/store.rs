//! Fetched policies on disk, by digest. What is read is verified: a file that was changed is not there. Signatures lie
//! beside the artifact, and keep themselves honest.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use plimsoll_core::digest::Digest;

use super::signatures::Signatures;

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
        self.put(&self.path(&Digest::of(bytes)), bytes)
    }

    /// The signatures that were kept for the artifact with this digest. They are not verified: whoever asks does it.
    pub(crate) fn signatures(&self, digest: &Digest) -> Signatures {
        let kept = fs::read(self.signatures_path(digest)).ok();
        let found = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Signatures { found, ..Signatures::default() }
    }

    /// Keeps the signatures of the artifact with this digest, in place of those that were kept.
    pub(crate) fn keep_signatures(&self, digest: &Digest, signatures: &Signatures) -> io::Result<()> {
        let bytes = serde_json::to_vec(&signatures.found)?;
        self.put(&self.signatures_path(digest), &bytes)
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        io::Write::write_all(&mut file, bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    fn signatures_path(&self, digest: &Digest) -> PathBuf {
        self.0.join(format!("{}.signatures.json", digest.hex()))
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
