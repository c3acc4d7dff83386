//! Images for platforms out of indexes.

use plimsoll_core::{
    digest::Digest,
    ports::{BaseImages as _, FailureClass, ImageRepository as _, Silent},
};
use plimsoll_layout::{
    Layout,
    manifest::{OCI_INDEX, OCI_MANIFEST},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    image::{self, options, registries},
    server::FaultServer,
    setting::{pull, pull_for, pushed, setting, tag},
};

fn entry(kind: &str, digest: &Digest, platform: [&str; 2]) -> Value {
    let [os, architecture] = platform;
    json!({"mediaType": kind, "digest": digest, "size": 1, "platform": {"os": os, "architecture": architecture}})
}

/// Lets the server have an index under a name and its digest.
fn serve(server: &FaultServer, name: &str, entries: &[Value]) -> Digest {
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).to_string();
    let digest = Digest::of(index.as_bytes());
    for name in [name.to_owned(), digest.to_string()] {
        server.state().manifests.insert(name, index.clone().into_bytes());
    }
    digest
}

#[tokio::test]
async fn the_platform_is_chosen_from_an_index() {
    let (server, image) = pushed().await;
    let other = Digest::of(b"other");
    serve(
        &server,
        "many",
        &[
            entry(OCI_MANIFEST, &Digest::of(b"attestation"), ["unknown", "unknown"]),
            entry(OCI_MANIFEST, &other, ["linux", "s390x"]),
            entry(OCI_MANIFEST, &image.digest, ["linux", "amd64"]),
        ],
    );
    assert_eq!(pull(&server, ":many").await.1.unwrap(), image.digest);

    let failure = pull_for(&server, ":many", "linux/arm/v7").await.1.unwrap_err();
    let text = failure.to_string();
    assert!(text.ends_with("no image for linux/arm/v7: it is there for linux/s390x, linux/amd64"), "{text}");
    assert_eq!(failure.class, FailureClass::User);
}

#[tokio::test]
async fn several_platforms_come_from_one_look_at_the_tag() {
    let (server, _, repository) = setting().await;
    let (image, index) = image::index();
    repository.push(image.layout.root(), &index, &Silent).await.unwrap();
    repository.set_tag(&tag("v1"), &index).await.unwrap();
    server.state().seen.clear();
    let folder = TempDir::new().unwrap();
    let reference = format!("{}:v1", server.repository()).parse().unwrap();
    let platforms = ["linux/arm64", "linux/amd64"].map(|platform| platform.parse().unwrap());
    let digests = registries(options()).fetch(&reference, &platforms, folder.path(), &Silent).await.unwrap();
    assert_eq!(digests[1], image.digest);
    assert_ne!(digests[0], image.digest);
    let layout = Layout::open(folder.path()).unwrap();
    for digest in &digests {
        let blobs = layout.contents(digest).unwrap().blobs;
        assert!(blobs.iter().all(|blob| layout.has_blob(&blob.digest).unwrap() == Some(blob.size)));
    }
    let labels = repository.labels(&index).await.unwrap().unwrap();
    assert_eq!(labels["team"], "web");
    let gets = |what: &str| server.count(&format!("GET /v2/site/{what}"));
    assert_eq!((gets("manifests/v1"), gets(&format!("blobs/{}", image.layer))), (1, 1));
}

#[tokio::test]
async fn indexes_inside_an_index_are_looked_into() {
    let (server, image) = pushed().await;
    let inner = serve(&server, "inner", &[entry(OCI_MANIFEST, &image.digest, ["linux", "amd64"])]);
    let middle = serve(&server, "middle", &[json!({"mediaType": OCI_INDEX, "digest": inner, "size": 1})]);
    let other = entry(OCI_MANIFEST, &Digest::of(b"other"), ["linux", "386"]);
    serve(&server, "outer", &[other, json!({"mediaType": OCI_INDEX, "digest": middle, "size": 1})]);
    assert_eq!(pull(&server, ":outer").await.1.unwrap(), image.digest);
    let text = pull_for(&server, ":outer", "linux/arm64").await.1.unwrap_err().to_string();
    assert!(text.ends_with("it is there for linux/386, linux/amd64"), "{text}");

    let mistaken = entry(OCI_MANIFEST, &inner, ["linux", "amd64"]);
    serve(&server, "wrong", &[mistaken]);
    let text = pull(&server, ":wrong").await.1.unwrap_err().to_string();
    assert!(text.contains("is not the `application/vnd.oci.image.manifest.v1+json`"), "{text}");

    let mut deep = inner;
    for _ in 0..40 {
        deep = serve(&server, "deep", &[json!({"mediaType": OCI_INDEX, "digest": deep, "size": 1})]);
    }
    let text = pull(&server, ":deep").await.1.unwrap_err().to_string();
    assert!(text.contains("deeper than anybody needs"), "{text}");
}

/// Docker takes it with a warning, and so does the builder.
#[tokio::test]
async fn an_image_without_an_index_is_taken_for_any_platform() {
    let (server, image) = pushed().await;
    assert_eq!(pull_for(&server, ":v1", "linux/arm64").await.1.unwrap(), image.digest);
}
