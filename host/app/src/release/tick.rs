//! Taking up what waits once its time has come.

use std::time::Duration;

use plimsoll_core::{
    ports::PortFailure,
    release::{ReleaseState, Standing, due, due_in, next},
};
use tokio::time::{Instant, sleep};

use super::{ReleaseError, admission};
use crate::application::Application;

/// The most releases one tick takes up.
const MOST: usize = 1000;
/// How often a release that is waited for is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// The releases that can go on now, the oldest first.
///
/// # Errors
/// The journal could not be read.
pub async fn due_releases(application: &Application) -> Result<Vec<ReleaseState>, ReleaseError> {
    let journal = application.journal.as_ref();
    let mut releases = Vec::new();
    for release in journal.unsettled(MOST).await.map_err(ReleaseError::Journal)? {
        let entries = journal.release(&release).await.map_err(ReleaseError::Journal)?;
        let Some(state) = ReleaseState::fold(&entries) else { continue };
        if can_go_on(application, &state).await.map_err(ReleaseError::Journal)? {
            releases.push(state);
        }
    }
    Ok(releases)
}

/// Whether a release can go on now. Settled ones that only lack the fact, as those of older versions, can: they get it.
pub(super) async fn can_go_on(application: &Application, state: &ReleaseState) -> Result<bool, PortFailure> {
    let over = matches!(state.standing(), Standing::Done | Standing::Refused);
    Ok(over || is_due(application, state).await?)
}

/// Waits until a release can go on: its time comes, or something is given to it. `None` when it never will by itself, or when
/// the time is up before.
///
/// # Errors
/// The journal could not be read.
pub async fn wait(
    application: &Application,
    mut state: ReleaseState,
    deadline: Instant,
) -> Result<Option<ReleaseState>, ReleaseError> {
    while state.standing() == Standing::Waiting && Instant::now() < deadline {
        if is_due(application, &state).await.map_err(ReleaseError::Journal)? {
            return Ok(Some(state));
        }
        sleep(LOOK.min(deadline.saturating_duration_since(Instant::now()))).await;
        let entries = application.journal.release(&state.release).await.map_err(ReleaseError::Journal)?;
        state = ReleaseState::fold(&entries).unwrap_or(state);
    }
    Ok(None)
}

async fn is_due(application: &Application, state: &ReleaseState) -> Result<bool, PortFailure> {
    let now = application.clock.now();
    if due(state).is_none_or(|at| at > now) {
        return Ok(false);
    }
    // What only the host itself holds, it can look at without asking anybody.
    let due_now = |stay: &&_| due_in(state, stay).is_some_and(|at| at <= now);
    let held: Vec<_> = state.environments.iter().filter(due_now).collect();
    if next(state).is_some() || held.is_empty() {
        return Ok(true);
    }
    for stay in held {
        let by_host = stay.verdict.iter().flat_map(|verdict| &verdict.findings);
        let by_host = by_host.into_iter().all(|finding| finding.rule.starts_with("host:"));
        let Some(environment) = application.environment(&stay.plan.name) else { continue };
        let journal = application.journal.as_ref();
        if !by_host || !admission::holds(journal, state, environment, now).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
