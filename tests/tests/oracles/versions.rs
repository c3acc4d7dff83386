//! What a version is, and which is higher, against npm's `semver`.

use std::{fs, path::Path, process::Command, time::Duration};

use plimsoll_policy_channels::Channels;
use plimsoll_policy_floating_versions::FloatingVersions;
use plimsoll_policy_forward_only::ForwardOnly;
use plimsoll_policy_monorepo::Monorepo;
use plimsoll_policy_release_tags::ReleaseTags;
use plimsoll_policy_semver_step::SemverStep;
use plimsoll_policy_version_gate::VersionGate;
use plimsoll_sdk::{Decision, Derivation, LookupFailure, TaggingPolicy, VersionTag, testing};
use plimsoll_support::{Requirement, require, run_for};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    generate::{self, pieces},
    peers::assert_same,
};

/// How long installing the oracle may take.
const PATIENCE: Duration = Duration::from_secs(300);

const PIECES: &[&str] = &[
    "0", "1", "2", "10", "01", ".", ".", ".", "1.2.3", "1.2.3", "2.0.0", "1.2", "-", "-rc", "-rc.1",
    "-rc.10", "-alpha", ".0", ".00", "-0a", "+b", "+b.1", "v", " ", "_", "x", "é", "-1",
];

/// What npm's package says of these texts.
fn ask(texts: &[String]) -> Value {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracles/semver-npm");
    let folder = tempfile::tempdir().expect("there is room for a folder");
    for file in ["package.json", "package-lock.json", ".npmrc", "oracle.js"] {
        fs::copy(sources.join(file), folder.path().join(file)).expect("the oracle is there");
    }
    let _ = run_for(Command::new("npm").arg("ci").current_dir(folder.path()), PATIENCE).success();
    fs::write(folder.path().join("texts.json"), json!(texts).to_string()).expect("there is room for a file");
    let mut command = Command::new("sh");
    command.args(["-c", "exec node oracle.js < texts.json"]).current_dir(folder.path());
    serde_json::from_str(&run_for(&mut command, PATIENCE).success().text()).expect("the oracle writes JSON")
}

struct Shelf;

impl testing::Capabilities for Shelf {
    fn tags(&self, _: &str) -> Result<Vec<String>, LookupFailure> {
        Ok(Vec::new())
    }
}

/// Whether a tagging policy gives an image the tag of a version.
fn tags<P: TaggingPolicy>(text: &str, before: &str, settings: &str) -> bool {
    let mut request = testing::push_of_tag(&format!("{before}{text}"));
    request.settings = settings.to_owned();
    let answer = testing::with(Shelf, || testing::derive::<P>(&request)).expect("the policy can answer");
    matches!(answer, Derivation::Plan(plan) if plan.tags.iter().any(|tag| tag.name == format!("v{text}")))
}

fn gate(text: &str, settings: &str) -> bool {
    let mut request = testing::promotion(Some(&format!("v{text}")), "production");
    request.settings = settings.to_owned();
    testing::decide::<VersionGate>(&request).expect("the settings are good").decision == Decision::Allow
}

/// Over what runs, a newer and an older image: whether it may go, and whether it is a step back.
fn steps(new: &str, old: &str) -> (bool, bool) {
    let mut request = testing::promotion(Some(&format!("v{new}")), "production");
    let mut running = request.environments[0].running.clone().expect("staging runs something");
    running.version = Some(old.to_owned());
    running.digest = format!("sha256:{}", "f".repeat(64));
    request.environments[1].running = Some(running);
    request.settings = r#"{"same-version": false}"#.to_owned();
    let forward = testing::decide::<ForwardOnly>(&request).expect("the settings are good").decision;
    let ways =
        r#"{"patch": "allow", "minor": "allow", "major": "allow", "pre-release": "allow", "first": "allow"}"#;
    request.settings = ways.to_owned();
    let step = testing::decide::<SemverStep>(&request).expect("the settings are good").decision;
    (forward == Decision::Allow, step == Decision::Deny)
}

#[test]
fn versions_are_those_of_npm_and_ordered_alike() {
    require!(Requirement::Node);
    let likely = "(0|1|2|10)\\.(0|1|10)\\.(0|2)(-(rc|alpha|0a|1)(\\.(0|1|10|01|x))?)?(\\+b(\\.1)?)?";
    let mut texts = generate::values(prop_oneof![pieces(PIECES, 5), likely], 2_000);
    texts.sort();
    texts.dedup();
    let answer = ask(&texts);
    let mut differences = Vec::new();
    let mut versions = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        let (valid, pre) = (answer["valid"][place] == true, answer["pre"][place] == true);
        let nameable = valid && !text.contains('+');
        let component = r#"{"component": "website"}"#;
        for (name, ours, expected) in [
            ("the SDK", VersionTag::parse(text, "").is_ok(), valid),
            ("version-gate", gate(text, "{}"), valid && !pre),
            ("version-gate with pre-releases", gate(text, r#"{"pre-releases": true}"#), valid),
            ("release-tags", tags::<ReleaseTags>(text, "v", "{}"), nameable),
            ("floating-versions", tags::<FloatingVersions>(text, "v", "{}"), nameable),
            ("channels", tags::<Channels>(text, "v", "{}"), nameable),
            ("monorepo", tags::<Monorepo>(text, "website/v", component), nameable),
        ] {
            if ours != expected {
                differences.push(format!("{name}: {text:?} is {ours}, for npm {expected}"));
            }
        }
        if valid {
            versions.push(text.as_str());
        }
    }
    assert!(versions.len() > 100, "{} versions: too few to say much", versions.len());
    // Each with some others: all pairs would take a minute.
    for (place, new) in versions.iter().enumerate() {
        for other in (0..versions.len()).skip(place % 7).step_by(7) {
            let old = versions[other];
            let order = answer["order"][place][other].as_i64().expect("there is an answer for each two");
            if steps(new, old) != (order > 0, order < 0) {
                differences.push(format!("{new} over {old}: {:?}, for npm {order}", steps(new, old)));
            }
        }
    }
    assert_same(&differences);
}
