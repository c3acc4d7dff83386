//! What the host itself decides about entering an environment, before any policy is asked: the order of releases, holds that
//! people put on environments, and images that were taken out.

use plimsoll_core::{
    contract::{Condition, Decision, Finding, Intent, Verdict},
    fact::{Entry, Fact},
    names::{EnvironmentName, ReleaseId},
    ports::{Journal, PortFailure},
    release::{Ahead, ReleaseState, ahead},
};

use super::{order, way_back};
use crate::{application::Environment, clock::readable};

/// How many releases that are not settled are looked at.
const MOST_UNSETTLED: usize = 256;
/// How many facts of an environment are searched.
const LOOK_BACK: usize = 256;

/// Why a release does not enter an environment now, whatever its policies would say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// A newer release runs there, or waits there.
    Newer(ReleaseId),
    /// Somebody took this image out.
    Rejected { by: String, reason: String },
    /// Somebody holds the environment.
    Held { by: String, reason: String, until: Option<i64> },
    /// An older release goes first.
    Older(ReleaseId),
    /// An environment that comes before does not run the release, healthy.
    Before(EnvironmentName),
}

/// The first obstacle on a release's way into an environment. What somebody asked for by name passes more than what comes by
/// itself: a rollback goes over what is newer, and it and an emergency pass holds and queues.
pub(super) async fn obstacle(
    journal: &dyn Journal,
    state: &ReleaseState,
    environment: &Environment,
    now: i64,
) -> Result<Option<Obstacle>, PortFailure> {
    let name = &environment.name;
    let stay = state.environment(name);
    let intent = stay.map_or_else(|| state.opening.intent.clone(), |stay| state.intent(stay, now));
    if intent == Intent::Rollback {
        return Ok(overtaken(journal, state, name).await?.map(Obstacle::Newer));
    }
    if let Some(newer) = order::newer_in_environment(journal, state, name).await? {
        return Ok(Some(Obstacle::Newer(newer)));
    }
    if !matches!(intent, Intent::BreakGlass(_))
        && let Some(stay) = stay
        && let [first, ..] = state.missing_before(stay)[..]
    {
        // An emergency that is over by now does not open the way that it opened.
        return Ok(Some(Obstacle::Before(first.clone())));
    }
    let asked_for = stay.is_some_and(|stay| stay.requested.is_some());
    if !asked_for && let Some(rejected) = rejected(journal, state, name).await? {
        return Ok(Some(rejected));
    }
    if matches!(intent, Intent::BreakGlass(_)) {
        return Ok(None);
    }
    if let Some(held) = hold(journal, name, now).await? {
        return Ok(Some(held));
    }
    let unsettled = unsettled(journal, state).await?;
    Ok(match ahead(state, name, environment.queue, &unsettled) {
        Some(Ahead::Newer(newer)) if !asked_for => Some(Obstacle::Newer(newer)),
        Some(Ahead::Older(older)) if !matches!(intent, Intent::Hotfix(_)) => Some(Obstacle::Older(older)),
        _ => None,
    })
}

/// Whether the host itself goes on holding a release before an environment.
pub(super) async fn holds(
    journal: &dyn Journal,
    state: &ReleaseState,
    environment: &Environment,
    now: i64,
) -> Result<bool, PortFailure> {
    let obstacle = obstacle(journal, state, environment, now).await?;
    Ok(matches!(obstacle, Some(Obstacle::Held { .. } | Obstacle::Older(_) | Obstacle::Before(_))))
}

/// The hold on an environment, while it lasts.
pub(crate) async fn hold_on(
    journal: &dyn Journal,
    environment: &EnvironmentName,
    now: i64,
) -> Result<Option<Entry>, PortFailure> {
    let newest = journal.hold(environment).await?;
    let lasts = |entry: &Entry| match &entry.fact {
        Fact::EnvironmentHeld { until, .. } => until.is_none_or(|until| now < until),
        _ => false,
    };
    Ok(newest.filter(lasts))
}

