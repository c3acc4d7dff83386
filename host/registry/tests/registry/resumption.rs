//! Transfers that break off, and registries that want to be left alone.

use std::time::{Duration, Instant};

use plimsoll_core::ports::{PortFailure, PushReport};
use plimsoll_registry::RegistryOptions;

use crate::{
    image::{Image, in_pieces, options, registries},
    server::{Fault, FaultServer},
    setting::{pull, push, pushed, setting},
};

/// Bytes of the layer.
const LAYER: usize = 300_000;

async fn push_in_pieces(server: &FaultServer, image: &Image) -> Result<PushReport, PortFailure> {
    push(&registries(in_pieces()).repository(server.repository()), image).await
}

/// Bytes of the configuration, which always goes whole.
fn configuration(image: &Image) -> usize {
    usize::try_from(image.layout.has_blob(&image.configuration).unwrap().unwrap()).unwrap()
}

#[tokio::test]
async fn large_blobs_go_in_pieces_and_small_ones_whole() {
    let (server, image, _) = setting().await;
    server.storage().relative = true;
    let report = push_in_pieces(&server, &image).await.unwrap();
    assert_eq!(report.blobs_sent, 2);
    assert_eq!(server.count("PATCH"), 3);
    assert_eq!(server.count("PUT /v2/site/blobs"), 2);
    assert_eq!(server.count("GET /v2/site/blobs"), 0);
}

#[tokio::test]
async fn the_least_that_a_registry_takes_in_one_piece_is_kept_to() {
    for (least, pieces) in [(50_000, 3), (200_000, 2), (LAYER as u64, 0)] {
        let (server, image, _) = setting().await;
        server.storage().least = Some(least);
        push_in_pieces(&server, &image).await.unwrap();
        assert_eq!(server.count("PATCH"), pieces, "{least}");
    }
}

