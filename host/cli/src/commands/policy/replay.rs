//! `plimsoll policy replay`

use std::collections::BTreeMap;

use clap::Args;
use plimsoll_core::{fact::StoredFact, ports::PortFailure};
use plimsoll_harness::replay::{AtHand, Filter, Page, Replay, Replayed, decisions, replay};
use serde_json::{Value, json};

use super::{journals::JournalArguments, suites::open};
use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, BAD, FAINT, GOOD, PLAIN, WAITING},
    session::Session,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct ReplayArguments {
    #[command(flatten)]
    journal: JournalArguments,
    /// A policy besides those that the journal names: stock:NAME, a file or oci://; repeatable. Decisions are made again by the
    /// component with the digest that made them.
    #[arg(long, value_name = "REF")]
    policy: Vec<String>,
}

/// How many came to what.
#[derive(Default)]
struct Counts {
    same: u64,
    differ: u64,
    not_replayable: u64,
    not_at_hand: u64,
}

pub(crate) async fn run(session: &Session, arguments: &ReplayArguments) -> Result<Ending, Failure> {
    let filter = arguments.journal.filter()?;
    let mut shelf = Shelf { session, policies: AtHand::new(), tried: BTreeMap::new() };
    for reference in &arguments.policy {
        shelf.take(reference)?;
    }
    let mut counts = Counts::default();
    let mut listed = Vec::new();
    let source = arguments.journal.open(session).await?;
    let work = |page: &Page| -> Result<(), Failure> {
        shelf.take_named_in(page, &filter)?;
        for replayed in replay(page, &filter, &shelf.policies)? {
            match &replayed.replayed {
                Replayed::Same => counts.same += 1,
                Replayed::Differs { .. } => counts.differ += 1,
                Replayed::NotReplayable(_) => counts.not_replayable += 1,
                Replayed::NotAtHand => counts.not_at_hand += 1,
            }
            if session.format == Format::Json {
                listed.push(to_json(&replayed));
            } else if replayed.replayed != Replayed::Same {
                print(&replayed);
            }
        }
        Ok(())
    };
    source.each_page(work).await?;
    let Counts { same, differ, not_replayable, not_at_hand } = counts;
    if session.format == Format::Json {
        output::json(&json!({
            "same": same, "differ": differ, "not-replayable": not_replayable, "not-at-hand": not_at_hand,
            "decisions": listed,
        }))?;
    } else {
        let style = if differ + not_replayable == 0 { GOOD } else { BAD };
        say!(
            "{style}{same} the same, {differ} different, {not_replayable} not replayable{PLAIN}, {not_at_hand} by policies that are not at hand"
        );
    }
    Ok(match (differ + not_replayable, same + not_at_hand) {
        (0, 0) => return Err(nothing()),
        (0, _) if not_at_hand > 0 => Ending::CouldNot,
        (0, _) => Ending::Done,
        _ => Ending::No,
    })
}

/// There is nothing to look at, which must not look like success.
pub(super) fn nothing() -> Failure {
    Failure::new(plimsoll_core::ports::FailureClass::User, "the journal holds no such decision")
        .hint("`plimsoll history` shows what it holds; leave out a filter")
}

/// The policies that are at hand.
struct Shelf<'a> {
    session: &'a Session,
    policies: AtHand,
    /// References that were looked at, and whether there is something.
    tried: BTreeMap<String, bool>,
}

impl Shelf<'_> {
    fn take(&mut self, reference: &str) -> Result<(), Failure> {
        let policy = open(self.session, reference)?;
        let grants = plimsoll_harness::recorded_grants(&policy);
        let bound = policy.bind(grants).map_err(PortFailure::from)?;
        self.policies.insert(policy.identity().digest, bound);
        Ok(())
    }

    /// Takes what the decisions of a page name, as far as it is there.
    fn take_named_in(&mut self, page: &[StoredFact], filter: &Filter) -> Result<(), Failure> {
        for fact in page {
            for decision in decisions(fact)?.into_iter().filter(|decision| filter.admits(decision)) {
                let policy = &decision.record.policy;
                if self.policies.contains_key(&policy.digest) || self.tried.contains_key(&policy.reference) {
                    continue;
                }
                let taken = self.take(&policy.reference).is_ok();
                self.tried.insert(policy.reference.clone(), taken);
            }
        }
        Ok(())
    }
}

fn print(replay: &Replay) {
    let decision = &replay.decision;
    let policy = &decision.record.policy;
    let what = decision.environment().unwrap_or("tags");
    let place = format!(
        "{} {what} {FAINT}entry {} by {}{}{PLAIN}",
        decision.release,
        decision.sequence,
        if decision.shadow { "the shadow " } else { "" },
        policy.reference
    );
    match &replay.replayed {
        Replayed::Same => {}
        Replayed::Differs { differences, fuel } => {
            say!("{BAD}different{PLAIN} {place}");
            for difference in differences {
                say!("    {}: was {}, is {}", difference.what, difference.before, difference.after);
            }
            if differences.is_empty() {
                say!("    findings, look-ups or fuel differ: fuel was {}, is {fuel}", decision.record.fuel);
            }
        }
        Replayed::NotReplayable(inquiry) => {
            say!("{BAD}not replayable{PLAIN} {place}: the record holds no answer to {inquiry}");
        }
        Replayed::NotAtHand => {
            say!("{WAITING}not at hand{PLAIN} {place}: {} {} {}", policy.name, policy.version, policy.digest);
        }
    }
}

fn to_json(replay: &Replay) -> Value {
    let decision = &replay.decision;
    let mut value = json!({
        "sequence": decision.sequence, "release": decision.release, "environment": decision.environment(),
        "policy": decision.record.policy, "shadow": decision.shadow,
    });
    match &replay.replayed {
        Replayed::Same => value["replayed"] = "same".into(),
        Replayed::Differs { differences, fuel } => {
            value["replayed"] = "different".into();
            value["differences"] = json!(differences);
            value["fuel"] = json!({ "before": decision.record.fuel, "after": fuel });
        }
        Replayed::NotReplayable(inquiry) => {
            value["replayed"] = "not-replayable".into();
            value["inquiry"] = json!(inquiry);
        }
        Replayed::NotAtHand => value["replayed"] = "not-at-hand".into(),
    }
    value
}
