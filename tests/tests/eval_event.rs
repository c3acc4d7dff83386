//! `policy eval` on an event: the questions that a release asks, and no others.

use std::time::{Duration, Instant};

use plimsoll_support::{Application, LAYOUT, Plimsoll, Requirement, require};
use serde_json::Value;

const NOW: &[&str] = &["--now", "2026-11-30T08:00:00Z"];

/// The requests that the journal holds about an environment, or about tags.
fn recorded(application: &Application, environment: Option<&str>) -> Vec<Value> {
    let export = application.run(&["journal", "export"]).code(0).stdout;
    let entries = export.lines().map(|line| serde_json::from_str::<Value>(line).expect("it is JSON"));
    let mut requests = Vec::new();
    for entry in entries {
        match environment {
            None => requests.extend(entry["fact"]["record"].get("request").cloned()),
            Some(name) if entry["fact"]["environment"] == name => {
                let records = entry["fact"]["records"].as_array().into_iter().flatten();
                requests.extend(records.map(|record| record["request"].clone()));
            }
            Some(_) => {}
        }
    }
    requests
}

fn eval(application: &Application, arguments: &[&str], code: i32) -> Value {
    application.run(&[&["policy", "eval", "--format", "json"], arguments, NOW].concat()).code(code).json()
}

#[test]
fn the_request_is_the_one_that_a_release_puts() {
    require!(Requirement::Git);
    let application = Application::with_rules("scratch", LAYOUT, "");
    application.git.tag("v1.0.0");
    let tags = eval(&application, &["--print-request"], 0);
    let staging = eval(&application, &["--environment", "staging", "--print-request"], 0);
    let _ = application.run(&[&["release"], NOW].concat()).code(0);
    assert_eq!(recorded(&application, None), [tags]);

    // Nothing was built when it was asked: the digest alone is not known.
    let mut put = recorded(&application, Some("staging")).remove(0);
    assert!(put["image"]["digest"].is_string() && staging["image"]["digest"].is_null());
    put["image"]["digest"] = Value::Null;
    assert_eq!(put, staging);

    // Once the release is through, the question is still put, with what is known now, and says that nobody asks it.
    let again = application.run(&[&["policy", "eval", "--environment", "production"], NOW].concat()).code(0);
    assert!(again.stderr.contains("a release would not ask this now"), "{}", again.stderr);
}

#[test]
fn answers_are_those_of_a_plan() {
    require!(Requirement::Git);
    let application = Application::with_rules("scratch", LAYOUT, "");
    let plan = application.run(&[&["plan", "--format", "json"], NOW].concat()).code(0).json();
    let asked = eval(&application, &["--environment", "production"], 1);
    let planned = plimsoll_support::environment(&plan, "production");
    assert_eq!(asked["verdict"], planned["verdict"]);
    assert_eq!(asked["answers"][0]["findings"], planned["findings"]);
    assert!(asked["answers"][0]["fuel"].as_u64() > Some(0) && asked["not-now"].is_null(), "{asked}");
    assert!(!application.git.path().join(".plimsoll/journal.db").exists(), "asking writes nothing");

    // A policy in the configuration's place, with settings of its own, and the same by way of a file.
    let (gate, production) = ("stock:version-gate", "production");
    application.git.write("settings.toml", "pattern = \"latest\"\n");
    let other = eval(&application, &[gate, "--environment", production, "--settings", "settings.toml"], 1);
    assert_eq!(other["findings"][0]["outcome"], "passed", "{other}");
    let request = eval(&application, &[gate, "--environment", production, "--print-request"], 0);
    application.git.write("request.json", request.to_string());
    let from_file =
        application.run(&["policy", "eval", gate, "--request", "request.json", "--format", "json"]);
    assert_eq!(from_file.code(1).json()["findings"], planned["findings"]);

    // What was asked for wrongly is told with what would be right.
    let nowhere = application.run(&["policy", "eval", "--environment", "prodution"]).code(64);
    assert!(nowhere.stderr.contains("staging, production"), "{}", nowhere.stderr);
    let other = application.run(&["policy", "eval", "stock:always"]).code(2);
    assert!(other.stderr.contains("--environment NAME"), "{}", other.stderr);
    let _ =
        application.run(&["policy", "eval", gate, "--request", "request.json", "--event", "git"]).code(64);
}

