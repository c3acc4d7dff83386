//! Small images for the tests.

use std::time::Duration;

use plimsoll_core::digest::Digest;
use plimsoll_layout::Layout;
use plimsoll_registry::{Registries, RegistryOptions};
use serde_json::json;
use tempfile::TempDir;

/// An image in a layout of its own.
pub(crate) struct Image {
    _folder: TempDir,
    pub(crate) layout: Layout,
    pub(crate) layer: Digest,
    pub(crate) configuration: Digest,
    pub(crate) digest: Digest,
}

/// One layer of 300 000 bytes, linux/amd64, with a label.
pub(crate) fn image() -> Image {
    let folder = TempDir::new().unwrap();
    let layout = Layout::open_or_create(folder.path()).unwrap();
    let content: Vec<u8> = (0..300_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let (layer, layer_size) = layout.write_blob(&content).unwrap();
    let configuration =
        json!({"os": "linux", "architecture": "amd64", "config": {"Labels": {"team": "web"}}});
    let (configuration, configuration_size) =
        layout.write_blob(configuration.to_string().as_bytes()).unwrap();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": configuration, "size": configuration_size},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": layer_size}],
    });
    let (digest, _) = layout.write_blob(manifest.to_string().as_bytes()).unwrap();
    Image { _folder: folder, layout, layer, configuration, digest }
}

/// Options with short waits.
pub(crate) fn options() -> RegistryOptions {
    RegistryOptions {
        tries: 3,
        first_pause: Duration::from_millis(5),
        idle_timeout: Duration::from_millis(500),
        ..RegistryOptions::default()
    }
}

/// The way to registries, with the TLS provider that the program itself installs.
pub(crate) fn registries(options: RegistryOptions) -> Registries {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Registries::new(options).unwrap()
}
