//! Targets: how an environment is deployed to.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{PortFailure, Progress};
use crate::{digest::Digest, names::ReleaseId, reference::RepositoryName};

/// Where one environment lives.
#[async_trait]
pub trait Target: Send + Sync {
    /// Makes the environment run the image, and comes back once it does. Doing it again is harmless.
    ///
    /// # Errors
    /// The environment does not run the image; the failure says what it runs instead.
    async fn deploy(
        &self,
        deployment: &Deployment,
        progress: &dyn Progress,
    ) -> Result<Deployed, DeployFailure>;

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

    /// How the environment really is, beside what was deployed to it last.
    ///
    /// # Errors
    /// It could not be found out.
    async fn observe(&self, deployment: &Deployment) -> Result<Observation, PortFailure>;
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
    /// What the journal knows to run there, healthy: where a failed deployment goes back to.
    pub previous: Option<Previous>,
}

/// A deployment that came before, and was healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// Its release.
    pub release: ReleaseId,
    /// Its image.
    pub digest: Digest,
}

/// A deployment that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Whether the target reports it healthy.
    pub healthy: bool,
    /// Where to look, for people.
    pub location: String,
}

/// A deployment that failed.
#[derive(Debug, thiserror::Error)]
#[error("{failure}")]
pub struct DeployFailure {
    /// Why.
    pub failure: PortFailure,
    /// What the environment runs now.
    pub aftermath: Aftermath,
}

/// What an environment runs after a deployment failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aftermath {
    /// What it ran before: nothing was changed.
    Unchanged,
    /// What it ran before: it was brought back, and is healthy again.
    RolledBack,
    /// Not known, or parts of what failed.
    Left,
}

/// How an environment really is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// Why it is not healthy, a sentence each; none: it is healthy.
    pub unhealthy: Vec<String>,
    /// What differs from the deployment, a sentence each, such as an image that somebody else set.
    pub drift: Vec<String>,
}

/// A failure before anything was changed.
impl From<PortFailure> for DeployFailure {
    fn from(failure: PortFailure) -> Self {
        Self { failure, aftermath: Aftermath::Unchanged }
    }
}
