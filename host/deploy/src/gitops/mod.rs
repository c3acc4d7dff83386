//! The GitOps target: digests go into a repository that Argo CD or Flux follows.

mod checkout;
mod error;
mod git;
mod message;
mod options;
mod publish;
mod redact;
mod wait;
mod write;

use std::time::Duration;

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    names::Tag,
    ports::{
        Activity, Aftermath, DeployFailure, Deployed, Deployment, Observation, PortFailure, Previous,
        Progress, Target,
    },
    reference::RepositoryName,
};
use tokio::time::{Instant, sleep};

pub use error::GitOpsError;
pub use options::{GitOpsOptions, GitOpsWait, GitOpsWrite};
use publish::{Published, Publisher};
use write::{Change, TagBeside};

use crate::{diff, directory::NOT_BUILT};

/// How long between two looks for a merge.
const MERGE_GLANCE: Duration = Duration::from_secs(5);

/// Writes digests into a Git repository, and waits for the cluster where it is told one.
///
/// Nothing older over anything newer is the business of the environment's lease in the journal. Here the last deployment
/// wins over whatever else is on the branch, and its commit says what it replaces.
#[derive(Debug, Clone)]
pub struct GitOpsTarget {
    options: GitOpsOptions,
}

impl GitOpsTarget {
    /// A target with these options. Nothing is read or written yet.
    #[must_use]
    pub fn new(options: GitOpsOptions) -> Self {
        Self { options }
    }

    fn publisher(&self) -> Publisher<'_> {
        Publisher::new(&self.options)
    }

    /// Whether the branch that is followed has the change by the time given.
    async fn is_merged_by(&self, change: &Change, deadline: Instant) -> Result<bool, GitOpsError> {
        loop {
            if self.publisher().missing(change).await?.new.is_empty() {
                return Ok(true);
            }
            if Instant::now() + MERGE_GLANCE > deadline {
                return Ok(false);
            }
            sleep(MERGE_GLANCE).await;
        }
    }

    /// Waits as long as it is told to; whether the digest is healthy then.
    async fn settle(&self, deployment: &Deployment, published: &Published) -> Result<bool, GitOpsError> {
        let Some(wait) = &self.options.wait else { return Ok(published.followed) };
        let deadline = Instant::now() + wait.timeout;
        // Who merges pull requests takes their time, which is no failure.
        if !published.followed && !self.is_merged_by(&change(deployment), deadline).await? {
            return Ok(false);
        }
        wait::until_healthy(wait, &deployment.repository, &deployment.digest).await?;
        Ok(true)
    }

    /// What to do about a digest that was pushed and did not become healthy: where the host pushed it to the branch
    /// itself, the one before comes back, unless somebody else went on from there.
    async fn take_back(&self, deployment: &Deployment) -> Aftermath {
        let (Some(wait), Some(previous)) = (&self.options.wait, &deployment.previous) else {
            return Aftermath::Left;
        };
        if self.options.pull_request.is_some() || previous.digest == deployment.digest {
            return Aftermath::Left;
        }
        let back = back_to(deployment, previous);
        let publisher = self.publisher();
        let order = publisher.order(&back, change(&back)).instead_of(deployment, change(deployment));
        if publisher.publish(&order).await.is_err() {
            return Aftermath::Left;
        }
        match wait::until_healthy(wait, &back.repository, &back.digest).await {
            Ok(()) => Aftermath::RolledBack,
            Err(_) => Aftermath::Left,
        }
    }

    async fn look(&self, deployment: &Deployment) -> Result<Observation, GitOpsError> {
        let mut observation = Observation::default();
        let missing = self.publisher().missing(&change(deployment)).await?;
        let branch = &self.options.branch;
        if !missing.new.is_empty() {
            let held = if missing.before.is_empty() {
                "nothing of it".to_owned()
            } else {
                missing.before.join(", ")
            };
            let holds = format!("the branch {branch} holds {held}");
            match self.publisher().pending(deployment).await? {
                Some(request) => {
                    observation.unhealthy.push(format!("{holds}; the branch {request} waits to be merged"));
                }
                None => observation.drift.push(holds),
            }
        }
        if let Some(wait) = &self.options.wait {
            let reasons = wait::unhealthy(wait, &deployment.repository, &deployment.digest).await?;
            observation.unhealthy.extend(reasons);
        }
        Ok(observation)
    }
}

/// What a deployment writes.
fn change(deployment: &Deployment) -> Change {
    let tag = deployment.version.as_deref().and_then(|version| Tag::new(version).ok());
    Change {
        repository: deployment.repository.clone(),
        digest: deployment.digest.to_string(),
        tag: TagBeside::Set(tag.map(|tag| tag.to_string()).unwrap_or_default()),
    }
}

/// The deployment before, of which only release and digest are known.
fn back_to(deployment: &Deployment, previous: &Previous) -> Deployment {
    Deployment {
        release: previous.release.clone(),
        repository: deployment.repository.clone(),
        digest: previous.digest,
        version: None,
        previous: None,
    }
}

#[async_trait]
impl Target for GitOpsTarget {
    async fn deploy(
        &self,
        deployment: &Deployment,
        progress: &dyn Progress,
    ) -> Result<Deployed, DeployFailure> {
        let publisher = self.publisher();
        let published = publisher.publish(&publisher.order(deployment, change(deployment))).await;
        let published = published.map_err(PortFailure::from)?;
        progress.activity(Activity::Line(&published.location));
        match self.settle(deployment, &published).await {
            Ok(healthy) => Ok(Deployed { healthy, location: published.location }),
            Err(error) => {
                let aftermath = match error {
                    GitOpsError::NotHealthy { .. } => self.take_back(deployment).await,
                    _ => Aftermath::Left,
                };
                Err(DeployFailure { failure: error.into(), aftermath })
            }
        }
    }

    async fn preview(
        &self,
        repository: &RepositoryName,
        digest: Option<&Digest>,
    ) -> Result<String, PortFailure> {
        let digest = digest.map_or_else(|| NOT_BUILT.trim_start_matches('@').to_owned(), Digest::to_string);
        let change = Change { repository: repository.clone(), digest, tag: TagBeside::Keep };
        let writing = self.publisher().missing(&change).await?;
        Ok(diff::unified(&writing.old, &writing.new))
    }

    async fn observe(&self, deployment: &Deployment) -> Result<Observation, PortFailure> {
        Ok(self.look(deployment).await?)
    }
}