async fn hold(
    journal: &dyn Journal,
    environment: &EnvironmentName,
    now: i64,
) -> Result<Option<Obstacle>, PortFailure> {
    let entry = hold_on(journal, environment, now).await?;
    Ok(entry.and_then(|entry| match entry.fact {
        Fact::EnvironmentHeld { by, reason, until, .. } => Some(Obstacle::Held { by, reason, until }),
        _ => None,
    }))
}

/// The release that was deployed after the way back was asked for: whoever asked wanted away from what ran before it.
async fn overtaken(
    journal: &dyn Journal,
    state: &ReleaseState,
    environment: &EnvironmentName,
) -> Result<Option<ReleaseId>, PortFailure> {
    let Some((asked, _)) = way_back::asked(journal, state, environment).await? else { return Ok(None) };
    let running = journal.deployed(environment).await?;
    let later = running.filter(|running| running.sequence > asked && running.release != state.release);
    Ok(later.map(|running| running.release))
}

/// Who took this release's image out of the environment, whichever release brought it there.
async fn rejected(
    journal: &dyn Journal,
    state: &ReleaseState,
    environment: &EnvironmentName,
) -> Result<Option<Obstacle>, PortFailure> {
    let Some(built) = state.built else { return Ok(None) };
    let rejections = journal.rejections(environment, LOOK_BACK).await?;
    let rejected = rejections.into_iter().find_map(|entry| match entry.fact {
        Fact::Rejected { digest, by, reason, .. } if digest == built => {
            Some((entry.sequence, Obstacle::Rejected { by, reason }))
        }
        _ => None,
    });
    let Some((sequence, obstacle)) = rejected else { return Ok(None) };
    // Somebody brought it back since.
    let happened = journal.environment(environment, LOOK_BACK).await?;
    let is_back = happened.iter().any(|entry| {
        entry.sequence > sequence && matches!(entry.fact, Fact::Deployed { digest, .. } if digest == built)
    });
    Ok((!is_back).then_some(obstacle))
}

async fn unsettled(journal: &dyn Journal, state: &ReleaseState) -> Result<Vec<ReleaseState>, PortFailure> {
    let mut unsettled = Vec::new();
    for release in journal.unsettled(MOST_UNSETTLED).await? {
        if release != state.release {
            unsettled.extend(ReleaseState::fold(&journal.release(&release).await?));
        }
    }
    Ok(unsettled)
}

impl Obstacle {
    /// The fact that comes of it.
    pub(super) fn fact(self, environment: &EnvironmentName) -> Fact {
        let environment = environment.clone();
        match self {
            Self::Newer(newer) => Fact::Superseded { environment, newer },
            Self::Rejected { by, reason } => {
                let message = format!("{by} took this image out: {reason}");
                decided(environment, Decision::Deny, "rejected", message)
            }
            Self::Held { by, reason, until } => {
                let until_text =
                    until.map_or_else(String::new, |until| format!(" until {}", readable(until)));
                let message = format!("{by} holds {environment}{until_text}: {reason}");
                let condition = match until {
                    Some(until) => Condition::Time(until),
                    None => Condition::Other(format!("{environment} is freed")),
                };
                decided(environment, Decision::Hold(vec![condition]), "hold", message)
            }
            Self::Before(before) => {
                let condition = Condition::Other(format!("{before} runs it, healthy"));
                let message = format!("{before} comes first");
                decided(environment, Decision::Hold(vec![condition]), "after", message)
            }
            Self::Older(older) => {
                let condition = Condition::Other(format!("{older}, which came before, is through"));
                let message = format!("{older} came before and is on its way");
                decided(environment, Decision::Hold(vec![condition]), "queue", message)
            }
        }
    }
}

/// A verdict of the host's own, that no policy was asked for.
fn decided(environment: EnvironmentName, decision: Decision, rule: &str, message: String) -> Fact {
    let verdict = Verdict { decision, findings: vec![Finding::host_failed(rule, message)] };
    Fact::Decided { environment, verdict, records: Vec::new() }
}
