//! Image repositories: where built images go.

use std::{collections::BTreeMap, ops::Add, path::Path};

use async_trait::async_trait;

use super::{PortFailure, Progress};
use crate::{digest::Digest, names::Tag};

/// One image repository: in a registry, or an image layout on disk.
#[async_trait]
pub trait ImageRepository: Send + Sync {
    /// Copies an image or an index from a layout, under its digest and without a tag: first every blob that is not there
    /// already, then the manifests, what a manifest names before it. Doing it again is harmless.
    ///
    /// # Errors
    /// The repository or the layout failed; no tag points to anything incomplete.
    async fn push(
        &self,
        layout: &Path,
        digest: &Digest,
        progress: &dyn Progress,
    ) -> Result<PushReport, PortFailure>;

    /// Copies one blob ahead of the image that it belongs to, unless it is there, so that [`push`](Self::push) finds it there.
    /// Nothing depends on it: doing it again, or never, is harmless.
    ///
    /// # Errors
    /// The repository or the layout failed.
    async fn push_blob(
        &self,
        layout: &Path,
        digest: &Digest,
        progress: &dyn Progress,
    ) -> Result<PushReport, PortFailure>;

    /// The digest that a tag points to; `None` when there is no such tag.
    ///
    /// # Errors
    /// The repository could not be asked.
    async fn resolve(&self, tag: &Tag) -> Result<Option<Digest>, PortFailure>;

    /// Points a tag to a manifest that is there already.
    ///
    /// # Errors
    /// The manifest is not there, or the repository refused.
    async fn set_tag(&self, tag: &Tag, digest: &Digest) -> Result<(), PortFailure>;

    /// All tags, in the repository's order.
    ///
    /// # Errors
    /// The repository could not be asked.
    async fn tags(&self) -> Result<Vec<String>, PortFailure>;

    /// The labels of the image with this digest, of the first image when it is that of an index; `None` when there is no such
    /// image.
    ///
    /// # Errors
    /// The repository could not be asked.
    async fn labels(&self, digest: &Digest) -> Result<Option<BTreeMap<String, String>>, PortFailure>;
}

/// What a push had to move.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushReport {
    /// Blobs that were sent.
    pub blobs_sent: usize,
    /// Blobs that were there already.
    pub blobs_present: usize,
    /// Bytes that were sent.
    pub bytes_sent: u64,
}

impl PushReport {
    /// A blob that was there already.
    #[must_use]
    pub fn present() -> Self {
        Self { blobs_present: 1, ..Self::default() }
    }

    /// A blob of so many bytes that was sent.
    #[must_use]
    pub fn sent(bytes: u64) -> Self {
        Self { blobs_sent: 1, bytes_sent: bytes, ..Self::default() }
    }
}

impl Add for PushReport {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            blobs_sent: self.blobs_sent + other.blobs_sent,
            blobs_present: self.blobs_present + other.blobs_present,
            bytes_sent: self.bytes_sent + other.bytes_sent,
        }
    }
}
