//! The order of releases: nothing older goes over anything newer.

use plimsoll_core::{
    contract::{Intent, Running},
    fact::{Entry, Fact},
    names::{EnvironmentName, ReleaseId, Tag},
    ports::{Journal, PortFailure},
    release::{Precedence, ReleaseState},
};

/// How far back the newest deployment of an environment is searched for among failed and superseded ones.
const LOOK_BACK: usize = 256;

/// What runs in an environment.
pub(super) struct Standing {
    /// As policies are told.
    pub(super) running: Running,
    /// The place of its release among the releases.
    pub(super) precedence: Precedence,
    /// Its release.
    pub(super) release: ReleaseId,
}

/// What runs in an environment; `None` when nothing was deployed there.
pub(super) async fn standing(
    journal: &dyn Journal,
    environment: &EnvironmentName,
) -> Result<Option<Standing>, PortFailure> {
    for entry in journal.environment(environment, LOOK_BACK).await? {
        let Fact::Deployed { digest, healthy, .. } = &entry.fact else { continue };
        let Some(state) = ReleaseState::fold(&journal.release(&entry.release).await?) else { continue };
        let running = Running {
            release: entry.release.to_string(),
            digest: digest.to_string(),
            version: state.plan().and_then(|plan| plan.version.clone()),
            since: entry.at,
            healthy_since: healthy.then_some(entry.at),
        };
        return Ok(Some(Standing { running, precedence: state.precedence, release: entry.release }));
    }
    Ok(None)
}

/// The newer release that runs in an environment, if one does. A rollback goes over anything.
pub(super) async fn newer_in_environment(
    journal: &dyn Journal,
    state: &ReleaseState,
    environment: &EnvironmentName,
) -> Result<Option<ReleaseId>, PortFailure> {
    if state.opening.intent == Intent::Rollback {
        return Ok(None);
    }
    let standing = standing(journal, environment).await?;
    Ok(standing.filter(|standing| is_newer(&standing.release, standing.precedence, state)).map(|s| s.release))
}

/// The newer release that holds a moving tag, if one does. A rollback goes over anything.
pub(super) async fn newer_at_tag(
    journal: &dyn Journal,
    state: &ReleaseState,
    tag: &Tag,
) -> Result<Option<ReleaseId>, PortFailure> {
    if state.opening.intent == Intent::Rollback {
        return Ok(None);
    }
    let Some(entry) = journal.tag(tag.as_str(), 1).await?.into_iter().next() else { return Ok(None) };
    let holder = opening(journal, &entry).await?;
    Ok(holder.filter(|precedence| is_newer(&entry.release, *precedence, state)).map(|_| entry.release))
}

async fn opening(journal: &dyn Journal, entry: &Entry) -> Result<Option<Precedence>, PortFailure> {
    let entries = journal.release(&entry.release).await?;
    Ok(entries.first().and_then(Precedence::of_opening))
}

fn is_newer(release: &ReleaseId, precedence: Precedence, state: &ReleaseState) -> bool {
    *release != state.release && precedence > state.precedence
}
