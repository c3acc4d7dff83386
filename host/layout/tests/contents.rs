//! What belongs to an image or an index.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use plimsoll_core::digest::Digest;
use plimsoll_layout::{
    Layout, LayoutError, ManifestError,
    manifest::{OCI_INDEX, OCI_MANIFEST},
};
use serde_json::{Value, json};
use tempfile::TempDir;

fn write(layout: &Layout, document: &Value) -> Digest {
    layout.write_blob(document.to_string().as_bytes()).unwrap().0
}

fn descriptor(digest: Digest) -> Value {
    json!({"mediaType": "application/octet-stream", "digest": digest, "size": 1})
}

fn image(layout: &Layout, layers: &[&str]) -> Digest {
    let layers: Vec<_> = layers.iter().map(|layer| descriptor(Digest::of(layer.as_bytes()))).collect();
    let configuration = descriptor(Digest::of(b"configuration"));
    let image =
        json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": configuration, "layers": layers});
    write(layout, &image)
}

fn index(layout: &Layout, entries: &[Digest]) -> Digest {
    let entries: Vec<_> = entries.iter().map(|digest| descriptor(*digest)).collect();
    write(layout, &json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}))
}

#[test]
fn what_an_index_names_comes_before_it_and_nothing_comes_twice() {
    let folder = TempDir::new().unwrap();
    let layout = Layout::open_or_create(folder.path()).unwrap();
    let (one, other) = (image(&layout, &["base", "one"]), image(&layout, &["base", "other"]));
    let inner = index(&layout, &[other, one]);
    let outer = index(&layout, &[one, inner]);
    let contents = layout.contents(&outer).unwrap();
    assert_eq!(contents.manifests, [one, other, inner, outer]);
    let blobs: Vec<_> = contents.blobs.iter().map(|blob| blob.digest).collect();
    assert_eq!(blobs, ["configuration", "base", "one", "other"].map(|name| Digest::of(name.as_bytes())));
    assert_eq!(layout.contents(&one).unwrap().manifests, [one]);
}

#[test]
fn an_index_without_all_of_its_images_is_not_complete() {
    let folder = TempDir::new().unwrap();
    let layout = Layout::open_or_create(folder.path()).unwrap();
    let missing = Digest::of(b"missing");
    let sparse = index(&layout, &[image(&layout, &[]), missing]);
    assert!(
        matches!(layout.contents(&sparse), Err(LayoutError::BlobMissing { digest, .. }) if digest == missing)
    );

    let mut deep = image(&layout, &[]);
    for _ in 0..5 {
        deep = index(&layout, &[deep]);
    }
    let refused = layout.contents(&deep);
    assert!(
        matches!(refused, Err(LayoutError::Manifest { source: ManifestError::TooDeep, .. })),
        "{refused:?}"
    );
}
