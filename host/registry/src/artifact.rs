//! Artifacts that are no container images: a manifest, and what it lists, in memory (OCI image specification 1.1, "Guidelines
//! for Artifact Usage").

use std::collections::BTreeMap;

use plimsoll_core::digest::Digest;
use plimsoll_layout::manifest::{self, Manifest};

use crate::{error::RegistryError, repository::RegistryRepository};

/// An artifact's manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its digest.
    pub digest: Digest,
    /// It, byte for byte.
    pub manifest: Vec<u8>,
    /// The manifest that it refers to; absent when it refers to none, or by something else than SHA-256.
    pub subject: Option<Digest>,
    /// Media type of its configuration.
    pub configuration: String,
    /// What it consists of.
    pub layers: Vec<ArtifactLayer>,
    /// What is written on it.
    pub annotations: BTreeMap<String, String>,
}

/// A part of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactLayer {
    /// Its media type.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size, bytes.
    pub size: u64,
    /// What is written on it.
    pub annotations: BTreeMap<String, String>,
}

impl Artifact {
    /// Understands a manifest.
    ///
    /// # Errors
    /// It is no manifest of a single artifact; the text says why.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, String> {
        let Manifest::Image(image) = manifest::parse(&bytes).map_err(|error| error.to_string())? else {
            return Err("it is an index, a choice of artifacts".to_owned());
        };
        let annotations = |annotations: &Option<std::collections::HashMap<String, String>>| {
            annotations.iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let mut layers = Vec::new();
        for layer in image.layers() {
            layers.push(ArtifactLayer {
                media_type: layer.media_type().to_string(),
                digest: manifest::digest(layer).map_err(|error| error.to_string())?,
                size: layer.size(),
                annotations: annotations(layer.annotations()),
            });
        }
        Ok(Self {
            digest: Digest::of(&bytes),
            subject: image.subject().as_ref().and_then(|subject| manifest::digest(subject).ok()),
            configuration: image.config().media_type().to_string(),
            annotations: annotations(image.annotations()),
            layers,
            manifest: bytes,
        })
    }
}

impl RegistryRepository {
    /// The artifact that a tag or digest names; `None` when there is none.
    ///
    /// # Errors
    /// The registry could not be asked, or has something else there.
    pub async fn artifact(&self, target: &str) -> Result<Option<Artifact>, RegistryError> {
        let Some((bytes, _)) = RegistryError::optional(self.manifest(target).await)? else { return Ok(None) };
        let artifact = Artifact::parse(bytes);
        artifact.map(Some).map_err(|problem| self.connection.nonsense(&self.call(target), problem))
    }

    /// A blob of at most `most` bytes, verified by its digest.
    ///
    /// # Errors
    /// It is not there, larger, or not what its digest says.
    pub async fn blob(&self, digest: &Digest, most: u64) -> Result<Vec<u8>, RegistryError> {
        let mut download = self.download(digest, most).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = download.next().await? {
            bytes.extend_from_slice(&piece);
        }
        let found = Digest::of(&bytes);
        if found == *digest {
            return Ok(bytes);
        }
        Err(self.connection.other_digest(&self.call_blob(digest), digest, &found))
    }
}
