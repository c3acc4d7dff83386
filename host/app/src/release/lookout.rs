//! Looking at what runs: is it healthy, and is it still what was deployed?

use std::sync::Arc;

use futures_util::future::try_join_all;
use plimsoll_core::{
    names::EnvironmentName,
    ports::{Deployment, Journal, Observation, PortFailure, Progress, Target},
    reference::RepositoryName,
    release::ReleaseState,
};

use super::{ReleaseError, acts::Acts, order};
use crate::clock::Clock;

/// A view of all environments.
pub struct Lookout {
    /// What was deployed.
    pub journal: Arc<dyn Journal>,
    /// The repository whose images run.
    pub repository: RepositoryName,
    /// The environments, in the order of the configuration.
    pub targets: Vec<(EnvironmentName, Arc<dyn Target>)>,
    /// Tells the time.
    pub clock: Clock,
}

/// What was found where a release runs.
#[derive(Debug)]
pub struct Observed {
    /// The environment.
    pub environment: EnvironmentName,
    /// What was seen, or why nothing could be.
    pub observation: Result<Observation, PortFailure>,
    /// The release that runs there by the journal.
    release: ReleaseState,
}

impl Lookout {
    /// Looks at each environment where something runs, at all of them at once.
    ///
    /// # Errors
    /// The journal could not be read.
    pub async fn look(&self) -> Result<Vec<Observed>, ReleaseError> {
        let looks = self.targets.iter().map(|(name, target)| self.at(name, target.as_ref()));
        let looks = try_join_all(looks).await.map_err(ReleaseError::Journal)?;
        Ok(looks.into_iter().flatten().collect())
    }

    /// Records where the health changed, and tells whoever watches.
    ///
    /// # Errors
    /// The journal could not be written.
    pub async fn record(&self, seen: &[Observed], progress: &dyn Progress) -> Result<(), ReleaseError> {
        let acts = Acts { journal: self.journal.as_ref(), clock: self.clock };
        for Observed { environment, observation, release } in seen {
            let Ok(observation) = observation else { continue };
            let known = release.environment(environment).is_some_and(|stay| stay.observed_healthy);
            if observation.unhealthy.is_empty() != known {
                let reasons = observation.unhealthy.clone();
                let before = self.journal.release(&release.release).await.map_err(ReleaseError::Journal)?;
                progress.known(&before);
                progress.recorded(&acts.health(&release.release, environment.clone(), reasons).await?);
            }
        }
        Ok(())
    }

    async fn at(&self, name: &EnvironmentName, target: &dyn Target) -> Result<Option<Observed>, PortFailure> {
        let Some(standing) = order::standing(self.journal.as_ref(), name).await? else { return Ok(None) };
        let deployment = Deployment {
            release: standing.state.release.clone(),
            repository: self.repository.clone(),
            digest: standing.digest,
            version: standing.running.version,
            previous: None,
        };
        let observation = target.observe(&deployment).await;
        Ok(Some(Observed { environment: name.clone(), observation, release: standing.state }))
    }
}
