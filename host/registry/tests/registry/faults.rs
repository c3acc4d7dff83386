//! Registries that are down, slow, broken or lie.

use std::{
    fs,
    time::{Duration, Instant},
};

use plimsoll_core::{
    digest::Digest,
    ports::{FailureClass, ImageRepository as _},
};
use plimsoll_layout::Layout;
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};

use crate::{
    image::{image, options, registries},
    server::Fault,
    setting::{pull, push, pushed, setting, tag},
};

#[tokio::test]
async fn passing_failures_of_a_push_are_tried_again() {
    for (request, fault) in [
        ("HEAD /v2/site/blobs", Fault::Status(500, "")),
        ("POST", Fault::Status(503, "")),
        ("PUT /v2/site/blobs", Fault::Status(502, "")),
        ("PUT /v2/site/blobs", Fault::Silence),
        ("PUT /v2/site/manifests", Fault::Status(429, "")),
    ] {
        let (server, image, repository) = setting().await;
        server.fault(request, fault);
        let report = push(&repository, &image).await.unwrap();
        assert_eq!(report.blobs_sent, 2, "{request}");
        assert!(server.state().faults.is_empty(), "{request}");
    }
}

#[tokio::test]
async fn passing_failures_of_a_pull_are_tried_again() {
    for (request, fault) in [
        ("GET /v2/site/manifests", Fault::Status(500, "")),
        ("GET /v2/site/manifests", Fault::Truncated),
        ("GET /v2/site/blobs", Fault::Status(500, "")),
        ("GET /v2/site/blobs", Fault::Truncated),
        ("GET /v2/site/blobs", Fault::Silence),
    ] {
        let (server, image) = pushed().await;
        server.fault(request, fault);
        assert_eq!(pull(&server, ":v1").await.1.unwrap(), image.digest, "{request}");
        assert!(server.state().faults.is_empty(), "{request}");
    }
}

#[tokio::test]
async fn a_busy_registry_is_left_alone_for_longer() {
    let (server, _) = pushed().await;
    server.fault("GET /v2/site/manifests", Fault::Status(429, ""));
    let begun = Instant::now();
    pull(&server, ":v1").await.1.unwrap();
    assert!(begun.elapsed() >= options().first_pause * 10);
}

#[tokio::test]
async fn a_registry_that_keeps_failing_is_given_up() {
    let (server, image, repository) = setting().await;
    // Two blobs want to be uploaded, three times each.
    for _ in 0..6 {
        server.fault("POST", Fault::Status(500, ""));
    }
    let failure = push(&repository, &image).await.unwrap_err();
    let text = failure.to_string();
    assert!(text.starts_with("gave up after 3 tries: the registry 127.0.0.1:"), "{text}");
    assert!(text.ends_with("status 500"), "{text}");
    assert_eq!(failure.class, FailureClass::Outside);
    assert_eq!(server.count("PUT /v2/site/manifests"), 0);
}

#[tokio::test]
async fn a_slow_registry_is_given_up() {
    let (server, _) = pushed().await;
    for _ in 0..3 {
        server.fault("GET /v2/site/manifests", Fault::Silence);
    }
    let failure = pull(&server, ":v1").await.1.unwrap_err();
    assert!(failure.to_string().ends_with("did nothing for 0.5 s"), "{failure}");
}

#[tokio::test]
async fn a_registry_that_is_down_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let repository = registries(options()).repository(format!("{free}/site").parse().unwrap());
    let failure = push(&repository, &image()).await.unwrap_err();
    let text = failure.to_string();
    assert!(
        text.starts_with(&format!("gave up after 3 tries: cannot reach the registry {free}: ")),
        "{text}"
    );
    assert!(failure.hint.unwrap().contains("running"));
}

