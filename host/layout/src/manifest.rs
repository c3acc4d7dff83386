//! Reading manifests, indexes and configurations: OCI image specification 1.1 and Docker's image manifest version 2,
//! schema 2, which differ in their media types alone.

use std::collections::{BTreeMap, BTreeSet};

pub use oci_spec::image::{Descriptor, ImageIndex, ImageManifest};
use plimsoll_core::digest::Digest;
use serde::Deserialize;

pub use crate::platform::{NoSuchPlatform, first_image, for_platform, images, inner_indexes};

/// The largest manifest that is read, bytes: what the OCI distribution specification 1.1, "Pushing Manifests", asks of
/// registries at least.
pub const LARGEST_MANIFEST: u64 = 4 << 20;
/// The largest image configuration that is read, bytes.
pub const LARGEST_CONFIGURATION: u64 = 8 << 20;

/// Media type of an OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Media type of Docker's image manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Media type of Docker's manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// One image for one platform.
    Image(Box<ImageManifest>),
    /// A choice of images, usually one for each platform.
    Index(Box<ImageIndex>),
}

/// Why a document is not a manifest that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not the JSON document that it should be.
    #[error("it is not a valid {what}")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// It is of Docker's old format, which cannot be verified by digest alone.
    #[error("it has Docker's old manifest format (schema 1): push the image again with a current tool")]
    SchemaOne,
    /// It is of a kind that is not known here.
    #[error("its media type `{0}` is neither an image manifest nor an image index")]
    UnknownKind(String),
    /// It names content by something else than SHA-256.
    #[error("it refers to `{0}`, and only sha256 digests are supported")]
    UnsupportedDigest(String),
    /// It is an index that lies in other ones too deep.
    #[error("it is an index in an index in an index, deeper than anybody needs")]
    TooDeep,
}

/// Something that a manifest refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its digest.
    pub digest: Digest,
    /// Its size, bytes.
    pub size: u64,
}

impl Manifest {
    /// Its media type: the one it states, else the OCI one for its kind.
    #[must_use]
    pub fn media_type(&self) -> &str {
        let (stated, default) = match self {
            Self::Image(image) => (image.media_type(), OCI_MANIFEST),
            Self::Index(index) => (index.media_type(), OCI_INDEX),
        };
        stated.as_ref().map_or(default, AsRef::as_ref)
    }
}

/// What tells the kinds of manifests apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    schema_version: u32,
    media_type: Option<String>,
    manifests: Option<serde::de::IgnoredAny>,
}

/// Understands a manifest. The caller has checked its digest and keeps its bytes: a manifest is never written anew.
///
/// # Errors
/// It is no manifest of a kind that is known here.
pub fn parse(bytes: &[u8]) -> Result<Manifest, ManifestError> {
    let malformed = |what| move |source| ManifestError::Malformed { what, source };
    let kind: Kind = serde_json::from_slice(bytes).map_err(malformed("manifest"))?;
    if kind.schema_version == 1 {
        return Err(ManifestError::SchemaOne);
    }
    // Documents without a media type are told apart by their content (OCI image specification 1.1, "Image Manifest").
    let is_index = match kind.media_type.as_deref() {
        Some(OCI_INDEX | DOCKER_LIST) => true,
        Some(OCI_MANIFEST | DOCKER_MANIFEST) => false,
        Some(other) => return Err(ManifestError::UnknownKind(other.to_owned())),
        None => kind.manifests.is_some(),
    };
    if is_index {
        serde_json::from_slice(bytes).map(Manifest::Index).map_err(malformed("image index"))
    } else {
        serde_json::from_slice(bytes).map(Manifest::Image).map_err(malformed("image manifest"))
    }
}

/// What an image consists of beside its manifest: the configuration first, then the layers, each blob once.
///
/// # Errors
/// A digest is not SHA-256.
pub fn blobs(image: &ImageManifest) -> Result<Vec<Blob>, ManifestError> {
    let mut seen = BTreeSet::new();
    let mut blobs = Vec::with_capacity(image.layers().len() + 1);
    for descriptor in std::iter::once(image.config()).chain(image.layers()) {
        let digest = digest(descriptor)?;
        if seen.insert(digest) {
            blobs.push(Blob { digest, size: descriptor.size() });
        }
    }
    Ok(blobs)
}

/// The digest of a descriptor.
///
/// # Errors
/// It is not SHA-256.
pub fn digest(descriptor: &Descriptor) -> Result<Digest, ManifestError> {
    let text = descriptor.digest().as_ref();
    text.parse().map_err(|_| ManifestError::UnsupportedDigest(text.to_owned()))
}

/// The labels in an image's configuration.
///
/// # Errors
/// It is no image configuration.
pub fn labels(configuration: &[u8]) -> Result<BTreeMap<String, String>, ManifestError> {
    #[derive(Deserialize)]
    struct Configuration {
        config: Option<Execution>,
    }
    #[derive(Deserialize)]
    struct Execution {
        #[serde(rename = "Labels")]
        labels: Option<BTreeMap<String, String>>,
    }
    let configuration: Configuration = serde_json::from_slice(configuration)
        .map_err(|source| ManifestError::Malformed { what: "image configuration", source })?;
    Ok(configuration.config.and_then(|execution| execution.labels).unwrap_or_default())
}
