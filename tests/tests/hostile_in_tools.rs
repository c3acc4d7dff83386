//! Hostile policies in the tools of authors: a clear result from `policy test`, `fuzz` and `backtest`, and an end to it.

use std::path::Path;

use plimsoll_support::{Application, LAYOUT, Plimsoll, Requirement, require};
use tempfile::TempDir;

/// What each harm comes to, in words.
const HARMS: &[(&str, &str)] = &[
    ("endless-loop", "ran out of fuel"),
    ("memory-bomb", "ran out of memory"),
    ("recursion", "ran out of stack"),
    ("recursion-with-frames", "crashed"),
    ("huge-output", "ran out of output"),
    ("million-findings", "ran out of output"),
    ("million-conditions", "ran out of output"),
    ("trap", "crashed"),
    ("error", "no answer on Mondays"),
    ("huge-error", "could not answer"),
    ("no-finding", "answer was refused"),
    ("hold-without-condition", "answer was refused"),
];

/// A folder with a guest, and a case for a harm.
fn folder(guest: &str, harm: &str) -> (TempDir, Plimsoll) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    write(folder.path(), "guest.wasm", plimsoll_guests::component(guest));
    let cases = format!(
        r#"policy = "guest.wasm"
grants = ["log", "registry", "history"]
limits = {{ fuel = 200_000_000, time = 5_000, memory = 67_108_864 }}
settings = {{ do = "{harm}" }}
[[cases]]
name = "harm"
question = "promotion"
expect = {{ verdict = "allow" }}
"#
    );
    write(folder.path(), "cases.toml", cases.as_bytes());
    let plimsoll = Plimsoll::in_folder(folder.path());
    (folder, plimsoll)
}

fn write(folder: &Path, name: &str, content: &[u8]) {
    std::fs::write(folder.join(name), content).expect("the folder takes a file");
}

#[test]
fn a_case_says_what_the_policy_did() {
    for (harm, says) in HARMS {
        let (_folder, plimsoll) = folder("hostile", harm);
        let ran = plimsoll.run(&["policy", "test"]).code(1);
        assert!(ran.stdout.contains(says), "{harm}: {}", ran.stdout);
        assert!(ran.stdout.contains("0 passed, 1 failed"), "{harm}: {}", ran.stdout);
    }
}

#[test]
fn a_fuzzer_finds_it_with_the_first_question() {
    for (harm, says) in HARMS {
        let (_folder, plimsoll) = folder("hostile", harm);
        let ran = plimsoll.run(&["policy", "fuzz", "--runs", "5", "--seed", "1", "--deny-errors"]).code(1);
        assert!(ran.stdout.contains(says) || ran.stdout.contains("crashed"), "{harm}: {}", ran.stdout);
        assert!(ran.stdout.contains("[[cases]]"), "{harm}: {}", ran.stdout);
    }
}

#[test]
fn a_guest_that_calls_without_end_is_stopped_too() {
    let (_folder, plimsoll) = folder("caller", "log-without-end");
    let ran = plimsoll.run(&["policy", "test"]).code(1);
    assert!(ran.stdout.contains("ran out of"), "{}", ran.stdout);
    let (_folder, plimsoll) = folder("caller", "ask-registry");
    let ran = plimsoll.run(&["policy", "test"]).code(1);
    assert!(ran.stdout.contains("add to its `capabilities`"), "{}", ran.stdout);
}

#[test]
fn files_that_are_no_policies_are_refused_with_the_reason() {
    for (guest, says) in [
        ("core-module", "core WebAssembly module"),
        ("truncated", "cut off"),
        ("foreign", "it imports `wall-clock`"),
        ("stranger", "exports nothing of the contract"),
    ] {
        let (_folder, plimsoll) = folder(guest, "trap");
        for command in ["test", "fuzz"] {
            let ran = plimsoll.run(&["policy", command]).code(2);
            assert!(ran.stderr.contains(says), "{guest}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_backtest_counts_what_a_hostile_candidate_would_have_done() {
    require!(Requirement::Git);
    let application = Application::with_rules("scratch", LAYOUT, "");
    let _ = application.run(&["release"]);
    application.git.write("guest.wasm", plimsoll_guests::component("hostile"));
    for (harm, _) in HARMS {
        application.git.write("settings.json", format!(r#"{{"do":"{harm}"}}"#));
        let backtest = [
            "policy",
            "backtest",
            "guest.wasm",
            "--settings",
            "settings.json",
            "--instead-of",
            "stock:always",
            "--format",
            "json",
        ];
        let report = application.run(&backtest).code(0).json();
        assert_eq!(report["decisions"], 1, "{harm}: {report}");
        assert_eq!(report["changed"][0]["before"], "allow", "{harm}: {report}");
        assert_eq!(report["changed"][0]["after"], "no answer", "{harm}: {report}");
    }
}
