//! When a release that waits can go on.

use super::{EnvironmentState, ReleaseState, Standing, Stay, Tagging, next};
use crate::contract::{Condition, Decision};

/// After how many seconds a policy is asked again that waits for something only it knows.
const ASK_AGAIN: i64 = 60;

/// The earliest time, Unix seconds, at which taking the release up again may lead further; `None` when that takes an act of
/// somebody, or when nothing is left. What failed waits to be taken up by name.
#[must_use]
pub fn due(state: &ReleaseState) -> Option<i64> {
    if state.standing() != Standing::Waiting {
        return None;
    }
    // A host died over it: something is to be done that nobody holds.
    if next(state).is_some() || matches!(state.tagging, Tagging::Pending) {
        return Some(state.opened);
    }
    state
        .environments
        .iter()
        .filter(|environment| environment.stay == Stay::Held)
        .filter_map(|environment| held(state, environment))
        .min()
}

fn held(state: &ReleaseState, environment: &EnvironmentState) -> Option<i64> {
    let since = environment.since;
    let approved = state.approvals.iter().any(|approval| approval.at >= since);
    let proven = state.evidence.iter().any(|evidence| evidence.at >= since);
    if approved || proven {
        return Some(since);
    }
    let Some(Decision::Hold(until)) = environment.verdict.as_ref().map(|verdict| &verdict.decision) else {
        return None;
    };
    let time = |condition: &Condition| match condition {
        Condition::Time(unix) => Some(*unix),
        Condition::Other(_) => Some(since.saturating_add(ASK_AGAIN)),
        Condition::Approval(_) | Condition::Evidence(_) => None,
    };
    until.iter().filter_map(time).min()
}
