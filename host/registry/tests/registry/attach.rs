//! Putting something beside an image: in a registry with a list of referrers, in one without, and in a layout.

use std::collections::BTreeMap;

use plimsoll_core::{
    digest::Digest,
    ports::{Attachment, ImageRepository as _, Referrer, Referrers as _, Silent},
};
use plimsoll_registry::{LayoutRepository, RegistryError};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    image::image,
    server::{Fault, FaultServer},
    setting::{push, setting},
};

const KIND: &str = "application/vnd.in-toto+json";

fn attachment(content: &str) -> Attachment {
    Attachment {
        media_type: KIND.to_owned(),
        content: content.as_bytes().to_vec(),
        annotations: BTreeMap::from([("predicate".to_owned(), content.to_owned())]),
    }
}

fn listed(digest: Digest, content: &str) -> Referrer {
    Referrer {
        digest,
        artifact_type: Some(KIND.to_owned()),
        annotations: BTreeMap::from([("predicate".to_owned(), content.to_owned())]),
    }
}

/// A digest that we cannot check, and others may well use.
fn other() -> String {
    format!("sha512:{}", "0".repeat(128))
}

fn list_tag(subject: &Digest) -> String {
    subject.to_string().replace(':', "-")
}

/// The list that stands under the tag.
fn list(server: &FaultServer, subject: &Digest) -> Option<Value> {
    server.state().manifests.get(&list_tag(subject)).map(|bytes| serde_json::from_slice(bytes).unwrap())
}

#[tokio::test]
async fn without_a_list_of_its_own_a_tag_stands_for_it() {
    let (server, image, repository) = setting().await;
    push(&repository, &image).await.unwrap();
    let one = repository.attach(&image.digest, &attachment("one")).await.unwrap();
    let two = repository.attach(&image.digest, &attachment("two")).await.unwrap();
    assert_eq!(repository.attach(&image.digest, &attachment("one")).await.unwrap(), one, "the same again");
    let found = repository.referrers(&image.digest).await.unwrap();
    assert_eq!(found, [listed(one, "one"), listed(two, "two")]);
    let attached = repository.attached(&one, 100).await.unwrap().unwrap();
    assert_eq!(
        (attached.subject, attached.media_type.as_str(), attached.content.as_slice()),
        (Some(image.digest), KIND, &b"one"[..])
    );
    let list = list(&server, &image.digest).unwrap();
    assert_eq!(list["mediaType"], "application/vnd.oci.image.index.v1+json");
    assert_eq!(list["manifests"][0]["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(repository.tags().await.unwrap(), Vec::<String>::new(), "the list is no tag of an image");
}

#[tokio::test]
async fn what_others_wrote_into_the_list_stays_whatever_it_is() {
    let (server, image, repository) = setting().await;
    push(&repository, &image).await.unwrap();
    let theirs = json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": other(), "size": 3, "x": [1],
    });
    let before = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [theirs], "annotations": { "a": "b" } });
    server.state().manifests.insert(list_tag(&image.digest), before.to_string().into_bytes());
    repository.attach(&image.digest, &attachment("ours")).await.unwrap();
    let after = list(&server, &image.digest).unwrap();
    assert_eq!((&after["manifests"][0], &after["annotations"]["a"]), (&theirs, &json!("b")));
    assert_eq!(after["manifests"].as_array().unwrap().len(), 2);

    server.state().manifests.insert(list_tag(&image.digest), b"{}".to_vec());
    let refused = repository.attach(&image.digest, &attachment("more")).await;
    assert!(refused.is_err(), "what is no list is not written over");
}

#[tokio::test]
async fn a_registry_that_keeps_a_list_gets_no_tag() {
    let (server, image, repository) = setting().await;
    server.state().keeps_referrers = true;
    push(&repository, &image).await.unwrap();
    let mut expected = Vec::new();
    for content in ["one", "two", "three"] {
        expected.push(repository.attach(&image.digest, &attachment(content)).await.unwrap());
    }
    assert_eq!(server.count("GET /v2/site/referrers"), 0, "its word was enough");
    let found = repository.referrers(&image.digest).await.unwrap();
    let mut found: Vec<Digest> = found.iter().map(|referrer| referrer.digest).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected, "of all pages");
    assert_eq!(server.count("GET /v2/site/referrers"), 2);
    assert_eq!(list(&server, &image.digest), None);
    // One that keeps a list and does not say so is looked at.
    server.fault("PUT /v2/site/manifests/sha256:", Fault::NoHeaders);
    repository.attach(&image.digest, &attachment("four")).await.unwrap();
    assert_eq!(list(&server, &image.digest), None);
}

/// Another host's list arrives while ours is made: nothing is written over it.
#[tokio::test]
async fn what_another_host_wrote_meanwhile_stays() {
    let (server, image, repository) = setting().await;
    push(&repository, &image).await.unwrap();
    let theirs = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{ "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": other(), "size": 3 }] });
    server.state().written_before = Some((list_tag(&image.digest), theirs.to_string().into_bytes()));
    let ours = repository.attach(&image.digest, &attachment("ours")).await.unwrap();
    let list = list(&server, &image.digest).unwrap();
    let digests: Vec<_> =
        list["manifests"].as_array().unwrap().iter().map(|entry| &entry["digest"]).collect();
    assert_eq!(digests, [&json!(other()), &json!(ours)]);
}

