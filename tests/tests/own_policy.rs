//! The example of a policy of one's own, the one that `docs/write-a-policy.md` writes: it is built as an author builds
//! it, and decides releases beside a stock policy.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use plimsoll_componentize::{Build, Package};
use plimsoll_support::{GitRepository, Plimsoll, Requirement, environment, require};
use serde_json::Value;

/// The folder of the example.
fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/own-policy")
}

/// The component of the policy, built once.
fn component() -> &'static [u8] {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    COMPONENT.get_or_init(|| {
        // Where the build scripts of the workspace build policies too, so that the SDK is compiled already.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../policies");
        let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
        let build = Build {
            cargo: env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from),
            manifest: Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"),
            target_directory: target,
            cargo_home: env::var_os("CARGO_HOME").map(PathBuf::from).or(home),
        };
        build.component(Package::new("weekend")).unwrap_or_else(|error| panic!("{error}")).bytes
    })
}

/// The example's application in a repository, its version 1.0.0 tagged.
fn repository() -> (GitRepository, Plimsoll) {
    let git = GitRepository::create();
    for file in [
        "plimsoll.toml",
        "Dockerfile",
        "site/index.html",
        "k8s/deployment.yaml",
        ".gitignore",
        ".dockerignore",
    ] {
        git.write(file, fs::read(example().join(file)).expect("the file is part of the checkout"));
    }
    git.write("policies/weekend.wasm", component());
    git.commit("Put up a notice");
    git.tag("v1.0.0");
    let plimsoll = Plimsoll::in_folder(git.path());
    (git, plimsoll)
}

/// What a command prints about production at a time.
fn production_at(plimsoll: &Plimsoll, command: &[&str], now: &str) -> Value {
    let arguments = [command, &["--format", "json", "--now", now]].concat();
    environment(&plimsoll.run(&arguments).code(0).json(), "production").clone()
}

#[test]
fn a_version_waits_for_monday() {
    require!(Requirement::Git);
    let (_git, plimsoll) = repository();

    // Friday, 14:30 in Berlin, where the weekend begins at 14 o'clock: 13:30 UTC is no afternoon yet.
    let friday = production_at(&plimsoll, &["release"], "2026-11-27T13:30:00Z");
    assert_eq!(friday["verdict"], "hold", "{friday}");
    assert_eq!(friday["deployed"], false);
    let findings = friday["findings"].to_string();
    assert!(findings.contains("Friday, 14:30 in Europe/Berlin"), "{findings}");
    assert!(findings.contains("semantic version"), "the stock policy was asked as well: {findings}");

    // On Sunday it still waits, on Monday it is taken up again and goes in.
    let sunday = production_at(&plimsoll, &["resume"], "2026-11-29T12:00:00Z");
    assert_eq!(sunday["deployed"], false, "{sunday}");
    let monday = production_at(&plimsoll, &["resume"], "2026-11-30T08:00:00Z");
    assert_eq!(monday["verdict"], "allow", "{monday}");
    assert_eq!(monday["deployed"], true);
}

#[test]
fn any_other_day_is_a_day_for_a_release() {
    require!(Requirement::Git);
    let (_git, plimsoll) = repository();
    let morning = production_at(&plimsoll, &["plan"], "2026-11-27T12:59:59Z");
    assert_eq!(morning["verdict"], "allow", "{morning}");
    let monday = production_at(&plimsoll, &["release"], "2026-11-30T08:00:00Z");
    assert_eq!(monday["deployed"], true, "{monday}");
}

#[test]
fn its_settings_are_checked_with_the_configuration() {
    require!(Requirement::Git);
    let (git, plimsoll) = repository();
    let rules = fs::read_to_string(git.path().join("plimsoll.toml")).expect("the rules are text");
    git.write("plimsoll.toml", rules.replace("from-hour = 14", "from-hour = 24"));
    let ran = plimsoll.run(&["plan"]).code(64);
    assert!(ran.stderr.contains("must be an hour, 0 to 23"), "{}", ran.stderr);
}

#[test]
fn one_question_can_be_put_to_it() {
    require!(Requirement::Git);
    let (git, plimsoll) = repository();
    git.write(
        "friday.json",
        fs::read(example().join("friday.json")).expect("the file is part of the checkout"),
    );
    let eval = ["policy", "eval", "policies/weekend.wasm", "--request", "friday.json", "--format", "json"];
    assert_eq!(plimsoll.run(&eval).code(1).json()["verdict"], "hold");
}

#[test]
fn its_cases_pass_and_its_invariant_holds() {
    require!(Requirement::Git);
    let (git, plimsoll) = repository();
    git.write(
        "cases.toml",
        fs::read(example().join("cases.toml")).expect("the file is part of the checkout"),
    );
    let _ = plimsoll.run(&["policy", "test", "--coverage", "100"]).code(0);
    let fuzzed =
        plimsoll.run(&["policy", "fuzz", "--runs", "500", "--seed", "1", "--format", "json"]).code(0).json();
    assert!(fuzzed["suites"][0]["invariants"][0]["applied"].as_u64() > Some(0), "{fuzzed}");
}

#[test]
fn the_page_that_writes_it_shows_its_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: PathBuf| fs::read_to_string(path).expect("the file is part of the checkout");
    let page = read(root.join("docs/write-a-policy.md"));
    let code = read(example().join("weekend/src/lib.rs"));
    let blocks: Vec<&str> =
        page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 4, "settings, check, rule, tests");
    // The page shows two of the three tests, so these are compared line by line.
    let tests = blocks[3].lines().all(|line| code.lines().any(|written| written == line));
    assert!(tests && blocks[..3].iter().all(|block| code.contains(block)), "the page and the example differ");
}
