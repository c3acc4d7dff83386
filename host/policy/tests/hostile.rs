//! Whatever a policy does, the question ends, in an outcome of its own, and nobody else notices.

mod common;

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use common::{TIGHT, doing, load, promotion, promotion_request, tagging, tagging_request};
use plimsoll_core::{
    contract::{Condition, Decision, Derivation, Verdict},
    decision::{Budget, Outcome},
    verdict::LONGEST_MESSAGE,
};
use plimsoll_policy::Limits;

/// How a harm ends when a promotion is asked about, in one word.
fn word<Answer>(outcome: &Outcome<Answer>) -> &'static str {
    match outcome {
        Outcome::Answered(_) => "answered",
        Outcome::Failed { .. } => "failed",
        Outcome::Trapped { .. } => "trapped",
        Outcome::Invalid { .. } => "invalid",
        Outcome::OutOfBudget { budget } => match budget {
            Budget::Fuel(_) => "fuel",
            Budget::Time(_) => "time",
            Budget::Memory(_) => "memory",
            Budget::Tables(_) => "tables",
            Budget::Stack(_) => "stack",
            Budget::Output(_) => "output",
            Budget::HostCalls(_) => "host-calls",
        },
    }
}

/// Every harm of the guest, with its end as a promotion policy and as a tagging policy. Harms that only one question
/// knows crash in the other.
const ENDS: &[(&str, &str, &str)] = &[
    ("deny", "answered", "answered"),
    ("endless-loop", "fuel", "fuel"),
    ("error", "failed", "failed"),
    ("hold", "answered", "trapped"),
    ("hold-without-condition", "invalid", "trapped"),
    ("huge-error", "failed", "failed"),
    ("huge-output", "output", "output"),
    ("invalid-tag", "trapped", "invalid"),
    ("latest-twice", "trapped", "invalid"),
    ("long-tag", "trapped", "invalid"),
    ("memory-bomb", "memory", "memory"),
    ("million-conditions", "output", "trapped"),
    ("million-findings", "output", "output"),
    ("no-finding", "invalid", "invalid"),
    ("recursion", "stack", "stack"),
    ("recursion-with-frames", "trapped", "trapped"),
    ("trap", "trapped", "trapped"),
];

#[test]
fn every_harm_has_its_own_end() {
    let decider = promotion("hostile", TIGHT);
    let tagger = tagging("hostile", TIGHT);
    for (harm, promoted, tagged) in ENDS {
        let decided = decider.decide(&promotion_request("staging", &[], &doing(harm)));
        assert_eq!(word(&decided.outcome), *promoted, "{harm}: {:?}", decided.outcome);
        let derived = tagger.derive(&tagging_request(&doing(harm)));
        assert_eq!(word(&derived.outcome), *tagged, "{harm}: {:?}", derived.outcome);
    }
}

#[test]
fn the_table_of_ends_is_complete() {
    let schema = load("hostile").description().settings_schema.clone();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let named = schema["properties"]["do"]["enum"].as_array().unwrap().iter();
    let named: BTreeSet<_> = named.filter_map(|name| name.as_str()).collect();
    assert_eq!(named, ENDS.iter().map(|(harm, ..)| *harm).collect());
}

#[test]
fn a_table_without_end_is_refused() {
    let decided = promotion("table-bomb", TIGHT).decide(&promotion_request("staging", &[], "{}"));
    assert_eq!(decided.outcome, Outcome::OutOfBudget { budget: Budget::Tables(10_000) });
}

#[test]
fn what_is_wrong_with_an_answer_is_said() {
    for (harm, says) in [("invalid-tag", "not a tag"), ("latest-twice", "latest"), ("long-tag", "breaks")] {
        let derived = tagging("hostile", TIGHT).derive(&tagging_request(&doing(harm)));
        let Outcome::Invalid { problems } = derived.outcome else { panic!("{harm}") };
        assert!(problems.iter().any(|problem| problem.contains(says)), "{problems:?}");
    }
}

