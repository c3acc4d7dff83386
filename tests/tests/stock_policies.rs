//! The stock policies through the tools that their users have: each brings cases that cover its rules, and invariants that
//! fuzzing does not break.

use std::{
    fs,
    path::{Path, PathBuf},
};

use plimsoll_harness::{
    cases::Suite,
    fuzz::{Budget, FuzzOptions, fuzz},
};
use plimsoll_policy::{Policy, Sandbox, SandboxOptions};

/// How many questions are made up for each policy.
const RUNS: u64 = 1_500;

fn plugins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins")
}

fn policies() -> Vec<(&'static str, Policy)> {
    let sandbox = Sandbox::new(SandboxOptions::default()).expect("the sandbox starts");
    let load = |name: &&'static str| {
        let component = plimsoll_stock::component(name).expect("it is in NAMES");
        (*name, sandbox.load(name, component).expect("a stock policy loads"))
    };
    plimsoll_stock::NAMES.iter().map(load).collect()
}

fn suite(name: &str) -> Suite {
    let file = plugins().join(name).join("cases.toml");
    assert!(file.is_file(), "{name} has no cases: write {}", file.display());
    Suite::read(&file).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_policy_passes_its_cases_and_they_cover_its_rules() {
    for (name, policy) in policies() {
        let report = suite(name).run(&policy).expect("the suite grants what the policy wants");
        report.assert_passed();
        let uncovered: Vec<_> = report.coverage.uncovered().collect();
        assert!(uncovered.is_empty(), "{name}: no case shows both ends of {uncovered:?}");
        assert_eq!(suite(name).policy.as_deref(), Some(format!("stock:{name}").as_str()));
    }
}

#[test]
fn fuzzing_breaks_no_invariant() {
    for (name, policy) in policies() {
        let suite = suite(name);
        assert!(!suite.invariants.is_empty(), "{name} has no invariants: write some into its cases.toml");
        let options =
            FuzzOptions { seed: 20_261_123, budget: Budget::Runs(RUNS), deny_errors: false, jobs: None };
        let report = fuzz(&suite, &policy, &options).expect("the suite grants what the policy wants");
        if let Some(found) = report.counter_example {
            panic!("{name}: {}\n\n{}", found.violation, found.to_case());
        }
        assert_eq!(report.untested(), [""; 0], "{name}");
    }
}

#[test]
fn every_policy_is_explained() {
    let index = fs::read_to_string(plugins().join("../docs/policies/README.md")).expect("the page is there");
    for (name, policy) in policies() {
        let page = fs::read_to_string(plugins().join(name).join("README.md"))
            .unwrap_or_else(|error| panic!("{name} has no page: {error}"));
        assert!(page.starts_with(&format!("# `stock:{name}`\n")), "{name}: the page begins with its name");
        assert!(index.contains(&format!("stock:{name}")), "{name} is not in docs/policies/README.md");
        let schema: serde_json::Value =
            serde_json::from_str(&policy.description().settings_schema).expect("the sandbox has read it");
        for setting in schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name) {
            assert!(
                page.contains(&format!("| `{setting}`")),
                "{name}: its page does not explain `{setting}`"
            );
        }
    }
}
