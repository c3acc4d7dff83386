//! Layers of base images, which a registry has already in another repository.

use plimsoll_core::ports::{BaseImages as _, ImageRepository as _, Silent};
use plimsoll_registry::Registries;
use plimsoll_support::{Break, DebianRegistry, FaultProxy, Requirement, Seen, require};

use crate::{
    image::{Image, image, in_pieces, registries},
    setting::tag,
};

/// A registry with a base image in the repository `base`, a proxy before it, and a program that has fetched that image.
async fn fetched() -> (DebianRegistry, FaultProxy, Registries, Image) {
    let registry = DebianRegistry::start();
    let proxy = FaultProxy::start(registry.address());
    let (all, image) = (registries(in_pieces()), image());
    let base = all.repository(format!("{}/base", proxy.address()).parse().unwrap());
    base.push(image.layout.root(), &image.digest, &Silent).await.unwrap();
    base.set_tag(&tag("v1"), &image.digest).await.unwrap();
    let reference = format!("{}/base:v1", proxy.address()).parse().unwrap();
    let platforms = ["linux/amd64".parse().unwrap()];
    // It is in the layout already, which is no reason not to know where it came from.
    all.fetch(&reference, &platforms, image.layout.root(), &Silent).await.unwrap();
    (registry, proxy, all, image)
}

/// Pushes the image to the repository `site`; answers the requests.
async fn push_to_site(proxy: &FaultProxy, all: &Registries, image: &Image) -> Vec<Seen> {
    let known = proxy.seen().len();
    let site = all.repository(format!("{}/site", proxy.address()).parse().unwrap());
    let report = site.push(image.layout.root(), &image.digest, &Silent).await.unwrap();
    assert_eq!(report.blobs_sent + report.blobs_present, 2);
    proxy.seen().split_off(known)
}

fn bytes(seen: &[Seen]) -> u64 {
    seen.iter().filter(|seen| seen.line.contains("/blobs/")).map(|seen| seen.passed_on).sum()
}

#[tokio::test]
async fn a_layer_of_the_base_image_is_mounted_and_not_sent() {
    require!(Requirement::Registry);
    let (registry, proxy, all, image) = fetched().await;
    let seen = push_to_site(&proxy, &all, &image).await;
    assert_eq!(bytes(&seen), 0, "{seen:?}");
    assert_eq!(seen.iter().filter(|seen| seen.line.starts_with("POST")).count(), 2);
    assert_eq!(registry.manifest("site", &image.digest.to_string())["schemaVersion"], 2);
}

#[tokio::test]
async fn where_nothing_can_be_mounted_it_is_sent() {
    require!(Requirement::Registry);
    // 201 is a promise that nothing follows from.
    for (status, headers) in [(405, ""), (400, ""), (404, ""), (403, ""), (201, "")] {
        let (_registry, proxy, all, image) = fetched().await;
        // The look, and then the mount, of the first blob.
        proxy.break_request(1, Break::Answer(status, headers));
        let seen = push_to_site(&proxy, &all, &image).await;
        assert!(bytes(&seen) > 0, "{status}");
    }
    // One that never had it begins an upload instead.
    let (registry, proxy, all, image) = fetched().await;
    registry.delete("base", &image.digest.to_string());
    for blob in [image.layer, image.configuration] {
        registry.delete_blob("base", &blob.to_string());
    }
    let seen = push_to_site(&proxy, &all, &image).await;
    assert_eq!(seen.iter().filter(|seen| seen.line.starts_with("POST")).count(), 2);
    assert!(bytes(&seen) > 300_000);
    assert_eq!(registry.manifest("site", &image.digest.to_string())["schemaVersion"], 2);
}