/// An environment with one guest policy, in a folder below the one that commands are run in.
const GUARDED: &str = r#"
[[environments]]
name = "guarded"
target = { kind = "directory", path = "deploy/guarded", manifests = "k8s/" }
promotion = [
    { policy = "policies/lean.wasm" },
    { policy = "stock:version-gate", settings = { pattern = "latest" } },
    { policy = "stock:version-gate" },
]
"#;

#[test]
fn a_configured_policy_is_where_the_configuration_says() {
    require!(Requirement::Git);
    let application = Application::with_rules("scratch", LAYOUT, GUARDED);
    application.git.write("policies/lean.wasm", plimsoll_guests::component("lean"));
    application.git.write("settings.json", "{}");
    application.git.write("elsewhere/settings.json", "{}");
    let folder = application.git.path().join("elsewhere");
    let policy = ["--config", "../plimsoll.toml", "policy", "eval", "policies/lean.wasm", "--format", "json"];
    for more in [
        &["--environment", "guarded"][..],
        &["--environment", "guarded", "--settings", "settings.json"],
        &["--environment", "staging"],
    ] {
        let told = Plimsoll::in_folder(&folder).run(&[&policy[..], more, NOW].concat()).json();
        assert_eq!(told["policy"]["reference"], "policies/lean.wasm", "{more:?}: {told}");
        assert_eq!(told["policy"]["name"], "lean", "{more:?}: {told}");
    }
}

#[test]
fn a_policy_that_is_bound_twice_is_asked_twice() {
    require!(Requirement::Git);
    let application = Application::with_rules("scratch", LAYOUT, GUARDED);
    application.git.write("policies/lean.wasm", plimsoll_guests::component("lean"));
    let gate = ["stock:version-gate", "--environment", "guarded"];
    let asked = eval(&application, &gate, 1);
    let outcome = |place: usize| &asked["answers"][place]["findings"][0]["outcome"];
    assert_eq!((outcome(0), outcome(1)), (&"passed".into(), &"failed".into()), "{asked}");
    assert_eq!(asked["verdict"], "deny");

    // There is one request to print only when it is said which settings are meant, as the hint says.
    let print = |arguments: &[&str]| {
        let command = ["policy", "eval", "--environment", "guarded", "--print-request"];
        application.run(&[&command[..], arguments, NOW].concat())
    };
    let which = print(&[]).code(64);
    assert!(which.stderr.contains("name one: policies/lean.wasm, stock:version-gate\n"), "{}", which.stderr);
    let which = print(&["stock:version-gate"]).code(64);
    assert!(which.stderr.contains("stock:version-gate --settings FILE"), "{}", which.stderr);
    application.git.write("settings.toml", "pattern = \"edge\"\n");
    let printed = print(&["stock:version-gate", "--settings", "settings.toml"]).code(0).json();
    assert_eq!(printed["settings"], r#"{"pattern":"edge"}"#, "{printed}");
    let _ = print(&["policies/lean.wasm"]).code(0);
}

/// A shadow that never ends would be waited for as long as it may take.
#[test]
fn a_question_waits_for_no_shadow() {
    require!(Requirement::Git);
    let shadow = r#"
[tags]
policy = "stock:release-tags"
shadow = { policy = "policies/hostile.wasm", settings = { do = "endless-loop" }, limits = { fuel = 1_000_000_000_000_000, time = "30s" } }
"#;
    let application = Application::with_rules("scratch", LAYOUT, shadow);
    application.git.write("policies/hostile.wasm", plimsoll_guests::component("hostile"));
    // Once for the compiled policies.
    let arguments = ["--environment", "staging", "--print-request"];
    let _ = eval(&application, &arguments, 0);
    let started = Instant::now();
    let _ = eval(&application, &arguments, 0);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(25), "{took:?}");
}