/// Another host's list arrives right after ours: ours is read again, missed, and added.
#[tokio::test]
async fn an_entry_that_another_host_wrote_over_is_added_again() {
    let (server, image, repository) = setting().await;
    push(&repository, &image).await.unwrap();
    let theirs = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{ "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": other(), "size": 3 }] });
    server.state().written_over = Some((list_tag(&image.digest), theirs.to_string().into_bytes()));
    let ours = repository.attach(&image.digest, &attachment("ours")).await.unwrap();
    let list = list(&server, &image.digest).unwrap();
    let digests: Vec<_> =
        list["manifests"].as_array().unwrap().iter().map(|entry| &entry["digest"]).collect();
    assert_eq!(digests, [&json!(other()), &json!(ours)]);
}

#[tokio::test]
async fn nothing_is_put_beside_what_is_not_there_and_failures_are_told() {
    let (server, image, repository) = setting().await;
    let missing = repository.attach(&image.digest, &attachment("one")).await.unwrap_err();
    assert!(missing.to_string().contains("has no site@sha256:"), "{missing}");
    push(&repository, &image).await.unwrap();
    server.fault("PUT /v2/site/manifests/sha256-", Fault::Status(403, ""));
    let denied = repository.attach(&image.digest, &attachment("one")).await.unwrap_err();
    assert!(denied.to_string().contains("denies site:sha256-"), "{denied}");
    // It is taken up where it was left.
    repository.attach(&image.digest, &attachment("one")).await.unwrap();
    let large = repository.attach(&image.digest, &attachment("larger than that")).await.unwrap();
    assert_eq!(repository.attached(&large, 4).await.unwrap(), None, "no more is read than is allowed");
    let image: Result<_, RegistryError> = repository.artifact(&image.digest.to_string()).await;
    assert_eq!(image.unwrap().unwrap().subject, None);
}

/// Whatever one referrer is, it is no obstacle for the others.
#[tokio::test]
async fn what_is_not_there_or_is_something_else_is_nothing_that_is_attached() {
    let (server, image, repository) = setting().await;
    push(&repository, &image).await.unwrap();
    assert_eq!(repository.attached(&Digest::of(b"missing"), 100).await.unwrap(), None);
    let odd =
        [b"no manifest".to_vec(), json!({ "schemaVersion": 2, "manifests": [] }).to_string().into_bytes()];
    for bytes in odd {
        let digest = Digest::of(&bytes);
        server.state().manifests.insert(digest.to_string(), bytes);
        assert_eq!(repository.attached(&digest, 100).await.unwrap(), None);
    }
    let other = Digest::of(b"other");
    server.state().manifests.insert(other.to_string(), b"changed".to_vec());
    assert_eq!(repository.attached(&other, 100).await.unwrap(), None);

    let one = repository.attach(&image.digest, &attachment("one")).await.unwrap();
    server.fault("GET /v2/site/blobs", Fault::Status(404, ""));
    assert_eq!(repository.attached(&one, 100).await.unwrap(), None, "its content is gone");
    server.fault("GET /v2/site/manifests", Fault::Status(403, ""));
    assert!(repository.attached(&one, 100).await.is_err(), "that could not be asked");
    assert!(repository.attached(&one, 100).await.unwrap().is_some());
}

#[tokio::test]
async fn a_layout_holds_it_too() {
    let folder = TempDir::new().unwrap();
    let repository = LayoutRepository::new(folder.path().join("site"));
    let image = image();
    assert_eq!(repository.referrers(&image.digest).await.unwrap(), [], "there is no layout yet");
    repository.push(image.layout.root(), &image.digest, &Silent).await.unwrap();
    let one = repository.attach(&image.digest, &attachment("one")).await.unwrap();
    assert_eq!(repository.attach(&image.digest, &attachment("one")).await.unwrap(), one, "the same again");
    assert_eq!(repository.referrers(&image.digest).await.unwrap(), [listed(one, "one")]);
    assert_eq!(repository.referrers(&one).await.unwrap(), []);
    assert_eq!(repository.attached(&one, 100).await.unwrap().unwrap().content, b"one");
    assert_eq!(repository.attached(&image.digest, 1 << 20).await.unwrap().and_then(|it| it.subject), None);
    assert_eq!(repository.attached(&Digest::of(b"missing"), 100).await.unwrap(), None);
    let content = folder.path().join("site/blobs/sha256").join(Digest::of(b"one").hex());
    std::fs::write(&content, "two").unwrap();
    assert_eq!(repository.attached(&one, 100).await.unwrap(), None, "its content was changed");
    std::fs::remove_file(&content).unwrap();
    assert_eq!(repository.attached(&one, 100).await.unwrap(), None, "its content is gone");
    let index: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("site/index.json")).unwrap()).unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2);
    assert_eq!(index["manifests"][1]["artifactType"], KIND);
    assert_eq!(index["manifests"][1]["annotations"]["predicate"], "one");
    assert!(repository.attach(&Digest::of(b"missing"), &attachment("one")).await.is_err());
}
