//! From a built stage to an image in the layout.

use std::collections::BTreeMap;

use jiff::Timestamp;
use plimsoll_core::{
    digest::Digest,
    ports::{BuildRequest, BuiltImage, Platform},
};
use plimsoll_layout::{
    Layout,
    manifest::{OCI_INDEX, OCI_MANIFEST},
};
use serde_json::{Map, Value, json};

use super::stage::StageState;
use crate::error::ImageError;

/// A time as images write it (RFC 3339, UTC). Times beyond the year 9999 are cut there.
pub(super) fn rfc3339(seconds: i64) -> String {
    let limited = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(limited).unwrap_or_default().to_string()
}

/// The image for one platform.
pub(super) struct PlatformImage {
    /// How an index names it.
    descriptor: Map<String, Value>,
    digest: Digest,
    /// Its layers, by digest, with their sizes in bytes.
    layers: BTreeMap<String, u64>,
}

/// Writes configuration and manifest.
pub(super) fn write(
    layout: &Layout,
    request: &BuildRequest,
    platform: &Platform,
    mut state: StageState,
    created: &str,
) -> Result<PlatformImage, ImageError> {
    for (name, value) in &request.labels {
        state.config.add("Labels", name, value.as_str().into());
    }
    state.config.set_created(created);
    state.config.set_platform(platform);
    let (config, config_size) = layout.write_blob(state.config.to_json().to_string().as_bytes())?;
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config.to_string(),
            "size": config_size,
        },
        "layers": state.layers,
    });
    annotate(&mut manifest, &annotations(request, &state));
    let (digest, size) = layout.write_blob(manifest.to_string().as_bytes())?;
    let descriptor = [
        ("mediaType", OCI_MANIFEST.into()),
        ("digest", digest.to_string().into()),
        ("size", size.into()),
        ("platform", described(platform)),
    ];
    let descriptor = descriptor.map(|(name, value)| (name.to_owned(), value));
    let layer = |layer: &Value| Some((layer["digest"].as_str()?.to_owned(), layer["size"].as_u64()?));
    let layers = state.layers.iter().filter_map(layer).collect();
    Ok(PlatformImage { descriptor: Map::from_iter(descriptor), digest, layers })
}

/// Offers the image in the layout's index: its manifest when it is for one platform, else an index over the manifests
/// (OCI image specification 1.1, "Image Index"), in the order of the request.
pub(super) fn finish(
    layout: &Layout,
    request: &BuildRequest,
    images: Vec<PlatformImage>,
) -> Result<BuiltImage, ImageError> {
    let layers: BTreeMap<&String, &u64> = images.iter().flat_map(|image| &image.layers).collect();
    let size = layers.into_values().sum();
    let digest = if let [image] = &images[..] { image.digest } else { write_index(layout, request, images)? };
    layout.add_manifest(&digest)?;
    Ok(BuiltImage { digest, size })
}

fn write_index(
    layout: &Layout,
    request: &BuildRequest,
    images: Vec<PlatformImage>,
) -> Result<Digest, ImageError> {
    let manifests: Vec<Value> = images.into_iter().map(|image| Value::Object(image.descriptor)).collect();
    let mut index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests });
    annotate(&mut index, &request.annotations);
    Ok(layout.write_blob(index.to_string().as_bytes())?.0)
}

/// A platform as an index writes it (OCI image specification 1.1, "Image Index Property Descriptions").
fn described(platform: &Platform) -> Value {
    let mut value = json!({ "architecture": platform.architecture(), "os": platform.os() });
    if let Some(variant) = platform.variant() {
        value["variant"] = variant.into();
    }
    value
}

fn annotate(document: &mut Value, annotations: &BTreeMap<String, String>) {
    if !annotations.is_empty() {
        document["annotations"] = json!(annotations);
    }
}

/// What was asked for, and which base it is built on (OCI image specification 1.1, "Pre-Defined Annotation Keys").
fn annotations(request: &BuildRequest, state: &StageState) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    if let Some((reference, digest)) = &state.base {
        all.insert("org.opencontainers.image.base.name".to_owned(), reference.to_string());
        all.insert("org.opencontainers.image.base.digest".to_owned(), digest.to_string());
    }
    all.extend(request.annotations.clone());
    all
}
