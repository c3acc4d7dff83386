//! Images on their way, when all is well.

use plimsoll_core::{
    digest::Digest,
    ports::{BaseImages as _, ImageRepository as _, PushReport, Silent},
};
use plimsoll_layout::Layout;

use crate::{
    image::{index, options, registries},
    setting::{pull, pull_for, push, pushed, setting, tag},
};

#[tokio::test]
async fn an_image_goes_there_and_comes_back() {
    let (server, image, repository) = setting().await;
    let report = push(&repository, &image).await.unwrap();
    assert_eq!((report.blobs_sent, report.blobs_present), (2, 0));
    assert_eq!(repository.resolve(&tag("v1")).await.unwrap(), None);
    assert_eq!(repository.tags().await.unwrap(), [""; 0]);

    repository.set_tag(&tag("v1"), &image.digest).await.unwrap();
    assert_eq!(repository.resolve(&tag("v1")).await.unwrap(), Some(image.digest));
    assert_eq!(repository.tags().await.unwrap(), ["v1"]);
    assert_eq!(repository.labels(&image.digest).await.unwrap().unwrap()["team"], "web");
    assert_eq!(repository.labels(&Digest::of(b"missing")).await.unwrap(), None);

    let (folder, digest) = pull(&server, ":v1").await;
    assert_eq!(digest.unwrap(), image.digest);
    let layout = Layout::open(folder.path()).unwrap();
    for blob in [image.digest, image.configuration, image.layer] {
        let limit = 1 << 20;
        assert_eq!(layout.read_blob(&blob, limit).unwrap(), image.layout.read_blob(&blob, limit).unwrap());
    }
}

#[tokio::test]
async fn an_index_goes_there_after_its_images() {
    let (server, _, repository) = setting().await;
    let (image, index) = index();
    let report = repository.push(image.layout.root(), &index, &Silent).await.unwrap();
    assert_eq!((report.blobs_sent, report.blobs_present), (3, 0), "the layer of both is sent once");
    let last = server.state().seen.iter().rfind(|request| request.starts_with("PUT")).cloned();
    assert_eq!(last, Some(format!("PUT /v2/site/manifests/{index}")));
    repository.set_tag(&tag("v1"), &index).await.unwrap();
    for platform in ["linux/amd64", "linux/arm64"] {
        pull_for(&server, ":v1", platform).await.1.unwrap();
    }
}

#[tokio::test]
async fn blobs_may_be_sent_ahead() {
    let (_server, image, repository) = setting().await;
    let layout = image.layout.root();
    let ahead = repository.push_blob(layout, &image.layer, &Silent).await.unwrap();
    assert_eq!(ahead, PushReport { blobs_sent: 1, blobs_present: 0, bytes_sent: 300_000 });
    let again = repository.push_blob(layout, &image.layer, &Silent).await.unwrap();
    assert_eq!((again.blobs_sent, again.blobs_present), (0, 1));
    let report = push(&repository, &image).await.unwrap();
    assert_eq!((report.blobs_sent, report.blobs_present), (1, 1));
    assert!(repository.push_blob(layout, &Digest::of(b"missing"), &Silent).await.is_err());
}

#[tokio::test]
async fn what_is_there_is_not_sent_again() {
    let (server, image, repository) = setting().await;
    push(&repository, &image).await.unwrap();
    let again = push(&repository, &image).await.unwrap();
    assert_eq!(again, PushReport { blobs_sent: 0, blobs_present: 2, bytes_sent: 0 });
    assert_eq!(server.count("PUT /v2/site/blobs"), 2);
}

#[tokio::test]
async fn what_is_here_is_not_fetched_again() {
    let (server, image) = pushed().await;
    let reference = format!("{}@{}", server.repository(), image.digest).parse().unwrap();
    let platforms = ["linux/amd64".parse().unwrap()];
    let base = registries(options());
    let digests = base.fetch(&reference, &platforms, image.layout.root(), &Silent).await.unwrap();
    assert_eq!((digests, server.count("GET")), (vec![image.digest], 0));
}

#[tokio::test]
async fn the_old_manifest_format_is_refused() {
    let (server, _) = pushed().await;
    server.state().manifests.insert("old".to_owned(), br#"{"schemaVersion":1,"fsLayers":[]}"#.to_vec());
    let failure = pull(&server, ":old").await.1.unwrap_err();
    assert!(failure.to_string().contains("schema 1"), "{failure}");
}

#[tokio::test]
async fn tags_come_in_pages() {
    let (server, image) = pushed().await;
    let repository = registries(options()).repository(server.repository());
    for name in ["v2", "v3", "v4", "v5"] {
        repository.set_tag(&tag(name), &image.digest).await.unwrap();
    }
    server.state().seen.clear();
    assert_eq!(repository.tags().await.unwrap(), ["v1", "v2", "v3", "v4", "v5"]);
    // The last page is the empty one.
    assert_eq!(server.count("GET /v2/site/tags/list"), 4);

    server.state().no_pages = true;
    assert_eq!(repository.tags().await.unwrap(), ["v1", "v2", "v3", "v4", "v5"]);
}

#[tokio::test]
async fn a_tag_needs_its_manifest() {
    let (_server, image, repository) = setting().await;
    let failure = repository.set_tag(&tag("v1"), &image.digest).await.unwrap_err();
    assert!(failure.to_string().contains("has no site@sha256:"), "{failure}");
}
