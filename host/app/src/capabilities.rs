//! What stands behind the capabilities `registry` and `history`.

use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_core::{
    contract::{Label, PassageState},
    decision::{LookupFailure, PastDeployment, PastRelease},
    digest::Digest,
    fact::Fact,
    names::{EnvironmentName, Tag},
    ports::{HistoryReader, ImageRepository, Journal, PortFailure, RegistryReader},
    release::ReleaseState,
};

/// The most entries one look-up into the history gives.
const MOST_ENTRIES: u32 = 256;

/// The capability `registry`: one image repository, the one of the configuration.
pub struct RepositoryCapability {
    /// The repository's name as policies are told it.
    pub written: String,
    /// The repository.
    pub repository: Arc<dyn ImageRepository>,
}

/// The capability `history`: the application's journal.
pub struct JournalCapability {
    /// The environments of the configuration; others are denied.
    pub environments: Vec<EnvironmentName>,
    /// The journal.
    pub journal: Arc<dyn Journal>,
}

impl RepositoryCapability {
    fn granted(&self, repository: &str) -> Result<(), LookupFailure> {
        if repository == self.written {
            return Ok(());
        }
        Err(LookupFailure::Denied(format!("only `{}` may be asked about", self.written)))
    }
}

#[async_trait]
impl RegistryReader for RepositoryCapability {
    async fn tags(&self, repository: &str) -> Result<Vec<String>, LookupFailure> {
        self.granted(repository)?;
        self.repository.tags().await.map_err(unavailable)
    }

    async fn digest(&self, repository: &str, tag: &str) -> Result<Option<String>, LookupFailure> {
        self.granted(repository)?;
        // A text that no tag can be is a tag that does not exist.
        let Ok(tag) = Tag::new(tag) else { return Ok(None) };
        let digest = self.repository.resolve(&tag).await.map_err(unavailable)?;
        Ok(digest.map(|digest| digest.to_string()))
    }

    async fn labels(&self, repository: &str, digest: &str) -> Result<Option<Vec<Label>>, LookupFailure> {
        self.granted(repository)?;
        let Ok(digest) = digest.parse::<Digest>() else { return Ok(None) };
        let labels = self.repository.labels(&digest).await.map_err(unavailable)?;
        Ok(labels.map(|labels| labels.into_iter().map(|(name, value)| Label { name, value }).collect()))
    }
}

#[async_trait]
impl HistoryReader for JournalCapability {
    async fn releases(&self, limit: u32) -> Result<Vec<PastRelease>, LookupFailure> {
        let openings = self.journal.openings(count(limit)).await.map_err(unavailable)?;
        let mut releases = Vec::with_capacity(openings.len());
        for opening in openings {
            let entries = self.journal.release(&opening.release).await.map_err(unavailable)?;
            releases.extend(ReleaseState::fold(&entries).map(past_release));
        }
        Ok(releases)
    }

    async fn deployments(&self, environment: &str, limit: u32) -> Result<Vec<PastDeployment>, LookupFailure> {
        let known = self.environments.iter().find(|known| known.as_str() == environment);
        let Some(known) = known else {
            return Err(LookupFailure::Denied(format!("there is no environment `{environment}`")));
        };
        let mut deployments = Vec::new();
        for entry in self.journal.environment(known, count(limit)).await.map_err(unavailable)? {
            let state = match &entry.fact {
                Fact::Deployed { .. } => PassageState::Deployed,
                Fact::StepFailed { .. } => PassageState::Failed,
                Fact::Superseded { .. } => PassageState::Superseded,
                _ => continue,
            };
            let entries = self.journal.release(&entry.release).await.map_err(unavailable)?;
            let Some(release) = ReleaseState::fold(&entries) else { continue };
            let Some(digest) = release.built else { continue };
            deployments.push(PastDeployment {
                release: entry.release.to_string(),
                state,
                digest: digest.to_string(),
                version: release.plan().and_then(|plan| plan.version.clone()),
                at: entry.at,
            });
        }
        Ok(deployments)
    }
}

fn past_release(state: ReleaseState) -> PastRelease {
    PastRelease {
        release: state.release.to_string(),
        opened: state.opened,
        version: state.plan().and_then(|plan| plan.version.clone()),
        digest: state.built.map(|digest| digest.to_string()),
        git_ref: state.opening.source.git_ref,
        commit: state.opening.source.commit.id,
    }
}

fn count(limit: u32) -> usize {
    usize::try_from(limit.min(MOST_ENTRIES)).unwrap_or(0)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function of `map_err`")]
fn unavailable(failure: PortFailure) -> LookupFailure {
    LookupFailure::Unavailable(failure.to_string())
}