#[test]
fn no_is_an_answer_and_an_error_is_none() {
    let decide =
        |harm: &str| promotion("hostile", TIGHT).decide(&promotion_request("staging", &[], &doing(harm)));
    assert!(matches!(decide("deny").outcome, Outcome::Answered(Verdict { decision: Decision::Deny, .. })));
    let Outcome::Answered(held) = decide("hold").outcome else { panic!("held") };
    assert_eq!(held.decision, Decision::Hold(vec![Condition::Time(1_790_001_000 + 3600)]));
    assert_eq!(decide("error").outcome, Outcome::Failed { message: "no answer on Mondays".to_owned() });
    let Outcome::Failed { message } = decide("huge-error").outcome else { panic!("failed") };
    assert!(message.len() < LONGEST_MESSAGE + 8);
    let derived = tagging("hostile", TIGHT).derive(&tagging_request(&doing("deny")));
    assert!(
        matches!(derived.outcome, Outcome::Answered(Derivation::Refusal(findings)) if findings.len() == 1)
    );
}

#[test]
fn time_ends_what_fuel_does_not() {
    let limits = Limits { fuel: u64::MAX, time: 50, ..TIGHT };
    let begun = Instant::now();
    let decided =
        promotion("hostile", limits).decide(&promotion_request("staging", &[], &doing("endless-loop")));
    assert_eq!(decided.outcome, Outcome::OutOfBudget { budget: Budget::Time(50) });
    assert!((Duration::from_millis(50)..Duration::from_secs(20)).contains(&begun.elapsed()));
}

#[test]
fn a_neighbour_decides_undisturbed() {
    let limits = Limits { fuel: u64::MAX, time: 1000, ..TIGHT };
    let hostile = promotion("hostile", limits);
    let lean = promotion("lean", Limits::default());
    let request = promotion_request("production", &["v1.2.3"], "{}");
    let alone = lean.decide(&request);
    thread::scope(|scope| {
        let burning =
            scope.spawn(|| hostile.decide(&promotion_request("staging", &[], &doing("endless-loop"))));
        let mut decisions = 0;
        while !burning.is_finished() {
            assert_eq!(lean.decide(&request), alone);
            decisions += 1;
        }
        let burnt = burning.join().unwrap();
        assert_eq!(burnt.outcome, Outcome::OutOfBudget { budget: Budget::Time(1000) });
        assert!(decisions > 10, "{decisions} decisions beside a hostile neighbour");
    });
}

#[test]
fn more_questions_than_places_wait_for_their_turn() {
    let lean = promotion("lean", Limits::default());
    let request = promotion_request("staging", &[], "{}");
    thread::scope(|scope| {
        let ask = || (0..50).all(|_| matches!(lean.decide(&request).outcome, Outcome::Answered(_)));
        let askers: Vec<_> = (0..40).map(|_| scope.spawn(ask)).collect();
        assert!(askers.into_iter().all(|asker| asker.join().unwrap()));
    });
}

#[test]
fn the_same_question_has_the_same_answer_and_uses_the_same_fuel() {
    let request = promotion_request("production", &["latest", "v1.2.3"], "{}");
    let first = promotion("lean", Limits::default()).decide(&request);
    let other = plimsoll_policy::Sandbox::new(plimsoll_policy::SandboxOptions::default()).unwrap();
    let other = other.load("guest:lean", plimsoll_guests::component("lean")).unwrap();
    let other = other.bind(plimsoll_policy::Binding::default()).unwrap().as_promotion().unwrap();
    assert_eq!(other.decide(&request), first);
    assert_eq!(other.decide(&request), first);
    assert!(first.fuel > 0);
}

#[test]
fn the_lean_guest_knows_a_release() {
    let lean = promotion("lean", Limits::default());
    for (tag, decision) in [
        ("v1.2.3", Decision::Allow),
        ("v10.0.0", Decision::Allow),
        ("latest", Decision::Deny),
        ("v1.2.3-rc.1", Decision::Deny),
        ("v1.2.3.4", Decision::Deny),
        ("v01.2.3", Decision::Deny),
    ] {
        let decided = lean.decide(&promotion_request("production", &[tag], "{}"));
        assert!(
            matches!(decided.outcome, Outcome::Answered(verdict) if verdict.decision == decision),
            "{tag}"
        );
    }
}