#[tokio::test]
async fn wrong_content_is_refused_and_leaves_nothing() {
    for request in ["GET /v2/site/manifests", "GET /v2/site/blobs"] {
        let (server, image) = pushed().await;
        server.fault(request, Fault::WrongContent);
        let (folder, result) = pull(&server, &format!("@{}", image.digest)).await;
        let failure = result.unwrap_err();
        assert!(failure.to_string().contains("is right"), "{request}: {failure}");
        assert_eq!(Layout::open(folder.path()).unwrap().has_blob(&image.digest).unwrap(), None, "{request}");
        // The blob beside it may just be getting its name on another thread.
        let left = || {
            let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
            names.filter(|name| name.to_string_lossy().starts_with(".incoming")).count()
        };
        let finished = async {
            while left() > 0 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(10), finished).await.unwrap();
    }
}

#[tokio::test]
async fn content_without_end_is_not_read() {
    let (server, image) = pushed().await;
    server.state().manifests.insert("huge".to_owned(), vec![b' '; (4 << 20) + 1]);
    let failure = pull(&server, ":huge").await.1.unwrap_err();
    assert!(failure.to_string().ends_with("more than 4194304 bytes"), "{failure}");

    let layer = image.layer.to_string();
    server.storage().blobs.get_mut(&layer).unwrap().push(b'x');
    let failure = pull(&server, ":v1").await.1.unwrap_err();
    assert!(failure.to_string().ends_with("more than 300000 bytes"), "{failure}");
}

#[tokio::test]
async fn a_lying_digest_is_refused_on_push() {
    let (server, image, repository) = setting().await;
    server.fault("GET /v2/site/manifests/sha256", Fault::LyingDigest);
    let failure = push(&repository, &image).await.unwrap_err();
    assert!(failure.to_string().contains(&Digest::of(b"a lie").to_string()), "{failure}");
}

#[tokio::test]
async fn headers_that_are_not_needed_may_be_missing() {
    let (server, image, repository) = setting().await;
    server.fault("PUT /v2/site/manifests/sha256", Fault::NoHeaders);
    server.fault("GET /v2/site/manifests/sha256", Fault::NoHeaders);
    push(&repository, &image).await.unwrap();
    server.fault("PUT /v2/site/manifests/v1", Fault::NoHeaders);
    repository.set_tag(&tag("v1"), &image.digest).await.unwrap();
    server.fault("HEAD /v2/site/manifests/v1", Fault::NoHeaders);
    assert_eq!(repository.resolve(&tag("v1")).await.unwrap(), Some(image.digest));
    assert!(server.state().faults.is_empty());
}

#[tokio::test]
async fn a_look_that_is_denied_leads_to_an_upload() {
    let (server, image, repository) = setting().await;
    server.fault("HEAD /v2/site/blobs", Fault::Status(403, ""));
    assert_eq!(push(&repository, &image).await.unwrap().blobs_sent, 2);
}

#[tokio::test]
async fn a_lying_digest_is_refused_on_tags() {
    let (server, image) = pushed().await;
    let repository = registries(options()).repository(server.repository());
    server.fault("GET /v2/site/manifests/v2", Fault::LyingDigest);
    let failure = repository.set_tag(&tag("v2"), &image.digest).await.unwrap_err();
    assert!(failure.to_string().contains("is right"), "{failure}");
    server.fault("GET /v2/site/manifests/v1", Fault::LyingDigest);
    let failure = pull(&server, ":v1").await.1.unwrap_err();
    assert!(failure.to_string().contains(&format!("and {} is right", image.digest)), "{failure}");
}

#[tokio::test]
async fn a_damaged_layer_is_not_pushed() {
    let (server, image, repository) = setting().await;
    fs::write(image.layout.blob_path(&image.layer), b"short").unwrap();
    let failure = push(&repository, &image).await.unwrap_err();
    assert!(failure.to_string().contains("has 5 bytes on disk and 300000 in its manifest"), "{failure}");

    fs::write(image.layout.blob_path(&image.layer), vec![0; 300_000]).unwrap();
    let failure = push(&repository, &image).await.unwrap_err();
    assert!(failure.to_string().ends_with("it was damaged or changed"), "{failure}");
    assert_eq!(server.count("PUT /v2/site/manifests"), 0);
    assert!(!server.storage().blobs.contains_key(&image.layer.to_string()));
}
