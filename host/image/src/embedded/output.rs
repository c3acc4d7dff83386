//! From a built stage to an image in the layout.

use jiff::Timestamp;
use plimsoll_core::ports::{BuildRequest, BuiltImage};
use plimsoll_layout::Layout;
use serde_json::{Map, Value, json};

use super::stage::StageState;
use crate::error::ImageError;

/// A time as images write it (RFC 3339, UTC). Times beyond the year 9999 are cut there.
pub(super) fn rfc3339(seconds: i64) -> String {
    let limited = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(limited).unwrap_or_default().to_string()
}

/// Writes configuration and manifest, and offers the manifest in the layout's index.
pub(super) fn write(
    layout: &Layout,
    request: &BuildRequest,
    mut state: StageState,
    created: &str,
) -> Result<BuiltImage, ImageError> {
    for (name, value) in &request.labels {
        state.config.add("Labels", name, value.as_str().into());
    }
    state.config.set_created(created);
    let (config, config_size) = layout.write_blob(state.config.to_json().to_string().as_bytes())?;
    let size = state.layers.iter().filter_map(|layer| layer["size"].as_u64()).sum();
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config.to_string(),
            "size": config_size,
        },
        "layers": state.layers,
    });
    let annotations = annotations(request, &state);
    if !annotations.is_empty() {
        manifest["annotations"] = Value::Object(annotations);
    }
    let (digest, _) = layout.write_blob(manifest.to_string().as_bytes())?;
    layout.add_manifest(&digest)?;
    Ok(BuiltImage { digest, size, bases: Vec::new() })
}

/// What was asked for, and which base it is built on (OCI image specification 1.1, "Pre-Defined Annotation Keys").
fn annotations(request: &BuildRequest, state: &StageState) -> Map<String, Value> {
    let mut all: std::collections::BTreeMap<&str, String> = std::collections::BTreeMap::new();
    if let Some((reference, digest)) = &state.base {
        all.insert("org.opencontainers.image.base.name", reference.to_string());
        all.insert("org.opencontainers.image.base.digest", digest.to_string());
    }
    all.extend(request.annotations.iter().map(|(name, value)| (name.as_str(), value.clone())));
    all.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}
