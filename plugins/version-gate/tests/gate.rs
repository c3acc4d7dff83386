//! What the gate lets through.

use plimsoll_policy_version_gate::VersionGate;
use plimsoll_sdk::{Decision, PromotionRequest, RuleOutcome, Verdict, testing};

fn request(image_tags: &[&str], settings: &str) -> PromotionRequest {
    let mut request = testing::promotion(None, "production");
    request.image.tags = image_tags.iter().map(|tag| (*tag).to_owned()).collect();
    request.settings = settings.to_owned();
    request
}

fn decide(request: &PromotionRequest) -> Verdict {
    testing::decide::<VersionGate>(request).expect("the policy can answer")
}

/// The outcomes of the four rules in their order: P, F or S each.
fn outcomes(verdict: &Verdict) -> String {
    let rules: Vec<_> = verdict.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, ["pattern", "semantic-version", "pre-release", "on-image"]);
    let letter = |outcome| match outcome {
        RuleOutcome::Passed => 'P',
        RuleOutcome::Failed => 'F',
        RuleOutcome::Skipped => 'S',
    };
    verdict.findings.iter().map(|finding| letter(finding.outcome)).collect()
}

#[test]
fn only_released_versions_enter() {
    for (tags, settings, expected) in [
        (&["latest", "v1.2.3"][..], "{}", "PPPP"),
        (&["v1.2.3-rc.1", "v1.2.3"], "{}", "PPPP"),
        (&["v1.2.3+build.5"], "{}", "PPPP"),
        (&["latest"], "{}", "FSSS"),
        (&[], "{}", "FSSS"),
        (&["1.2.3"], "{}", "FSSS"),
        (&["v1.2"], "{}", "PFSS"),
        (&["v1.2.3.4"], "{}", "PFSS"),
        (&["v01.2.3"], "{}", "PFSS"),
        (&["version"], "{}", "PFSS"),
        (&["v1.2.3-rc.1"], "{}", "PPFS"),
        (&["v1.2.3-rc.1"], r#"{"pre-releases": true}"#, "PPPP"),
        (&["v1.2.3"], r#"{"pattern": "v2.*"}"#, "FSSS"),
        (&["v2.0.0"], r#"{"pattern": "v2.*"}"#, "PPPP"),
        (&["v1.2.3-rc.1"], r#"{"pattern": "v*.*.*"}"#, "PPFS"),
        (&["v1.2.3.4"], r#"{"pattern": "v*.*.*"}"#, "PFSS"),
        (&["shop-v2.0.1"], r#"{"prefix": "shop-v"}"#, "PPPP"),
        (&["v2.0.1"], r#"{"prefix": "shop-v"}"#, "FSSS"),
        (&["1.2.3"], r#"{"prefix": ""}"#, "PPPP"),
        (&["latest"], r#"{"prefix": ""}"#, "PFSS"),
    ] {
        let verdict = decide(&request(tags, settings));
        assert_eq!(outcomes(&verdict), expected, "{tags:?} {settings}");
        let decision = if expected.contains('F') { Decision::Deny } else { Decision::Allow };
        assert_eq!(verdict.decision, decision, "{tags:?} {settings}");
    }
}

#[test]
fn a_tag_on_the_commit_alone_does_not_open_the_gate() {
    let mut request = request(&["latest"], "{}");
    request.source.tags = vec!["v1.2.3".to_owned()];
    let verdict = decide(&request);
    assert_eq!(outcomes(&verdict), "PPPF");
    assert_eq!(verdict.decision, Decision::Deny);
}

#[test]
fn findings_say_what_was_seen_and_what_would_change_it() {
    for (tags, rule, says) in [
        (&["latest", "edge"][..], 0, &["`v*`", "`latest`, `edge`", "`v1.2.3`"][..]),
        (&["v1.2"], 1, &["`v1.2`", "minor"]),
        (&["version"], 1, &["`version`", "vMAJOR.MINOR.PATCH"]),
        (&["v1.2.3-rc.1"], 2, &["`v1.2.3-rc.1`", "pre-releases = true"]),
    ] {
        let verdict = decide(&request(tags, "{}"));
        for part in says {
            let message = &verdict.findings[rule].message;
            assert!(message.contains(part), "{message} does not say {part}");
        }
    }
}

#[test]
fn many_tags_make_no_endless_message() {
    let tags: Vec<String> = (0..60).map(|number| format!("{}{number}", "x".repeat(120))).collect();
    let mut request = request(&[], "{}");
    request.image.tags = tags;
    assert!(decide(&request).findings[0].message.len() < 2_000);
}

#[test]
fn settings_are_checked() {
    let pointers = |settings: &str| -> Vec<String> {
        let problems = testing::check_settings::<VersionGate>(settings).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.pointer).collect()
    };
    assert!(pointers(r#"{"pattern": "v*", "prefix": "v", "pre-releases": true}"#).is_empty());
    assert_eq!(pointers(r#"{"pattern": ""}"#), ["/pattern"]);
    assert_eq!(pointers(r#"{"pre-releases": "yes"}"#), ["/pre-releases"]);
    assert_eq!(pointers(r#"{"prereleases": true}"#), ["/prereleases"]);
}
