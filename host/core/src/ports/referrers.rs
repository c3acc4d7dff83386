//! Referrers: what is said of an image, kept beside it in its repository.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::PortFailure;
use crate::digest::Digest;

/// Artifacts that refer to an image (OCI distribution specification 1.1, "Listing Referrers").
#[async_trait]
pub trait Referrers: Send + Sync {
    /// Puts something beside an image that is there, and answers the digest of the manifest that holds it. What is there already
    /// stays. The same attachment has the same digest, so doing it again is harmless.
    ///
    /// # Errors
    /// The image is not there, or the repository refused.
    async fn attach(&self, subject: &Digest, attachment: &Attachment) -> Result<Digest, PortFailure>;

    /// What lies beside an image, in the repository's order; nothing where there is no such image.
    ///
    /// # Errors
    /// The repository could not be asked.
    async fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>, PortFailure>;

    /// What a referrer holds, verified by its digests; `None` when it is not there, or holds something else than one thing of at
    /// most `most` bytes.
    ///
    /// # Errors
    /// The repository could not be asked, or answers with something else.
    async fn attached(&self, referrer: &Digest, most: u64) -> Result<Option<Attached>, PortFailure>;
}

/// Something to put beside an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is, a media type.
    pub media_type: String,
    /// It.
    pub content: Vec<u8>,
    /// What is written on it; lists of referrers show it.
    pub annotations: BTreeMap<String, String>,
}

/// A referrer as the repository lists it. Nothing of it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Digest of its manifest.
    pub digest: Digest,
    /// What it says it is; absent when it does not say.
    pub artifact_type: Option<String>,
    /// What is written on it.
    pub annotations: BTreeMap<String, String>,
}

/// What a referrer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The image that it says it refers to.
    pub subject: Option<Digest>,
    /// What it is, a media type.
    pub media_type: String,
    /// It.
    pub content: Vec<u8>,
}
