//! The signatures of an artifact, where cosign keeps them in a registry: the older form as parts of an artifact whose tag is made
//! of the digest, the newer one as artifacts of their own that refer to it.

use plimsoll_core::digest::Digest;
use plimsoll_registry::{Artifact, RegistryError, RegistryRepository};
use plimsoll_signature::{BUNDLE, SIMPLE_SIGNING, Signature};

/// Where the signature over a payload is written (cosign, "Signature Specification").
pub(super) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// The largest payload or bundle that is fetched, bytes.
const LARGEST: u64 = 1 << 20;
/// The most signatures that are looked at, and the most artifacts that may hold some.
const MOST: usize = 64;
/// What registries say of an artifact that does not say itself what it is: the media type of its empty configuration.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// What was found of signatures. Nothing is verified yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signatures {
    /// The signatures.
    pub found: Vec<Signature>,
    /// What is wrong with those that cannot be read.
    pub unreadable: Vec<String>,
    /// What the registry did not let be looked at: there may be signatures that nobody saw.
    pub(super) withheld: Option<String>,
}

/// The tag of the artifact that holds signatures in the older form.
pub(super) fn tag(digest: &Digest) -> String {
    format!("sha256-{}.sig", digest.hex())
}

impl Signatures {
    /// Fetches the signatures of an artifact, of both forms.
    pub(super) async fn fetch(
        repository: &RegistryRepository,
        digest: &Digest,
    ) -> Result<Self, RegistryError> {
        let mut signatures = Self::default();
        if let Some(artifact) = signatures.readable(repository.artifact(&tag(digest)).await)?.flatten() {
            signatures.add(repository, &artifact).await?;
        }
        let referrers = signatures.readable(repository.referrers(digest).await)?.unwrap_or_default();
        let may_hold_some = |kind: &Option<String>| {
            kind.as_deref().is_none_or(|kind| kind.is_empty() || kind == EMPTY || kind == BUNDLE)
        };
        for referrer in referrers.iter().filter(|referrer| may_hold_some(&referrer.artifact_type)).take(MOST)
        {
            let artifact = repository.artifact(&referrer.digest.to_string()).await;
            if let Some(artifact) = signatures.readable(artifact)?.flatten() {
                signatures.add(repository, &artifact).await?;
            }
        }
        Ok(signatures)
    }

    /// Adds what an artifact holds.
    async fn add(
        &mut self,
        repository: &RegistryRepository,
        artifact: &Artifact,
    ) -> Result<(), RegistryError> {
        for layer in &artifact.layers {
            let is_bundle = layer.media_type == BUNDLE;
            if !is_bundle && layer.media_type != SIMPLE_SIGNING || self.found.len() == MOST {
                continue;
            }
            let Some(content) = self.readable(repository.blob(&layer.digest, LARGEST).await)? else {
                continue;
            };
            let signature = if is_bundle {
                Signature::from_bundle(&content)
            } else {
                Signature::from_simple_signing(
                    content,
                    layer.annotations.get(SIGNATURE).map_or("", String::as_str),
                )
            };
            match signature {
                Ok(signature) => self.found.push(signature),
                Err(error) => self.unreadable.push(error.to_string()),
            }
        }
        Ok(())
    }

    /// What was fetched. Where the registry refuses, or what is there makes no sense, that is noted, for another signature may
    /// still be right; a registry that does not answer is a failure.
    fn readable<T>(&mut self, result: Result<T, RegistryError>) -> Result<Option<T>, RegistryError> {
        use RegistryError as E;
        match result {
            Ok(found) => Ok(Some(found)),
            Err(
                error @ (E::Nonsense { .. }
                | E::NotFound { .. }
                | E::Refused { .. }
                | E::Denied { .. }
                | E::WrongDigest { .. }),
            ) => {
                if matches!(error, E::Refused { .. } | E::Denied { .. }) {
                    self.withheld.get_or_insert(error.to_string());
                }
                self.unreadable.push(error.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
