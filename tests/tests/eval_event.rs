//! `policy eval` on an event: the questions that a release asks, and no others.

use plimsoll_support::{Application, LAYOUT, Requirement, require};
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
