//! The order of releases: nothing older goes over anything newer.

use plimsoll_core::{
    contract::Running,
    digest::Digest,
    fact::Fact,
    names::{EnvironmentName, ReleaseId, Tag},
    ports::{FailureClass, Journal, PortFailure, Previous},
    release::{Precedence, ReleaseState, Stay},
};

use super::ReleaseError;

/// How many of the last releases are searched for newer ones.
const LOOK_BACK: usize = 256;

/// What runs in an environment.
pub(crate) struct Standing {
    /// As policies are told.
    pub(crate) running: Running,
    /// Digest of the image.
    pub(crate) digest: Digest,
    /// Its release.
    pub(crate) state: ReleaseState,
}

/// What runs in an environment; `None` when nothing was deployed there.
pub(crate) async fn standing(
    journal: &dyn Journal,
    environment: &EnvironmentName,
) -> Result<Option<Standing>, PortFailure> {
    let Some(entry) = journal.deployed(environment).await? else { return Ok(None) };
    let Fact::Deployed { digest, healthy, .. } = &entry.fact else { return Ok(None) };
    // Not knowing which release runs is no leave to put another over it.
    let state = ReleaseState::fold(&journal.release(&entry.release).await?).ok_or_else(|| {
        PortFailure::new(FailureClass::Outside, ReleaseError::Damaged(entry.release.clone()))
            .hint("`plimsoll journal verify` shows where the journal was changed")
    })?;
    let tags = state.plan().into_iter().flat_map(|plan| &plan.tags);
    let stay = state.environment(environment);
    let healthy_since = match stay {
        Some(stay) => stay.healthy_since,
        None => healthy.then_some(entry.at),
    };
    let running = Running {
        release: entry.release.to_string(),
        digest: digest.to_string(),
        tags: tags.map(|planned| planned.tag.to_string()).collect(),
        version: state.plan().and_then(|plan| plan.version.clone()),
        since: entry.at,
        healthy_since,
    };
    Ok(Some(Standing { running, digest: *digest, state }))
}

/// The release that an environment goes back to when this one cannot be deployed there: what runs there, if it is healthy.
pub(super) async fn previous(
    journal: &dyn Journal,
    state: &ReleaseState,
    environment: &EnvironmentName,
) -> Result<Option<Previous>, PortFailure> {
    let standing = standing(journal, environment).await?;
    let healthy = standing.filter(|standing| {
        standing.running.healthy_since.is_some() && standing.state.release != state.release
    });
    Ok(healthy.map(|standing| Previous { release: standing.state.release, digest: standing.digest }))
}

/// The newer release that runs in an environment, or that a host died deploying there, if there is one.
pub(super) async fn newer_in_environment(
    journal: &dyn Journal,
    state: &ReleaseState,
    environment: &EnvironmentName,
) -> Result<Option<ReleaseId>, PortFailure> {
    if let Some(standing) = standing(journal, environment).await?
        && is_newer(&standing.state, state)
    {
        return Ok(Some(standing.state.release));
    }
    let unfinished = |newer: &ReleaseState| {
        newer.environment(environment).is_some_and(|environment| environment.stay == Stay::Allowed)
    };
    Ok(newer_releases(journal, state).await?.into_iter().find(unfinished).map(|newer| newer.release))
}

/// The newer release that holds a moving tag, if there is one: the journal says so, or the tag points to its image
/// because a host died between moving it and saying so.
pub(super) async fn newer_at_tag(
    journal: &dyn Journal,
    state: &ReleaseState,
    tag: &Tag,
    found: Option<Digest>,
) -> Result<Option<ReleaseId>, PortFailure> {
    if let Some(entry) = journal.tag(tag.as_str(), 1).await?.into_iter().next()
        && let Some(holder) = ReleaseState::fold(&journal.release(&entry.release).await?)
        && is_newer(&holder, state)
    {
        return Ok(Some(holder.release));
    }
    let holds = |newer: &ReleaseState| {
        newer.tags.get(tag) == Some(&None) || (found.is_some() && newer.built == found)
    };
    Ok(newer_releases(journal, state).await?.into_iter().find(holds).map(|newer| newer.release))
}

fn is_newer(other: &ReleaseState, state: &ReleaseState) -> bool {
    other.release != state.release && other.precedence.is_newer_than(&state.precedence)
}

/// The newer releases among the last ones.
async fn newer_releases(
    journal: &dyn Journal,
    state: &ReleaseState,
) -> Result<Vec<ReleaseState>, PortFailure> {
    let mut releases = Vec::new();
    for opening in journal.openings(LOOK_BACK).await? {
        let newer =
            Precedence::of_opening(&opening).is_some_and(|other| other.is_newer_than(&state.precedence));
        if newer && opening.release != state.release {
            releases.extend(ReleaseState::fold(&journal.release(&opening.release).await?));
        }
    }
    Ok(releases)
}