/// However a piece breaks off, no byte that the registry has is sent again.
#[tokio::test]
async fn an_upload_goes_on_where_it_broke_off() {
    for fault in [Fault::Cut(0), Fault::Cut(40_000), Fault::CutAfter, Fault::Status(502, ""), Fault::Silence]
    {
        let (server, image, _) = setting().await;
        server.fault("PATCH", fault.clone());
        server.fault("PATCH", fault.clone());
        push_in_pieces(&server, &image).await.unwrap();
        assert!(server.state().faults.is_empty(), "{fault:?}");
        assert_eq!(server.storage().taken, LAYER + configuration(&image), "{fault:?}");
        assert_eq!(server.count("POST"), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn tries_count_anew_whenever_an_upload_got_on() {
    let (server, image, _) = setting().await;
    // More failures than tries, and a little more comes each time.
    for _ in 0..10 {
        server.fault("PATCH", Fault::Cut(10_000));
    }
    push_in_pieces(&server, &image).await.unwrap();
    assert_eq!(server.storage().taken, LAYER + configuration(&image));
}

#[tokio::test]
async fn an_upload_that_was_forgotten_begins_anew() {
    let (server, image, _) = setting().await;
    server.fault("PATCH", Fault::Cut(100_000));
    server.fault("PATCH", Fault::Restart);
    push_in_pieces(&server, &image).await.unwrap();
    assert!(server.state().faults.is_empty());
    assert_eq!(server.count("POST"), 3);
    assert_eq!(server.storage().blobs.len(), 2);
}

#[tokio::test]
async fn a_registry_that_takes_no_pieces_gets_blobs_whole() {
    let (server, image, _) = setting().await;
    server.storage().whole_only = true;
    push_in_pieces(&server, &image).await.unwrap();
    assert_eq!((server.count("PATCH"), server.count("POST")), (1, 3));
    assert_eq!(server.storage().taken, LAYER + configuration(&image));

    let (server, image, _) = setting().await;
    server.fault("PATCH", Fault::Status(501, ""));
    push_in_pieces(&server, &image).await.unwrap();
    assert_eq!(server.count("PATCH"), 1);
}

#[tokio::test]
async fn what_a_registry_only_says_it_took_is_sent_again() {
    for (request, lie) in [
        // It says nothing of how much it has, and it has nothing of this piece: the next one does not fit.
        ("PATCH", Fault::Status(202, "")),
        // It took no more than it had.
        ("PATCH", Fault::Status(202, "Range: 0-0\r\n")),
        ("PUT /v2/site/blobs", Fault::Status(201, "")),
        ("PUT /v2/site/manifests", Fault::Status(201, "")),
    ] {
        let (server, image, _) = setting().await;
        server.fault(request, lie);
        push_in_pieces(&server, &image).await.unwrap();
        assert!(server.state().faults.is_empty(), "{request}");
        assert_eq!(server.storage().blobs.len(), 2, "{request}");
        assert!(server.state().manifests.contains_key(&image.digest.to_string()), "{request}");
    }
}

#[tokio::test]
async fn a_registry_that_keeps_lying_is_found_out() {
    let (server, image, _) = setting().await;
    for _ in 0..3 {
        server.fault("PUT /v2/site/blobs", Fault::Status(201, ""));
    }
    let failure = push_in_pieces(&server, &image).await.unwrap_err();
    assert!(failure.to_string().contains("lost what was sent of blob"), "{failure}");
    assert_eq!(server.count("PUT /v2/site/manifests"), 0);
}

#[tokio::test]
async fn a_digest_that_is_not_ours_ends_the_push() {
    for request in ["PUT /v2/site/blobs", "HEAD /v2/site/blobs", "PUT /v2/site/manifests"] {
        let (server, image, _) = setting().await;
        if request.starts_with("HEAD") {
            // Not the look before, but the one after.
            server.fault("HEAD", Fault::Status(404, ""));
        }
        server.fault(request, Fault::LyingDigest);
        let failure = push_in_pieces(&server, &image).await.unwrap_err();
        assert!(failure.to_string().contains("is right"), "{request}: {failure}");
    }
}

#[tokio::test]
async fn a_registry_that_says_when_to_come_back_is_obeyed() {
    let (server, image, repository) = setting().await;
    // More often than anything is tried.
    for _ in 0..5 {
        server.fault("POST", Fault::Status(429, "Retry-After: 0\r\n"));
    }
    server.fault("PUT /v2/site/manifests", Fault::Status(503, "Retry-After: 1\r\n"));
    let begun = Instant::now();
    push(&repository, &image).await.unwrap();
    assert!(server.state().faults.is_empty());
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn nobody_waits_for_ever_for_a_busy_registry() {
    let (server, image, repository) = setting().await;
    server.fault("POST", Fault::Status(429, "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"));
    let failure = push(&repository, &image).await.unwrap_err();
    let text = failure.to_string();
    assert!(text.contains("wants to be left alone for") && text.contains("status 429"), "{text}");

    // After something short also, which is added to.
    let (server, image, repository) = setting().await;
    server.fault("POST", Fault::Status(503, "Retry-After: 0\r\n"));
    server.fault("POST", Fault::Status(503, "Retry-After: 18446744073709551615\r\n"));
    let failure = push(&repository, &image).await.unwrap_err();
    assert!(failure.to_string().contains("wants to be left alone"), "{failure}");

    let (server, image, _) = setting().await;
    for _ in 0..100 {
        server.fault("POST", Fault::Status(429, "Retry-After: 0\r\n"));
    }
    let options = RegistryOptions { busy_timeout: Duration::from_millis(50), transfers: 1, ..options() };
    let failure = push(&registries(options).repository(server.repository()), &image).await.unwrap_err();
    assert!(failure.to_string().contains("wants to be left alone"), "{failure}");
}

#[tokio::test]
async fn a_pull_goes_on_where_it_broke_off() {
    let (server, image) = pushed().await;
    server.fault("GET /v2/site/manifests", Fault::Truncated);
    for _ in 0..5 {
        server.fault("GET /v2/site/blobs", Fault::Truncated);
    }
    assert_eq!(pull(&server, ":v1").await.1.unwrap(), image.digest);
    assert!(server.state().faults.is_empty());
    let ranges = server.state().ranges.clone();
    assert!(ranges.contains(&"bytes=150000-".to_owned()), "{ranges:?}");
}

#[tokio::test]
async fn a_registry_that_gives_no_parts_gives_all_again() {
    let (server, image) = pushed().await;
    server.storage().no_parts = true;
    for _ in 0..2 {
        server.fault("GET /v2/site/blobs", Fault::Truncated);
    }
    assert_eq!(pull(&server, ":v1").await.1.unwrap(), image.digest);
}

#[tokio::test]
async fn a_part_that_was_not_asked_for_is_refused() {
    let (server, _) = pushed().await;
    server.storage().no_parts = true;
    let part = Fault::Status(206, "Content-Range: bytes 7-8/9\r\n");
    server.fault("GET /v2/site/blobs", part.clone());
    server.fault("GET /v2/site/blobs", part);
    let failure = pull(&server, ":v1").await.1.unwrap_err();
    assert!(failure.to_string().contains("another part of it than was asked for"), "{failure}");
}
