//! `keel` against what Keel is made of.

use plimsoll_policy_keel::{Choice, Keel};
use plimsoll_sdk::{Decision, testing};
use plimsoll_support::{Requirement, require};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use crate::{
    generate::{self, expression, one_of, pieces, tag},
    peers::{ask, assert_same},
};

/// Keel's policies, good and bad.
fn policy() -> impl Strategy<Value = String> {
    const GLOBS: &[&str] = &["*", "a", "1", ".", "-", "build", "main", "v", "?", "[", "**", ":"];
    let words = ["all", "major", "minor", "patch", "major", "minor", "patch", "force"];
    prop_oneof![
        6 => prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        2 => pieces(GLOBS, 4).prop_map(|glob| format!("glob:{glob}")),
        2 => expression().prop_map(|expression| format!("regexp:{expression}")),
    ]
}

struct Case {
    policy: String,
    current: String,
    new: String,
    match_pre_release: bool,
}

fn cases() -> Vec<Case> {
    let tags = generate::values(tag(), 400);
    let made = (policy(), any::<Index>(), any::<Index>(), any::<bool>(), 0..4u8);
    let case = |(policy, current, new, match_pre_release, step): (String, Index, Index, bool, u8)| {
        let current = one_of(&tags, &current).clone();
        // Half of the new tags are near the old one, so that a step is often of the right size.
        let new = match step {
            0 => format!("{current}.1"),
            1 => current.replacen('1', "2", 1),
            _ => one_of(&tags, &new).clone(),
        };
        Case { policy, current, new, match_pre_release }
    };
    generate::values(made, 20_000).into_iter().map(case).collect()
}

/// What the whole policy decides on a step from one tag, or from nothing, to another.
fn enters(case: &Case, runs: bool) -> bool {
    let mut request = testing::promotion(None, "production");
    let mut running = request.environments[0].running.clone().expect("staging runs something");
    running.tags = vec![case.current.clone()];
    running.version = None;
    request.environments[1].running = runs.then_some(running);
    request.image.tags = vec![case.new.clone()];
    request.image.version = None;
    request.settings =
        json!({ "policy": case.policy, "matchPreRelease": case.match_pre_release }).to_string();
    testing::decide::<Keel>(&request).expect("the settings are good").decision == Decision::Allow
}

#[test]
fn what_keel_would_update_to_enters_and_nothing_else() {
    require!(Requirement::Go);
    let cases = cases();
    let questions: Vec<Value> = cases
        .iter()
        .map(|case| {
            json!({
                "ask": "update",
                "policy": case.policy,
                "current": case.current,
                "new": case.new,
                "matchPreRelease": case.match_pre_release,
            })
        })
        .collect();
    let mut differences = Vec::new();
    let (mut valid, mut updates) = (0, 0);
    for (place, (case, answer)) in cases.iter().zip(ask(&questions)).enumerate() {
        let Case { policy, current, new, match_pre_release } = case;
        let choice = Choice::try_from(policy.clone());
        let expected = answer["updates"] == true && answer["valid"] == true;
        let ours = choice.as_ref().is_ok_and(|choice| choice.updates(current, new, *match_pre_release));
        valid += usize::from(choice.is_ok());
        updates += usize::from(ours);
        if answer["valid"] != choice.is_ok() || ours != expected {
            differences.push(format!(
                "{policy:?}, {match_pre_release}: {current} to {new}: for Keel {answer}, for us {ours}"
            ));
        }
        if place % 10 != 0 || choice.is_err() {
            continue;
        }
        if enters(case, true) != ours {
            differences
                .push(format!("{policy:?}: {current} to {new}: the policy says otherwise than {ours}"));
        }
        // Keel looks at the new tag alone for these, so its answer holds where nothing runs too.
        let looks_at_new = policy.starts_with("glob:") || policy.starts_with("regexp:");
        if enters(case, false) != (ours || !looks_at_new) {
            differences.push(format!("{policy:?}: the first image {new}: the policy says otherwise"));
        }
    }
    assert!(valid > 10_000 && updates > 2_500, "{valid} valid, {updates} updates: too few to say much");
    assert_same(&differences);
}
