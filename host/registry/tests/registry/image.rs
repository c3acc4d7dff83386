//! Small images for the tests.

use std::time::Duration;

use plimsoll_core::digest::Digest;
use plimsoll_layout::{
    Layout,
    manifest::{OCI_INDEX, OCI_MANIFEST},
};
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
    image_with(300_000)
}

/// Like [`image`], with a layer of so many bytes.
pub(crate) fn image_with(bytes: u32) -> Image {
    let folder = TempDir::new().unwrap();
    let layout = Layout::open_or_create(folder.path()).unwrap();
    let content: Vec<u8> =
        (0..bytes).map(|number| (number ^ number >> 8 ^ number >> 16).to_le_bytes()[0]).collect();
    let (layer, layer_size) = layout.write_blob(&content).unwrap();
    let (digest, configuration) = write_image(&layout, "amd64", &layer, layer_size);
    Image { _folder: folder, layout, layer, configuration, digest }
}

/// The image of [`image`] and one for linux/arm64 with the same layer, and the digest of the index over both.
pub(crate) fn index() -> (Image, Digest) {
    let image = image();
    let layout = &image.layout;
    let (other, _) = write_image(layout, "arm64", &image.layer, 300_000);
    let entry = |digest: &Digest, architecture| {
        json!({"mediaType": OCI_MANIFEST, "digest": digest, "size": layout.has_blob(digest).unwrap(),
            "platform": {"os": "linux", "architecture": architecture}})
    };
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX,
        "manifests": [entry(&image.digest, "amd64"), entry(&other, "arm64")]});
    let (index, _) = layout.write_blob(index.to_string().as_bytes()).unwrap();
    (image, index)
}

/// Writes a configuration and a manifest; answers the digests of the manifest and the configuration.
fn write_image(layout: &Layout, architecture: &str, layer: &Digest, layer_size: u64) -> (Digest, Digest) {
    let configuration = json!({"os": "linux", "architecture": architecture, "author": layer_size.to_string(),
        "config": {"Labels": {"team": "web"}}});
    let (configuration, configuration_size) =
        layout.write_blob(configuration.to_string().as_bytes()).unwrap();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": configuration, "size": configuration_size},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": layer_size}],
    });
    let (digest, _) = layout.write_blob(manifest.to_string().as_bytes()).unwrap();
    (digest, configuration)
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

/// Options under which the layer of [`image`] goes in three pieces, and one blob after the other.
pub(crate) fn in_pieces() -> RegistryOptions {
    RegistryOptions { upload_piece: 100_000, transfers: 1, ..options() }
}

/// The way to registries, with the TLS provider that the program itself installs.
pub(crate) fn registries(options: RegistryOptions) -> Registries {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Registries::new(options).unwrap()
}
