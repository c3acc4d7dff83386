//! Artifacts of any kind in a registry, as other tools leave them there.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{DebianRegistry, skopeo, text};

/// Sends an artifact: `layers` are its parts, each with its media type, content and annotations. Answers the digest of its
/// manifest.
///
/// # Panics
/// The registry did not take it.
#[track_caller]
pub fn send_artifact(
    registry: &DebianRegistry,
    name: &str,
    configuration: (&str, &str),
    layers: &[(&str, &[u8], Value)],
) -> String {
    let layout = text::temporary_folder("artifact");
    let blob = |content: &[u8]| {
        let digest = text::hexadecimal(&Sha256::digest(content));
        text::write(&layout.path().join("blobs/sha256").join(&digest), content);
        (format!("sha256:{digest}"), content.len())
    };
    let described = |media_type: &str, content: &[u8]| {
        let (digest, size) = blob(content);
        json!({ "mediaType": media_type, "digest": digest, "size": size })
    };
    let layers: Vec<Value> = layers
        .iter()
        .map(|(media_type, content, annotations)| {
            let mut layer = described(media_type, content);
            layer["annotations"] = annotations.clone();
            layer
        })
        .collect();
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type,
        "config": described(configuration.0, configuration.1.as_bytes()), "layers": layers,
    });
    let mut entry = described(media_type, manifest.to_string().as_bytes());
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": "it" });
    let digest = entry["digest"].as_str().unwrap_or_default().to_owned();
    text::write(
        &layout.path().join("index.json"),
        json!({ "schemaVersion": 2, "manifests": [entry] }).to_string(),
    );
    text::write(&layout.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#);
    copy(&format!("oci:{}:it", path(layout.path())), &format!("docker://{}", registry.reference(name)));
    digest
}

/// Copies an artifact inside a registry to another tag.
///
/// # Panics
/// It is not there, or the registry did not take it.
#[track_caller]
pub fn copy_artifact(registry: &DebianRegistry, from: &str, to: &str) {
    copy(&format!("docker://{}", registry.reference(from)), &format!("docker://{}", registry.reference(to)));
}

#[track_caller]
fn copy(from: &str, to: &str) {
    let _ = skopeo(&[
        "copy",
        "--quiet",
        "--preserve-digests",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        from,
        to,
    ]);
}

fn path(path: &Path) -> String {
    path.display().to_string()
}
