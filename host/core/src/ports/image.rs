//! Building an image.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Platform, Platforms, PortFailure, Progress};
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
    /// What the image runs on: for each of these there is an image.
    pub platforms: Platforms,
    /// How the layers that the build makes are compressed; layers of base images stay as they are.
    pub compression: Compression,
    /// Labels added to the image's configuration, over those of the Dockerfile.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the image's manifests, and of the index over them when there are several.
    pub annotations: BTreeMap<String, String>,
    /// The time that the image and everything in it without a time of its own gets, Unix seconds
    /// (`SOURCE_DATE_EPOCH`, reproducible-builds.org).
    pub timestamp: i64,
    /// The image layout that the image goes into; made when missing.
    pub layout: PathBuf,
}

/// How layers are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// What every engine reads.
    #[default]
    Gzip,
    /// Quicker and smaller; Docker reads it from version 23 on.
    Zstd,
}

/// An image that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// Digest of its manifest when it was built for one platform; of the OCI image index over the manifests, in the order
    /// of the request, when for several.
    pub digest: Digest,
    /// Bytes of all its layers as stored, for all platforms; a layer that several share counts once.
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

/// Where base images come from.
#[async_trait]
pub trait BaseImages: Send + Sync {
    /// Brings an image for each of some platforms into a layout, every blob verified, and says the digests of their
    /// manifests, in the order of the platforms. All come from one look at the reference. Blobs that are there already are
    /// not fetched again. An image that is there for one platform alone is taken for every other, too.
    ///
    /// # Errors
    /// There is no such image, none for a platform, or it could not be fetched.
    async fn fetch(
        &self,
        reference: &ImageReference,
        platforms: &[Platform],
        layout: &Path,
        progress: &dyn Progress,
    ) -> Result<Vec<Digest>, PortFailure>;
}
