//! Hostile policies in a release: nothing is promoted, the reason is said, and the policies beside them decide on.
//!
//! How each harm ends in the sandbox is told in `host/policy/tests/hostile.rs`; here is what a release makes of it.

use plimsoll_support::{Application, LAYOUT, Requirement, environment, require};

/// An application whose staging is guarded by a guest, and whose preview environment by nobody.
fn guarded_by(guest: &str, settings: &str) -> Application {
    let more = format!(
        r#"
[[environments]]
name = "preview"
target = {{ kind = "directory", path = "deploy/preview", manifests = "k8s/" }}
promotion = [{{ policy = "stock:always" }}]

[[environments]]
name = "guarded"
target = {{ kind = "directory", path = "deploy/guarded", manifests = "k8s/" }}
promotion = [
    {{ policy = "stock:always" }},
    {{ policy = "policies/guest.wasm", settings = {settings}, limits = {{ fuel = 200_000_000, memory = "64MiB", time = "5s" }} }},
]
"#
    );
    let application = Application::with_rules("scratch", LAYOUT, &more);
    application.git.write("policies/guest.wasm", plimsoll_guests::component(guest));
    application.git.commit("Add a policy");
    application
}

#[test]
fn a_policy_that_does_not_answer_holds_the_release_and_nobody_else() {
    require!(Requirement::Git);
    for (harm, says) in [
        ("endless-loop", "ran out of fuel"),
        ("memory-bomb", "ran out of memory"),
        ("recursion", "ran out of stack"),
        ("huge-output", "ran out of output"),
        ("million-findings", "ran out of output"),
        ("trap", "crashed"),
        ("error", "could not answer: no answer on Mondays"),
        ("hold-without-condition", "answer was refused"),
    ] {
        let application = guarded_by("hostile", &format!(r#"{{ do = "{harm}" }}"#));
        let report = application.run(&["release", "--format", "json"]).code(2).json();
        assert_eq!(report["standing"], "failed", "{harm}");
        let guarded = environment(&report, "guarded");
        assert_eq!(guarded["verdict"], "hold", "{harm}: {guarded}");
        assert_eq!(guarded["deployed"], false, "{harm}");
        let findings = guarded["findings"].to_string();
        assert!(findings.contains(says) && findings.contains("host:policy"), "{harm}: {findings}");
        // The neighbours decided undisturbed: in other environments, and in the same one.
        assert_eq!(environment(&report, "preview")["deployed"], true, "{harm}");
        assert_eq!(environment(&report, "staging")["deployed"], true, "{harm}");
        assert!(findings.contains("passed"), "{harm}: every binding is asked: {findings}");
        let _ = application.run(&["journal", "verify"]).code(0);
    }
}

#[test]
fn a_no_is_no_failure() {
    require!(Requirement::Git);
    for (answer, verdict) in [("deny", "deny"), ("hold", "hold")] {
        let application = guarded_by("hostile", &format!(r#"{{ do = "{answer}" }}"#));
        let report = application.release();
        assert_eq!(environment(&report, "guarded")["verdict"], verdict);
        assert_eq!(environment(&report, "guarded")["deployed"], false);
    }
}

#[test]
fn tags_that_no_registry_takes_stop_the_release_before_anything_is_built() {
    require!(Requirement::Git);
    for (harm, says) in [
        ("invalid-tag", "not a tag"),
        ("latest-twice", "given twice"),
        ("long-tag", "breaks"),
        ("trap", "crashed"),
        ("endless-loop", "ran out of fuel"),
        ("error", "no answer on Mondays"),
    ] {
        let application = Application::self_contained();
        let rules = application.read("plimsoll.toml");
        let limits = "limits = { fuel = 20_000_000 }";
        let tags =
            format!("[tags]\npolicy = \"guest.wasm\"\nsettings = {{ do = \"{harm}\" }}\n{limits}\n\n{rules}");
        application.git.write("plimsoll.toml", tags);
        application.git.write("guest.wasm", plimsoll_guests::component("hostile"));
        application.git.commit("Let a guest derive the tags");
        let report = application.run(&["release", "--format", "json"]).code(2).json();
        assert!(
            report["failure"]["message"].as_str().is_some_and(|text| text.contains(says)),
            "{harm}: {report}"
        );
        assert_eq!(report["digest"], serde_json::Value::Null, "{harm}: nothing is built");
        assert_eq!(application.running("staging"), None, "{harm}");
    }
}

#[test]
fn what_cannot_be_a_policy_is_refused_before_anything_happens() {
    require!(Requirement::Git);
    for (guest, says) in [
        ("core-module", "module"),
        ("truncated", "cut off"),
        ("contract-0.9.0", "0.9.0"),
        ("foreign", "wall-clock"),
        ("caller", "grants = ["),
    ] {
        let application = guarded_by(guest, "{ }");
        let refused = application.run(&["release"]).code(64);
        assert!(refused.stderr.contains(says), "{guest}: `{says}` is missing in\n{}", refused.stderr);
        assert!(
            refused.stderr.contains("plimsoll.toml:"),
            "{guest}: the place is missing in\n{}",
            refused.stderr
        );
        assert_eq!(application.running("staging"), None, "{guest}");
        assert!(!application.git.path().join("deploy").exists(), "{guest}: nothing happened");
    }
}
