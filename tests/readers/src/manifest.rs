//! Manifests, indexes and configurations of images.

use plimsoll_core::ports::Platform;
use plimsoll_layout::{Manifest, manifest as reader};

use crate::{LARGEST, sure};

/// Reads bytes as each of the documents of an image. Promises: a refusal has a reason, a manifest a media type, and the image
/// that is chosen from an index is one of its entries.
pub fn manifest(bytes: &[u8]) {
    if bytes.len() > LARGEST {
        return;
    }
    drop(reader::labels(bytes));
    match reader::parse(bytes) {
        Err(error) => assert!(!error.to_string().is_empty(), "refused without a reason"),
        Ok(manifest) => understood(&manifest),
    }
}

fn understood(manifest: &Manifest) {
    assert!(!manifest.media_type().is_empty(), "no media type");
    match manifest {
        Manifest::Image(image) => {
            if let Ok(blobs) = reader::blobs(image) {
                assert!(blobs.len() <= image.layers().len() + 1, "blobs that the manifest does not name");
            }
        }
        Manifest::Index(index) => {
            for text in ["linux/amd64", "linux/arm/v7", "windows/amd64"] {
                let wanted: Platform = sure(text.parse());
                if let Ok(chosen) = reader::for_platform(reader::images(index), &wanted) {
                    assert!(index.manifests().contains(chosen), "an entry that is not there");
                }
            }
        }
    }
}
