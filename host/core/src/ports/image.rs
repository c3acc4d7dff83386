//! Building an image.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{PortFailure, Progress};
use crate::{digest::Digest, reference::ImageReference};

/// Turns a Dockerfile and its context into an image in an OCI image layout.
#[async_trait]
pub trait ImageBuilder: Send + Sync {
    /// Builds. The result lies complete in `request.layout` before this returns, and building the same again is harmless.
    ///
    /// # Errors
    /// The Dockerfile or its context is wrong, or the builder could not do its work.
    async fn build(&self, request: &BuildRequest, progress: &dyn Progress)
    -> Result<BuiltImage, PortFailure>;
}

/// What to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRequest {
    /// The folder that COPY and ADD read from.
    pub context: PathBuf,
    /// The Dockerfile.
    pub dockerfile: PathBuf,
    /// Values for ARG, by name.
    pub build_arguments: BTreeMap<String, String>,
    /// The stage to build; the last one when absent.
    pub target: Option<String>,
    /// What the image runs on.
    pub platform: Platform,
    /// Labels added to the image's configuration, over those of the Dockerfile.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the image's manifest.
    pub annotations: BTreeMap<String, String>,
    /// The time that the image and everything in it without a time of its own gets, Unix seconds
    /// (`SOURCE_DATE_EPOCH`, reproducible-builds.org).
    pub timestamp: i64,
    /// The image layout that the image goes into; made when missing.
    pub layout: PathBuf,
}

/// An image that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// Digest of its manifest.
    pub digest: Digest,
    /// Bytes of all its layers as stored.
    pub size: u64,
    /// The images that it was made from, as far as the builder knows: a builder that leaves them to an engine knows none.
    pub bases: Vec<BaseImage>,
}

/// An image that another one was made from: its base, or one that something was copied from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BaseImage {
    /// The image as the Dockerfile names it, completed.
    pub reference: String,
    /// Digest of the manifest that was used.
    pub digest: Digest,
}

/// What an image runs on (OCI image specification 1.1, "Image Index Property Descriptions").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// Operating system, such as `linux`.
    pub os: String,
    /// Processor architecture, such as `amd64`.
    pub architecture: String,
    /// Variant of the architecture, such as `v7`.
    pub variant: Option<String>,
}

/// A text that is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a platform: expected `os/architecture` or `os/architecture/variant`, such as `linux/amd64`"
)]
pub struct InvalidPlatform(pub String);

impl FromStr for Platform {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        let parts: Vec<&str> = text.split('/').collect();
        if !parts.iter().all(|part| word(part)) {
            return Err(InvalidPlatform(text.to_owned()));
        }
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant.to_owned())),
            _ => return Err(InvalidPlatform(text.to_owned())),
        };
        Ok(Self { os: os.to_owned(), architecture: architecture.to_owned(), variant })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

/// Where base images come from.
#[async_trait]
pub trait BaseImages: Send + Sync {
    /// Brings an image for one platform into a layout, every blob verified, and says its manifest's digest. Blobs that
    /// are there already are not fetched again.
    ///
    /// # Errors
    /// There is no such image, none for the platform, or it could not be fetched.
    async fn fetch(
        &self,
        reference: &ImageReference,
        platform: &Platform,
        layout: &Path,
        progress: &dyn Progress,
    ) -> Result<Digest, PortFailure>;
}
