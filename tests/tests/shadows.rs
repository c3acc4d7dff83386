//! Shadows: policies that are asked what others decide, and decide nothing, whatever they say or do.

use plimsoll_support::{Application, LAYOUT, Requirement, environment, require};
use serde_json::Value;

/// The clock of what is shown word by word.
const NOW: &str = "2026-11-30T08:00:00Z";

/// An application with one more environment, open to everything, whose policy has this shadow.
fn shadowed_by(shadow: &str, more: &str) -> Application {
    let more = format!(
        r#"
[[environments]]
name = "preview"
target = {{ kind = "directory", path = "deploy/preview", manifests = "k8s/" }}
promotion = [{{ policy = "stock:always", shadow = {shadow} }}]

{more}
"#
    );
    let application = Application::with_rules("scratch", LAYOUT, &more);
    application.git.write("policies/hostile.wasm", plimsoll_guests::component("hostile"));
    application.git.write("policies/caller.wasm", plimsoll_guests::component("caller"));
    application.git.commit("Add policies");
    application
}

/// The facts of this kind in the journal.
fn facts(application: &Application, kind: &str) -> Vec<Value> {
    let export = application.run(&["journal", "export"]).code(0).stdout;
    let entries = export.lines().map(|line| serde_json::from_str::<Value>(line).expect("the export is JSON"));
    entries.map(|entry| entry["fact"].clone()).filter(|fact| fact["fact"] == kind).collect()
}

/// What `status` says of the only shadow.
fn status(application: &Application) -> Value {
    application.run(&["status", "--format", "json"]).code(0).json()["shadows"][0].clone()
}

/// What a command printed at a fixed time, without blanks at the ends of lines and without places in the journal: environments
/// that do not come after one another go at the same time.
fn shown(application: &Application, arguments: &[&str]) -> String {
    let text = application.run(&[arguments, &["--now", NOW]].concat()).snapshot();
    let place = regex::Regex::new(r"(?m)^ *\d+ (?P<time>2026-)|entry \d+").expect("it is an expression");
    let text = place.replace_all(&text, |found: &regex::Captures<'_>| {
        let is_line = found.name("time").is_some();
        if is_line { "[PLACE] 2026-" } else { "entry [PLACE]" }
    });
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// An application with shadows of its tags and of an environment.
fn with_two_shadows() -> Application {
    shadowed_by(
        r#"{ policy = "stock:version-gate", settings = { pattern = "v*" } }"#,
        "[tags]\npolicy = \"stock:release-tags\"\nshadow = { policy = \"stock:release-tags\", settings = { latest = \"edge\" } }",
    )
}

/// Releases what is no version, then one: the shadow of the environment disagrees once, and agrees once.
fn release_twice(application: &Application) -> Value {
    let _ = application.run(&["release", "--now", NOW]).code(0);
    application.change("Version one");
    application.git.tag("v1.0.0");
    application.run(&["release", "--now", NOW, "--format", "json"]).code(0).json()
}

