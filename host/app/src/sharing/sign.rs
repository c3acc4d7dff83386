//! Signing a policy in a registry, in the form that every version of cosign reads.

use std::{collections::BTreeMap, path::Path};

use plimsoll_core::{
    digest::Digest,
    names::Tag,
    ports::{FailureClass, ImageRepository as _, PortFailure, Progress},
    reference::ImageReference,
};
use plimsoll_layout::{Layout, LayoutError};
use plimsoll_registry::{Artifact, Registries};
use plimsoll_signature::{PrivateKey, SIMPLE_SIGNING, Signature};
use serde_json::{Value, json};

use super::{
    error::SharingError,
    package::layer_of,
    signatures::{SIGNATURE, Signatures, tag},
    source::manifest,
};

/// Media types of the artifact that holds signatures: it passes for an image, so that every registry takes it.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIGURATION: &str = "application/vnd.oci.image.config.v1+json";
/// The time of what has none.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// What came of signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// Digest of the manifest that is signed.
    pub manifest: Digest,
    /// Whether the signature was there already, and nothing was sent.
    pub was_there: bool,
}

/// Signs the policy that a reference means now, unless it has a signature by this key. Signatures that it has stay.
///
/// # Errors
/// There is no policy, or the registry could not be asked.
pub async fn sign(
    registries: &Registries,
    reference: &ImageReference,
    key: &PrivateKey,
    progress: &dyn Progress,
) -> Result<Signed, PortFailure> {
    let repository = registries.repository(reference.repository.clone());
    let policy = manifest(&repository, reference).await?;
    layer_of(&policy)
        .map_err(|source| SharingError::NoPolicy { reference: Box::new(reference.clone()), source })?;
    let manifest = policy.digest;
    let there = Signatures::fetch(&repository, &manifest).await?;
    if there.found.iter().any(|signature| signature.check(&manifest, &key.public()).is_ok()) {
        return Ok(Signed { manifest, was_there: true });
    }
    let outside =
        |error: Box<dyn std::error::Error + Send + Sync>| PortFailure::new(FailureClass::Outside, error);
    let signature = Signature::make(key, &reference.repository.to_string(), &manifest)
        .map_err(|error| outside(error.into()))?;
    let tag = Tag::new(tag(&manifest)).map_err(|error| PortFailure::new(FailureClass::Internal, error))?;
    let before = repository.artifact(tag.as_str()).await?;
    let folder = tempfile::tempdir().map_err(|error| {
        outside(error.into()).hint("is there room for a temporary folder, and may it be written?")
    })?;
    let signed = pack(folder.path(), before.as_ref(), &signature)?;
    repository.push(folder.path(), &signed, progress).await?;
    repository.set_tag(&tag, &signed).await?;
    Ok(Signed { manifest, was_there: false })
}

/// The artifact that holds one more signature than before, in a layout. What it held is in the registry already.
fn pack(folder: &Path, before: Option<&Artifact>, signature: &Signature) -> Result<Digest, LayoutError> {
    let layout = Layout::open_or_create(folder)?;
    let (payload, size) = layout.write_blob(signature.payload())?;
    let mut layers: Vec<Value> = Vec::new();
    for layer in before.iter().flat_map(|artifact| &artifact.layers) {
        layers.push(json!({
            "mediaType": layer.media_type, "size": layer.size, "digest": layer.digest, "annotations": layer.annotations,
        }));
    }
    layers.push(json!({
        "mediaType": SIMPLE_SIGNING, "size": size, "digest": payload,
        "annotations": { SIGNATURE: signature.to_base64() },
    }));
    let digests: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
    let configuration = json!({
        "architecture": "", "os": "", "created": NO_TIME, "config": {},
        "history": vec![json!({ "created": NO_TIME }); layers.len()],
        "rootfs": { "type": "layers", "diff_ids": digests },
    });
    let (configuration, configuration_size) = layout.write_blob(configuration.to_string().as_bytes())?;
    let mut manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": { "mediaType": CONFIGURATION, "size": configuration_size, "digest": configuration },
        "layers": layers,
    });
    let annotations = before.map_or_else(BTreeMap::new, |artifact| artifact.annotations.clone());
    if !annotations.is_empty() {
        manifest["annotations"] = json!(annotations);
    }
    let (manifest, _) = layout.write_blob(manifest.to_string().as_bytes())?;
    layout.add_manifest(&manifest)?;
    Ok(manifest)
}
