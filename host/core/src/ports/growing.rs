//! Blobs of an image that is being built, for whoever wants to send them before the build has ended.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::digest::Digest;

/// A blob that a build needs.
#[derive(Debug, Clone)]
pub enum BlobNews {
    /// It lies complete in the layout: a base image or an earlier build has it.
    Present(Digest),
    /// It is being written.
    Growing(Arc<GrowingBlob>),
}

/// A blob that is being written, seen by who reads along: bytes that are there never change.
#[derive(Debug)]
pub struct GrowingBlob {
    path: PathBuf,
    size: AtomicU64,
    end: OnceLock<Option<Digest>>,
}

/// What a blob has grown to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// So many bytes are there, and more will come.
    Growing(u64),
    /// It is complete: its digest and its size in bytes.
    Complete(Digest, u64),
    /// It will never be complete.
    Abandoned,
}

impl GrowingBlob {
    /// Begins a blob that grows in a file. Where that file goes once the blob is complete is not told here: who wants to
    /// read along opens it at once.
    #[must_use]
    pub fn begin(path: PathBuf) -> BlobGrower {
        BlobGrower(Arc::new(Self { path, size: AtomicU64::new(0), end: OnceLock::new() }))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it has grown to by now.
    #[must_use]
    pub fn growth(&self) -> Growth {
        match self.end.get() {
            None => Growth::Growing(self.size.load(Ordering::Acquire)),
            Some(Some(digest)) => Growth::Complete(*digest, self.size.load(Ordering::Acquire)),
            Some(None) => Growth::Abandoned,
        }
    }
}

/// The writing end of a blob. Dropped before it is complete, it abandons the blob.
#[derive(Debug)]
pub struct BlobGrower(Arc<GrowingBlob>);

impl BlobGrower {
    /// The reading end.
    #[must_use]
    pub fn blob(&self) -> Arc<GrowingBlob> {
        Arc::clone(&self.0)
    }

    /// So many bytes are there, all in all.
    pub fn grow(&self, size: u64) {
        self.0.size.store(size, Ordering::Release);
    }

    /// It is complete.
    pub fn complete(self, digest: Digest) {
        // Nobody else ends it: it is only set here and below.
        let _ = self.0.end.set(Some(digest));
    }
}

impl Drop for BlobGrower {
    fn drop(&mut self) {
        // Has no effect on one that is complete.
        let _ = self.0.end.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_grows_until_it_is_complete_or_abandoned() {
        let grower = GrowingBlob::begin("blob".into());
        let blob = grower.blob();
        assert_eq!(blob.growth(), Growth::Growing(0));
        grower.grow(7);
        assert_eq!(blob.growth(), Growth::Growing(7));
        let digest = Digest::of(b"content");
        grower.complete(digest);
        assert_eq!(blob.growth(), Growth::Complete(digest, 7));

        let grower = GrowingBlob::begin("blob".into());
        let blob = grower.blob();
        drop(grower);
        assert_eq!(blob.growth(), Growth::Abandoned);
    }
}