/// The lines that tell of shadows.
fn about_shadows(text: &str) -> String {
    text.lines().filter(|line| line.contains("shadow")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_shadow_is_asked_the_same_and_changes_nothing() {
    require!(Requirement::Git);
    let application = with_two_shadows();
    let released = release_twice(&application);
    assert_eq!(environment(&released, "preview")["deployed"], true, "{released}");
    let (shadowed, decided) = (facts(&application, "shadowed"), facts(&application, "decided"));
    assert_eq!(shadowed.len(), 2);
    let decided: Vec<&Value> = decided.iter().filter(|fact| fact["environment"] == "preview").collect();
    for (shadowed, decided) in shadowed.iter().zip(&decided) {
        let (mut asked, real) = (shadowed["shadows"][0]["record"]["request"].clone(), &decided["records"][0]);
        assert_eq!(asked["settings"], r#"{"pattern":"v*"}"#);
        asked["settings"] = real["request"]["settings"].clone();
        assert_eq!(asked, real["request"], "it is the same question but for the settings");
        assert_eq!(shadowed["shadows"][0]["decided"], real["outcome"]);
        assert_eq!(decided["verdict"]["decision"], "allow");
    }
    let _ = application.run(&["journal", "verify"]).code(0);
}

#[test]
fn people_read_what_a_shadow_would_have_decided() {
    require!(Requirement::Git);
    let application = with_two_shadows();
    let before = shown(&application, &["status"]);
    assert!(before.contains("on preview\n  not asked yet"), "{before}");
    insta::assert_snapshot!(about_shadows(&shown(&application, &["plan"])), @r#"
    the shadow stock:release-tags disagrees: edge (moves) instead of latest (moves)
    the shadow stock:version-gate disagrees: deny instead of allow
    "#);
    assert!(facts(&application, "shadowed").is_empty(), "a plan writes nothing");
    let _ = release_twice(&application);
    insta::assert_snapshot!(about_shadows(&shown(&application, &["why", "v1.0.0"])), @r#"
    the shadow stock:release-tags disagrees: v1.0.0, edge (moves), version 1.0.0 instead of v1.0.0, latest (moves), version 1.0.0
    the shadow stock:version-gate agrees
    "#);
    insta::assert_snapshot!(about_shadows(&shown(&application, &["history", "v1.0.0"])), @r#"
    [PLACE] 2026-11-30 08:00:00Z the shadow stock:release-tags disagrees: v1.0.0, edge (moves), version 1.0.0 instead of v1.0.0, latest (moves), version 1.0.0
    [PLACE] 2026-11-30 08:00:00Z preview: the shadow stock:version-gate agrees
    "#);
    insta::assert_snapshot!(shown(&application, &["status"]), @r#"
    exit code: 0
    --- stdout
    ENVIRONMENT  VERSION  RELEASE         COMMIT        DIGEST               SINCE
    staging      1.0.0    [RELEASE]  [SHORT]  sha256:[SHORT]  2026-11-30 08:00:00Z
    production   1.0.0    [RELEASE]  [SHORT]  sha256:[SHORT]  2026-11-30 08:00:00Z
    preview      1.0.0    [RELEASE]  [SHORT]  sha256:[SHORT]  2026-11-30 08:00:00Z

    shadow stock:release-tags beside stock:release-tags on the tags
      disagrees in 2 of 2 decisions since 2026-11-30 08:00:00Z
      [RELEASE] 2026-11-30 08:00:00Z, entry [PLACE]: v1.0.0, edge (moves), version 1.0.0 instead of v1.0.0, latest (moves), version 1.0.0
      [RELEASE] 2026-11-30 08:00:00Z, entry [PLACE]: edge (moves) instead of latest (moves)

    shadow stock:version-gate beside stock:always on preview
      disagrees in 1 of 2 decisions since 2026-11-30 08:00:00Z
      [RELEASE] 2026-11-30 08:00:00Z, entry [PLACE]: deny instead of allow
        ✗ pattern           no tag matches `v*`: the image carries `latest`; release a commit with a git tag such as `v1.2.3`
        - semantic-version  there is no tag to read a version from
        - pre-release       there is no version
    --- stderr
    "#);
}

#[test]
fn what_a_shadow_was_counts_no_more_once_it_is_another_one() {
    require!(Requirement::Git);
    let application = shadowed_by(r#"{ policy = "stock:version-gate" }"#, "");
    let _ = application.release();
    assert_eq!(
        (&status(&application)["decisions"], &status(&application)["disagreements"]),
        (&1.into(), &1.into())
    );
    let newest = &status(&application)["newest"][0];
    assert_eq!((&newest["decided"], &newest["would-decide"]), (&"allow".into(), &"deny".into()), "{newest}");
    assert_eq!(newest["findings"][0]["rule"], "always", "{newest}");

    // Other settings, and then what has nothing to do with it.
    let rules = application.read("plimsoll.toml");
    let other =
        rules.replace("stock:version-gate\" }", "stock:version-gate\", settings = { pattern = \"w*\" } }");
    application.git.write("plimsoll.toml", &other);
    assert_eq!(
        (&status(&application)["decisions"], &status(&application)["since"]),
        (&0.into(), &Value::Null)
    );
    application.change("Another headline");
    let _ = application.release();
    assert_eq!(status(&application)["decisions"], 1);
    application.git.write("plimsoll.toml", other.replace("v*", "v1*"));
    assert_eq!(status(&application)["decisions"], 1);
}

#[test]
fn whatever_a_shadow_does_is_recorded_and_the_release_goes_on() {
    require!(Requirement::Git);
    for (guest, harm, says) in [
        ("hostile", "trap", "crashed"),
        ("hostile", "endless-loop", "ran out of fuel"),
        ("hostile", "memory-bomb", "ran out of memory"),
        ("hostile", "recursion", "ran out of stack"),
        ("hostile", "million-findings", "ran out of output"),
        ("hostile", "error", "no answer on Mondays"),
        ("hostile", "hold-without-condition", "answer was refused"),
        ("caller", "log-without-end", "ran out of host calls"),
    ] {
        let application = shadowed_by(
            &format!(
                r#"{{ policy = "policies/{guest}.wasm", settings = {{ do = "{harm}" }}, grants = ["log", "registry", "history"],
                limits = {{ fuel = 200_000_000, memory = "64MiB", time = "5s" }} }}"#
            )
            .replace("\n                ", " "),
            "",
        );
        let report = application.release();
        assert_eq!(report["standing"], "done", "{harm}: {report}");
        assert_eq!(environment(&report, "preview")["deployed"], true, "{harm}: {report}");
        assert_eq!(environment(&report, "preview")["verdict"], "allow", "{harm}: {report}");
        let status = status(&application);
        assert_eq!(
            (&status["decisions"], &status["disagreements"]),
            (&1.into(), &1.into()),
            "{harm}: {status}"
        );
        assert_eq!(status["newest"][0]["would-decide"], "no answer", "{harm}: {status}");
        assert!(status["newest"][0]["findings"].to_string().contains(says), "{harm}: {status}");
        assert!(application.run(&["status"]).code(0).stdout.contains(says), "{harm}");
        let _ = application.run(&["journal", "verify"]).code(0);
    }
}

#[test]
fn a_shadow_of_the_tags_gives_none() {
    require!(Requirement::Git);
    for (harm, says) in [("deny", "refused"), ("trap", "no answer"), ("invalid-tag", "no answer")] {
        let tags = format!(
            "[tags]\npolicy = \"stock:release-tags\"\nshadow = {{ policy = \"policies/hostile.wasm\", settings = {{ do = \"{harm}\" }} }}"
        );
        let application = shadowed_by(r#"{ policy = "stock:always" }"#, &tags);
        application.git.tag("v1.0.0");
        let report = application.release();
        assert_eq!(report["tags"].as_array().map(Vec::len), Some(2), "{harm}: {report}");
        assert_eq!(report["shadow"]["would-decide"], says, "{harm}: {report}");
        assert_eq!(report["shadow"]["decided"], "v1.0.0, latest (moves), version 1.0.0", "{harm}: {report}");
        assert_eq!(environment(&report, "preview")["shadows"][0]["agrees"], true, "{harm}: {report}");
        assert_eq!(status(&application)["disagreements"], 1, "{harm}");
    }
}

#[test]
fn a_shadow_looks_up_in_its_own_name() {
    require!(Requirement::Git);
    let shadow = r#"{ policy = "stock:image-policy", grants = ["registry"], settings = { policy = { semver = { range = ">=1" } } } }"#;
    let application = shadowed_by(shadow, "");
    application.git.tag("v1.0.0");
    let _ = application.release();
    let shadowed = facts(&application, "shadowed");
    let looked_up = &shadowed[0]["shadows"][0]["record"]["transcript"];
    assert!(looked_up.to_string().contains("registry-tags"), "{looked_up}");
    let decided = facts(&application, "decided");
    assert!(
        decided.iter().all(|fact| fact["records"][0]["transcript"].as_array().is_some_and(Vec::is_empty)),
        "{decided:?}"
    );

    // Its decisions can be made again like any other, and are told apart.
    let replay = application.run(&["policy", "replay", "--format", "json"]).code(0).json();
    let decisions = replay["decisions"].as_array().expect("it is a list");
    let shadows: Vec<&Value> = decisions.iter().filter(|decision| decision["shadow"] == true).collect();
    assert_eq!((shadows.len(), decisions.len()), (1, 5), "{replay}");
    assert_eq!(shadows[0]["policy"]["name"], "image-policy");

    // What it looked up is in its record alone: a candidate is held against the real decisions, or against the shadow's.
    let backtest = |more: &[&str]| {
        let backtest = ["policy", "backtest", "stock:image-policy", "--format", "json"];
        application.run(&[&backtest[..], more].concat())
    };
    assert!(backtest(&[]).code(2).stderr.contains("--instead-of"));
    let settings = r#"{"policy":{"semver":{"range":">=1"}}}"#;
    application.git.write("range.json", settings);
    let real = backtest(&["--instead-of", "version-gate", "--settings", "range.json"]).code(0).json();
    assert_eq!((&real["decisions"], &real["not-replayable"]), (&1.into(), &1.into()), "{real}");
    let shadow = backtest(&["--shadows"]).code(0).json();
    assert_eq!((&shadow["decisions"], &shadow["same"]), (&1.into(), &1.into()), "{shadow}");
}

#[test]
fn a_shadow_that_cannot_be_used_is_a_mistake_in_the_file() {
    require!(Requirement::Git);
    for (shadow, says) in [
        (r#"{ policy = "policies/nothing.wasm" }"#, "nothing.wasm"),
        (r#"{ policy = "stock:release-tags" }"#, "decides no promotions"),
        (r#"{ policy = "stock:version-gate", settings = { patern = "v*" } }"#, "patern"),
        (r#"{ policy = "policies/caller.wasm" }"#, "grants = ["),
        (r#"{ policy = "oci://registry.example/policies/gate:1" }"#, "is not locked"),
    ] {
        let application = shadowed_by(shadow, "");
        let refused = application.run(&["release"]).code(64);
        let said = refused.stderr.replace("\n  │ ", " ");
        assert!(said.contains(says) && said.contains("plimsoll.toml:"), "{shadow}: {said}");
        assert!(!application.git.path().join("deploy").exists(), "{shadow}: nothing happened");
    }
}

#[test]
fn a_shadow_whose_registry_is_away_keeps_nobody_waiting() {
    require!(Requirement::Git);
    // Nobody listens there.
    let reference = format!("oci://127.0.0.1:1/policies/gate@sha256:{}", "0".repeat(64));
    let application = shadowed_by(&format!(r#"{{ policy = "{reference}" }}"#), "");
    for command in [["plan", "--format=json"], ["release", "--format=json"]] {
        let ran = application.run(&command).code(0);
        let told = format!("the shadow {reference} is not asked");
        assert!(ran.stderr.contains(&told), "{command:?}: {}", ran.stderr);
        assert_eq!(environment(&ran.json(), "preview")["verdict"], "allow", "{command:?}");
    }
    assert!(facts(&application, "shadowed").is_empty());
}
