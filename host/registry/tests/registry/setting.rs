//! What most tests begin with.

use plimsoll_core::{
    digest::Digest,
    names::Tag,
    ports::{BaseImages as _, ImageRepository as _, PortFailure, PushReport, Silent},
    reference::ImageReference,
};
use plimsoll_registry::RegistryRepository;
use tempfile::TempDir;

use crate::{
    image::{Image, image, options, registries},
    server::FaultServer,
};

/// A registry, an image, and the repository to push it to.
pub(crate) async fn setting() -> (FaultServer, Image, RegistryRepository) {
    let server = FaultServer::start().await;
    let repository = registries(options()).repository(server.repository());
    (server, image(), repository)
}

/// A registry with an image that is tagged `v1`.
pub(crate) async fn pushed() -> (FaultServer, Image) {
    let (server, image, repository) = setting().await;
    push(&repository, &image).await.unwrap();
    repository.set_tag(&tag("v1"), &image.digest).await.unwrap();
    server.state().seen.clear();
    (server, image)
}

pub(crate) async fn push(repository: &RegistryRepository, image: &Image) -> Result<PushReport, PortFailure> {
    repository.push(image.layout.root(), &image.digest, &Silent).await
}

/// Pulls `:tag` or `@digest` for linux/amd64 into a new layout.
pub(crate) async fn pull(server: &FaultServer, target: &str) -> (TempDir, Result<Digest, PortFailure>) {
    pull_for(server, target, "linux/amd64").await
}

pub(crate) async fn pull_for(
    server: &FaultServer,
    target: &str,
    platform: &str,
) -> (TempDir, Result<Digest, PortFailure>) {
    let folder = TempDir::new().unwrap();
    let reference: ImageReference = format!("{}{target}", server.repository()).parse().unwrap();
    let platforms = [platform.parse().unwrap()];
    let digests = registries(options()).fetch(&reference, &platforms, folder.path(), &Silent).await;
    (folder, digests.map(|digests| digests[0]))
}

pub(crate) fn tag(name: &str) -> Tag {
    Tag::new(name).unwrap()
}
