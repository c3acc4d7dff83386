//! `policy new` as a new author uses it: what it writes builds, is a policy, and passes its own cases.

use std::{env, path::PathBuf, process::Command};

use plimsoll_support::Plimsoll;

/// The command in a folder, with the Rust installation of whoever runs the tests.
fn author(folder: &std::path::Path) -> Plimsoll {
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let of = |variable: &str, default: &str| {
        env::var_os(variable).map_or_else(|| home.join(default), PathBuf::from)
    };
    Plimsoll::in_folder(folder)
        .environment("CARGO_HOME", of("CARGO_HOME", ".cargo"))
        .environment("RUSTUP_HOME", of("RUSTUP_HOME", ".rustup"))
        // What the SDK is made of is compiled once for all projects of these tests.
        .environment("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/scaffolds"))
}

#[test]
fn what_is_new_builds_and_passes_its_own_cases() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = author(folder.path());
    for (name, kind, answers) in [
        ("branch-gate", "promotion", "promotion"),
        ("branch-tag", "tagging", "tagging"),
        ("branch", "both", "tagging, promotion"),
    ] {
        let _ = plimsoll.run(&["policy", "new", name, "--kind", kind]).code(0);
        let built = plimsoll.run(&["policy", "build", name]).code(0);
        assert!(built.stdout.contains(&format!("answers  {answers}\n")), "{}", built.stdout);
        let component = format!("{name}/{name}.wasm");
        let read = plimsoll.run(&["policy", "inspect", &component, "--format", "json"]).code(0).json();
        assert_eq!(read["description"]["name"], name, "what is built carries its description: {read}");
        let tested = plimsoll.run(&["policy", "test", "--cases", name, "--coverage", "100"]).code(0);
        assert!(tested.stdout.contains("0 failed"), "{}", tested.stdout);
        let _ = plimsoll.run(&["policy", "fuzz", "--cases", name, "--runs", "300", "--seed", "1"]).code(0);
    }
}

/// The build shows what the compiler says only when it fails; whoever runs cargo sees its warnings, the SDK's among them.
#[test]
fn what_is_new_compiles_without_a_warning() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    for kind in ["promotion", "tagging", "both"] {
        let name = format!("quiet-{kind}");
        let _ = author(folder.path()).run(&["policy", "new", &name, "--kind", kind]).code(0);
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["check", "--tests"]).current_dir(folder.path().join(&name));
        cargo.env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/scaffolds"));
        let checked = cargo.output().expect("cargo starts");
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success() && !said.contains("warning"), "{said}");
    }
}

#[test]
fn nothing_is_overwritten_and_names_are_checked() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = author(folder.path());
    let _ = plimsoll.run(&["policy", "new", "gate"]).code(0);
    let again = plimsoll.run(&["policy", "new", "gate"]).code(2);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    for name in ["Gate", "7gate", "a--b", "a-", "a_b", ""] {
        let refused = plimsoll.run(&["policy", "new", name]).code(2);
        assert!(refused.stderr.contains("cannot be a policy's name"), "{name}: {}", refused.stderr);
    }
    for name in ["plimsoll-sdk", "plimsoll"] {
        let refused = plimsoll.run(&["policy", "new", name]).code(2);
        assert!(refused.stderr.contains("that new projects come with"), "{name}: {}", refused.stderr);
    }
    let nowhere = plimsoll.run(&["policy", "build", "nowhere"]).code(2);
    assert!(nowhere.stderr.contains("plimsoll policy new"), "{}", nowhere.stderr);
}

#[test]
fn a_mistake_in_the_source_is_shown_as_the_compiler_says_it() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = author(folder.path());
    let _ = plimsoll.run(&["policy", "new", "gate"]).code(0);
    let source = folder.path().join("gate/src/lib.rs");
    let text = std::fs::read_to_string(&source).expect("it was written");
    std::fs::write(&source, text.replace("Findings::new()", "Findings::newest()"))
        .expect("it can be changed");
    let failed = plimsoll.run(&["policy", "build", "gate"]).code(2);
    assert!(failed.stderr.contains("newest"), "{}", failed.stderr);
}
