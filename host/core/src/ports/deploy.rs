//! Targets: how an environment is deployed to.

use async_trait::async_trait;

use super::{PortFailure, Progress};
use crate::{digest::Digest, names::ReleaseId, reference::RepositoryName};

/// Where one environment lives.
#[async_trait]
pub trait Target: Send + Sync {
    /// Makes the environment run the image. Doing it again is harmless; a failure leaves what ran before.
    ///
    /// # Errors
    /// The environment does not run the image.
    async fn deploy(&self, deployment: &Deployment, progress: &dyn Progress)
    -> Result<Deployed, PortFailure>;

    /// What `deploy` would change, as text for people; empty when nothing would. The digest is absent in a dry run
    /// whose image was never built.
    ///
    /// # Errors
    /// It could not be found out.
    async fn preview(
        &self,
        repository: &RepositoryName,
        digest: Option<&Digest>,
    ) -> Result<String, PortFailure>;
}

/// What to deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The release that it belongs to.
    pub release: ReleaseId,
    /// The repository whose images the manifests name.
    pub repository: RepositoryName,
    /// The image.
    pub digest: Digest,
    /// Its version, for people.
    pub version: Option<String>,
}

/// A deployment that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Whether the target reports it healthy.
    pub healthy: bool,
    /// Where to look, for people.
    pub location: String,
}
