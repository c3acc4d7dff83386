//! A decision made again by the policy that made it.

use std::collections::BTreeMap;

use plimsoll_core::{decision::Inquiry, digest::Digest};
use plimsoll_policy::{BoundPolicy, Recorded};

use super::{
    decisions::{Decision, Filter, Unreadable},
    difference::{Difference, differences},
    parallel::{Page, all_processors, map},
};
use crate::question::{Undecided, ask};

/// The policies that are at hand, by the digest of their component.
pub type AtHand = BTreeMap<Digest, BoundPolicy>;

/// A decision with what making it again came to.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The decision.
    pub decision: Decision,
    /// What it came to.
    pub replayed: Replayed,
}

/// What making a decision again came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// The same, bit for bit: the answer, the look-ups, the fuel.
    Same,
    /// Not the same.
    Differs {
        /// What of the answer differs; may be empty when findings, look-ups or fuel do.
        differences: Vec<Difference>,
        /// Fuel that was used this time.
        fuel: u64,
    },
    /// It looks up what the record does not hold.
    NotReplayable(Inquiry),
    /// The policy that made it is not at hand: no component with its digest.
    NotAtHand,
}

/// Makes the decisions of a page again.
///
/// # Errors
/// A fact cannot be read.
pub fn replay(page: &Page, filter: &Filter, policies: &AtHand) -> Result<Vec<Replay>, Unreadable> {
    map(page, filter, all_processors(), |decision| {
        let replayed = match policies.get(&decision.record.policy.digest) {
            Some(policy) => again(policy, &decision),
            None => Replayed::NotAtHand,
        };
        Replay { decision, replayed }
    })
}

fn again(policy: &BoundPolicy, decision: &Decision) -> Replayed {
    let record = &decision.record;
    match ask(policy, &record.request, Recorded::new(record.transcript.clone())) {
        Err(Undecided::NotRecorded(inquiry)) => Replayed::NotReplayable(inquiry),
        Err(Undecided::OtherQuestion(_)) => Replayed::NotAtHand,
        Ok(asked)
            if asked.answer == record.answer
                && asked.transcript == record.transcript
                && asked.fuel == record.fuel =>
        {
            Replayed::Same
        }
        Ok(asked) => {
            Replayed::Differs { differences: differences(&record.answer, &asked.answer), fuel: asked.fuel }
        }
    }
}
