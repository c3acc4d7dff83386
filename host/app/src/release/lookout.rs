//! Looking at what runs: is it healthy, and is it still what was deployed?

use std::sync::Arc;

use futures_util::future::try_join_all;
use plimsoll_core::{
    names::EnvironmentName,
    ports::{Deployment, Journal, LeaseScope, Observation, PortFailure, Progress, Target},
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
    /// Since when.
    since: i64,
}

impl Observed {
    /// What is to be recorded beside what is known, if anything: the health, false with its reasons. Nothing becomes healthy by
    /// something else that runs in its place.
    fn change(&self, known: &ReleaseState) -> Option<Vec<String>> {
        let Observation { unhealthy, drift } = self.observation.as_ref().ok()?;
        let healthy = known.environment(&self.environment).is_some_and(|stay| stay.observed_healthy);
        let changed = if healthy { !unhealthy.is_empty() } else { unhealthy.is_empty() && drift.is_empty() };
        changed.then(|| unhealthy.clone())
    }
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
        for observed in seen.iter().filter(|observed| observed.change(&observed.release).is_some()) {
            let (environment, release) = (&observed.environment, &observed.release.release);
            // Looking takes its time. Whoever deploys there now, or did, or recorded the same, knows better.
            let scope = LeaseScope::Environment(environment.clone());
            let lease = self.journal.try_lease(&scope).await.map_err(ReleaseError::Journal)?;
            let Some(_lease) = lease else { continue };
            let standing = order::standing(self.journal.as_ref(), environment).await;
            let standing = standing.map_err(ReleaseError::Journal)?;
            let same = standing.filter(|standing| {
                standing.state.release == *release && standing.running.since == observed.since
            });
            let Some(reasons) = same.and_then(|standing| observed.change(&standing.state)) else { continue };
            let before = self.journal.release(release).await.map_err(ReleaseError::Journal)?;
            progress.known(&before);
            progress.recorded(&acts.health(release, environment.clone(), reasons).await?);
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
        let since = standing.running.since;
        Ok(Some(Observed { environment: name.clone(), observation, release: standing.state, since }))
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::{
        contract::{Commit, GitRef, Intent, Repository, Source, Trigger},
        digest::Digest,
        fact::{Entry, EnvironmentPlan, Fact, Opening},
        names::ReleaseId,
    };

    use super::*;

    /// A release that runs in production, healthy or not.
    fn running(healthy: bool) -> ReleaseState {
        let commit = Commit { id: "0".repeat(40), time: 1, author: None, message: None };
        let source = Source {
            repository: Repository::default(),
            trigger: Trigger::Push,
            git_ref: GitRef::Branch("main".to_owned()),
            commit,
            tags: Vec::new(),
            actor: None,
            dirty: false,
            facts: Vec::new(),
        };
        let name = EnvironmentName::new("production").unwrap();
        let plan = EnvironmentPlan { name: name.clone(), after: Vec::new(), checks: Vec::new() };
        let opened = Fact::Opened(Box::new(Opening {
            provenance: false,
            source,
            intent: Intent::Promote,
            repository: "website".to_owned(),
            environments: vec![plan],
            configuration: Digest::of(b""),
        }));
        let deployed = Fact::Deployed {
            environment: name,
            digest: Digest::of(b"image"),
            healthy,
            location: String::new(),
        };
        let release = ReleaseId::new("r-0123456789ab").unwrap();
        let entry = |(sequence, fact)| Entry { sequence, at: 1, release: release.clone(), fact };
        ReleaseState::fold(&[(1, opened), (2, deployed)].map(entry)).unwrap()
    }

    fn change(known: bool, unhealthy: &[&str], drift: &[&str]) -> Option<usize> {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        let observation = Observation { unhealthy: lines(unhealthy), drift: lines(drift) };
        let release = running(known);
        let environment = release.environments[0].plan.name.clone();
        let known = release.clone();
        let seen = Observed { environment, observation: Ok(observation), release, since: 1 };
        seen.change(&known).map(|reasons| reasons.len())
    }

    #[test]
    fn nothing_becomes_healthy_by_what_runs_in_its_place() {
        assert_eq!(change(false, &[], &[]), Some(0));
        // As after a pull request that was closed: the branch holds another digest, and nothing is unwell.
        assert_eq!(change(false, &[], &["the branch main holds another"]), None);
        assert_eq!(change(false, &["it crashes"], &[]), None);
    }

    #[test]
    fn what_is_healthy_stays_so_until_something_is_wrong() {
        assert_eq!(change(true, &[], &["somebody set the image"]), None);
        assert_eq!(change(true, &["it crashes", "all of it"], &[]), Some(2));
    }
}
