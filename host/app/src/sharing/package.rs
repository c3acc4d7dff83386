//! A component as an artifact, and back.

use std::{collections::BTreeMap, path::Path};

use plimsoll_core::{digest::Digest, ports::PortFailure};
use plimsoll_layout::{Layout, LayoutError};
use plimsoll_policy::Policy;
use plimsoll_registry::{Artifact, ArtifactLayer};
use serde_json::json;

/// Media type of a manifest (OCI image specification 1.1, "Image Manifest").
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of the configuration (TAG Runtime, "Wasm OCI Artifact layout").
const CONFIGURATION: &str = "application/vnd.wasm.config.v0+json";
/// Media type of a component, as it is written today.
const COMPONENT: &str = "application/wasm";
/// Media types that older tools wrote components with: Kubewarden's and Spin's.
const OLDER: &[&str] =
    &["application/vnd.wasm.content.layer.v1+wasm", "application/vnd.fermyon.spin.wasm.module.v1+wasm"];
/// The largest component that is fetched, bytes: what the sandbox takes.
pub(crate) const LARGEST_COMPONENT: u64 = 64 << 20;

/// A component packed as an artifact, in a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// Digest of the manifest.
    pub manifest: Digest,
    /// Digest of the component.
    pub component: Digest,
}

/// Why an artifact is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// It holds no component.
    #[error("it holds no WebAssembly: its parts are {}", found.join(", "))]
    NoComponent {
        /// The media types of its parts.
        found: Vec<String>,
    },
    /// It holds several.
    #[error("it holds {count} WebAssembly files, and a policy is one")]
    Several {
        /// How many.
        count: usize,
    },
    /// It is larger than any policy.
    #[error("it has {size} bytes, more than {LARGEST_COMPONENT}: it is no policy")]
    TooLarge {
        /// Its size, bytes.
        size: u64,
    },
}

/// Packs a component into a layout. The same component gives the same artifact.
///
/// # Errors
/// The layout cannot be written.
pub fn pack(layout: &Path, component: &[u8], policy: &Policy) -> Result<Package, PortFailure> {
    write(layout, component, policy).map_err(|error| {
        PortFailure::new(plimsoll_core::ports::FailureClass::Outside, error)
            .hint("the policy is packed in a temporary folder: is there room, and may it be written?")
    })
}

fn write(layout: &Path, component: &[u8], policy: &Policy) -> Result<Package, LayoutError> {
    let layout = Layout::open_or_create(layout)?;
    let identity = policy.identity();
    let (component, size) = layout.write_blob(component)?;
    let interface = |name: &str| format!("plimsoll:policy/{name}@{}", identity.contract);
    let answers = policy.answers();
    let mut exports = vec![interface("about")];
    exports.extend(answers.tagging.then(|| interface("tagging")));
    exports.extend(answers.promotion.then(|| interface("promotion")));
    let imports: Vec<String> = policy.wants().iter().map(|wanted| interface(wanted.name())).collect();
    let configuration = json!({
        // A time of its own would give the same component another digest each day.
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [component.to_string()],
        "component": { "exports": exports, "imports": imports },
    });
    let (configuration, configuration_size) = layout.write_blob(configuration.to_string().as_bytes())?;
    let annotations: BTreeMap<&str, &str> = BTreeMap::from([
        ("org.opencontainers.image.title", identity.name.as_str()),
        ("org.opencontainers.image.version", identity.version.as_str()),
        ("org.opencontainers.image.description", policy.description().summary.as_str()),
    ]);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": CONFIGURATION, "digest": configuration.to_string(), "size": configuration_size },
        "layers": [{ "mediaType": COMPONENT, "digest": component.to_string(), "size": size }],
        "annotations": annotations,
    });
    let (manifest, _) = layout.write_blob(manifest.to_string().as_bytes())?;
    layout.add_manifest(&manifest)?;
    Ok(Package { manifest, component })
}

/// The part of an artifact that is the component.
///
/// # Errors
/// There is not exactly one of a size that a policy can have.
pub fn layer_of(artifact: &Artifact) -> Result<&ArtifactLayer, PackageError> {
    let is_component =
        |layer: &&ArtifactLayer| layer.media_type == COMPONENT || OLDER.contains(&layer.media_type.as_str());
    let components: Vec<&ArtifactLayer> = artifact.layers.iter().filter(is_component).collect();
    match components[..] {
        [layer] if layer.size > LARGEST_COMPONENT => Err(PackageError::TooLarge { size: layer.size }),
        [layer] => Ok(layer),
        [] => {
            let found = artifact.layers.iter().map(|layer| format!("`{}`", layer.media_type)).collect();
            Err(PackageError::NoComponent { found })
        }
        _ => Err(PackageError::Several { count: components.len() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(layers: &[(&str, u64)]) -> Artifact {
        let layer = |(media_type, size): &(&str, u64)| ArtifactLayer {
            media_type: (*media_type).to_owned(),
            digest: Digest::of(media_type.as_bytes()),
            size: *size,
            annotations: BTreeMap::new(),
        };
        Artifact {
            subject: None,
            digest: Digest::of(b"manifest"),
            manifest: Vec::new(),
            configuration: CONFIGURATION.to_owned(),
            layers: layers.iter().map(layer).collect(),
            annotations: BTreeMap::new(),
        }
    }

    #[test]
    fn todays_and_older_media_types_are_components() {
        for media_type in [COMPONENT, OLDER[0], OLDER[1]] {
            let artifact = artifact(&[("text/plain", 3), (media_type, 100)]);
            assert_eq!(layer_of(&artifact).map(|layer| layer.media_type.as_str()), Ok(media_type));
        }
    }

    #[test]
    fn other_artifacts_are_no_policies() {
        let image = artifact(&[("application/vnd.oci.image.layer.v1.tar+gzip", 100)]);
        assert!(matches!(layer_of(&image), Err(PackageError::NoComponent { found }) if found.len() == 1));
        let two = artifact(&[(COMPONENT, 100), (OLDER[0], 100)]);
        assert_eq!(layer_of(&two), Err(PackageError::Several { count: 2 }));
        let huge = artifact(&[(COMPONENT, LARGEST_COMPONENT + 1)]);
        assert!(matches!(layer_of(&huge), Err(PackageError::TooLarge { .. })));
    }
}
