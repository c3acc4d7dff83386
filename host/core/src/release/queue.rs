//! The order in which releases enter an environment.

use serde::{Deserialize, Serialize};

use super::{EnvironmentState, ReleaseState, Stay};
use crate::names::{EnvironmentName, ReleaseId};

/// What becomes of releases that wait before an environment when a newer one comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queue {
    /// The newest that waits takes the place of the older ones.
    #[default]
    Latest,
    /// Each goes in its turn: what is on its way goes first. What a policy holds keeps nobody waiting.
    Fifo,
}

/// A release that comes before another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ahead {
    /// A newer one waits there: the place is its own.
    Newer(ReleaseId),
    /// An older one is on its way there: it goes first.
    Older(ReleaseId),
}

/// The release that comes before this one in an environment, among others that are not settled.
#[must_use]
pub fn ahead(
    state: &ReleaseState,
    environment: &EnvironmentName,
    queue: Queue,
    others: &[ReleaseState],
) -> Option<Ahead> {
    let mut others = others.iter().filter(|other| other.release != state.release);
    match queue {
        Queue::Latest => {
            let waits = |other: &&ReleaseState| {
                other.precedence.is_newer_than(&state.precedence)
                    && other.environment(environment).is_some_and(is_waiting)
            };
            others.find(waits).map(|newer| Ahead::Newer(newer.release.clone()))
        }
        Queue::Fifo => {
            let goes_first = |other: &&ReleaseState| {
                state.precedence.is_newer_than(&other.precedence)
                    && other.environment(environment).is_some_and(|stay| is_on_its_way(other, stay))
            };
            others.find(goes_first).map(|older| Ahead::Older(older.release.clone()))
        }
    }
}

/// It was asked about, and it neither entered nor was turned away.
const fn is_waiting(environment: &EnvironmentState) -> bool {
    matches!(environment.stay, Stay::Held | Stay::Allowed)
}

/// It is about to be asked about, or to be deployed, and nobody holds it.
fn is_on_its_way(state: &ReleaseState, environment: &EnvironmentState) -> bool {
    match environment.stay {
        Stay::Allowed => true,
        Stay::Pending => state.failure.is_none() && state.is_in_motion(environment),
        _ => false,
    }
}
