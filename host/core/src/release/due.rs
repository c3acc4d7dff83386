//! When a release that waits can go on.

use super::{EnvironmentState, ReleaseState, Standing, Stay, Tagging, next};
use crate::contract::{Condition, Decision};

/// After how many seconds a policy is asked again that waits for something only it knows.
const ASK_AGAIN: i64 = 60;

/// The earliest time, Unix seconds, at which taking the release up again may lead further; `None` when that takes an act of
/// somebody, or when nothing is left. What failed waits to be taken up by name; in an environment it keeps none of the others
/// waiting.
#[must_use]
pub fn due(state: &ReleaseState) -> Option<i64> {
    let stuck = state.failure.as_ref().is_some_and(|failure| failure.environment.is_none());
    let over = matches!(state.standing(), Standing::Done | Standing::Refused);
    if stuck || over || matches!(state.tagging, Tagging::Unanswered(_)) {
        return None;
    }
    // A host died over it: something is to be done that nobody holds.
    if next(state).is_some() || matches!(state.tagging, Tagging::Pending) {
        return Some(state.opened);
    }
    state.environments.iter().filter_map(|environment| due_in(state, environment)).min()
}

/// The earliest time, Unix seconds, at which asking again about an environment may lead further; `None` when nothing holds the
/// release there, or when it takes an act of somebody.
#[must_use]
pub fn due_in(state: &ReleaseState, environment: &EnvironmentState) -> Option<i64> {
    if environment.stay != Stay::Held || environment.is_unanswered() {
        return None;
    }
    let (since, known) = (environment.since, environment.known);
    // The journal's order counts, not the clocks of those who gave it, nor the time at which the decision was recorded.
    if state.approvals.len() > known.approvals || state.evidence.len() > known.evidence {
        return Some(since);
    }
    let Some(Decision::Hold(until)) = environment.verdict.as_ref().map(|verdict| &verdict.decision) else {
        return None;
    };
    let time = |condition: &Condition| match condition {
        Condition::Time(unix) if *unix > since => Some(*unix),
        // A time that was over already changes nothing by coming.
        Condition::Time(_) | Condition::Other(_) => Some(since.saturating_add(ASK_AGAIN)),
        Condition::Approval(_) | Condition::Evidence(_) => None,
    };
    until.iter().filter_map(time).min()
}
