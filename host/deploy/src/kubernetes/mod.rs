//! The Kubernetes target: manifests are applied server-side, and a deployment is done once everything is healthy.
//!
//! ```text
//! sources -> images -> marks -> kinds and namespaces      what is to be there (`session`)
//!   -> trial -> check                                     would the cluster take all of it?
//!   -> new                                                what nothing uses yet is made, or all of it taken away
//!   -> apply, stage by stage -> rollout                   until it is healthy
//!   -> prune -> record                                    what is gone goes; what is healthy is remembered
//! ```

pub(crate) mod access;
mod apply;
mod check;
mod deploy;
mod error;
mod identity;
mod images;
mod job_check;
mod kinds;
mod manifest;
mod new;
mod objects;
mod observe;
mod options;
mod order;
mod preview;
mod prune;
mod record;
mod refusal;
mod requests;
mod rollout;
mod session;
mod sources;
#[cfg(test)]
mod test_server;
mod tidy;
mod trial;

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    ports::{DeployFailure, Deployed, Deployment, Observation, PortFailure, Progress, Target},
    reference::RepositoryName,
};

pub use error::KubernetesError;
pub use job_check::{JobCheck, JobCheckOptions};
pub use options::{
    ClusterAccess, ImagePath, Impersonation, KubernetesOptions, ManifestSource, OnFailure, ReadyWhen,
};
pub use refusal::Refusal;
pub use rollout::{Failure, RolloutError};

/// Deploys to a Kubernetes cluster.
#[derive(Debug, Clone)]
pub struct KubernetesTarget {
    options: KubernetesOptions,
}

impl KubernetesTarget {
    /// A target with these options. Nothing is read or asked yet.
    #[must_use]
    pub fn new(options: KubernetesOptions) -> Self {
        Self { options }
    }
}

#[async_trait]
impl Target for KubernetesTarget {
    async fn deploy(
        &self,
        deployment: &Deployment,
        progress: &dyn Progress,
    ) -> Result<Deployed, DeployFailure> {
        deploy::deploy(&self.options, deployment, progress).await
    }

    async fn preview(
        &self,
        repository: &RepositoryName,
        digest: Option<&Digest>,
    ) -> Result<String, PortFailure> {
        Ok(preview::preview(&self.options, repository, digest).await?)
    }

    async fn observe(&self, deployment: &Deployment) -> Result<Observation, PortFailure> {
        Ok(observe::observe(&self.options, deployment).await?)
    }
}
