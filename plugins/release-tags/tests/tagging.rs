//! What each kind of event is tagged with.

use plimsoll_policy_release_tags::ReleaseTags;
use plimsoll_sdk::{
    Derivation, Finding, GitRef, Plan, PublishedRelease, RuleOutcome, TagMode, TaggingRequest, Trigger,
    testing,
};

fn derive(request: &TaggingRequest) -> Derivation {
    testing::derive::<ReleaseTags>(request).expect("the policy can answer")
}

fn plan(request: &TaggingRequest) -> Plan {
    match derive(request) {
        Derivation::Plan(plan) => plan,
        Derivation::Refusal(refusal) => panic!("refused: {:?}", refusal.findings),
    }
}

/// The messages of the failed findings of a refusal.
fn refusal(request: &TaggingRequest) -> String {
    match derive(request) {
        Derivation::Plan(plan) => panic!("tagged: {:?}", plan.tags),
        Derivation::Refusal(refusal) => {
            let failed = |finding: &Finding| finding.outcome == RuleOutcome::Failed;
            let messages: Vec<_> =
                refusal.findings.into_iter().filter(failed).map(|found| found.message).collect();
            assert!(!messages.is_empty(), "a refusal says what failed");
            messages.join("\n")
        }
    }
}

/// Tags in a short form: `+` before one that is created, `>` before one that moves.
fn tags(plan: &Plan) -> Vec<String> {
    let sign = |mode| if mode == TagMode::Create { '+' } else { '>' };
    plan.tags.iter().map(|tag| format!("{}{}", sign(tag.mode), tag.name)).collect()
}

fn tagged(mut request: TaggingRequest, git_tags: &[&str]) -> TaggingRequest {
    request.source.tags = git_tags.iter().map(|tag| (*tag).to_owned()).collect();
    request
}

fn with(mut request: TaggingRequest, settings: &str) -> TaggingRequest {
    request.settings = settings.to_owned();
    request
}

fn by(trigger: Trigger, mut request: TaggingRequest) -> TaggingRequest {
    request.source.trigger = trigger;
    request
}

fn detached() -> TaggingRequest {
    let mut request = testing::push("main");
    request.source.git_ref = GitRef::Detached;
    request
}

#[test]
fn events_that_release() {
    let main = || testing::push("main");
    let published = |prerelease| Trigger::PublishedRelease(PublishedRelease { prerelease });
    for (request, version, expected) in [
        (main(), None, &[">latest"][..]),
        (tagged(main(), &["v1.2.3"]), Some("1.2.3"), &["+v1.2.3", ">latest"]),
        (tagged(main(), &["v1.2.3-rc.1"]), Some("1.2.3-rc.1"), &["+v1.2.3-rc.1", ">latest"]),
        (tagged(main(), &["nightly", "v1.2"]), None, &[">latest"]),
        (tagged(main(), &["v1.10.0", "v1.9.0"]), Some("1.10.0"), &["+v1.9.0", "+v1.10.0", ">latest"]),
        (tagged(main(), &["v2.0.0", "v2.0.0-rc.1"]), Some("2.0.0"), &["+v2.0.0-rc.1", "+v2.0.0", ">latest"]),
        (tagged(main(), &["v1.2.3", "v1.2.3+linux"]), Some("1.2.3"), &["+v1.2.3", ">latest"]),
        (testing::push_of_tag("v1.2.3"), Some("1.2.3"), &["+v1.2.3", ">latest"]),
        (testing::push_of_tag("v1.1.0-rc.1"), Some("1.1.0-rc.1"), &["+v1.1.0-rc.1"]),
        (tagged(detached(), &["v1.2.3"]), Some("1.2.3"), &["+v1.2.3", ">latest"]),
        (tagged(testing::push("hotfix"), &["v1.2.4"]), Some("1.2.4"), &["+v1.2.4", ">latest"]),
        (by(Trigger::Schedule, main()), None, &[">latest"]),
        (by(Trigger::Manual, main()), None, &[">latest"]),
        (by(Trigger::Manual, testing::push_of_tag("v1.2.3")), Some("1.2.3"), &["+v1.2.3", ">latest"]),
        (by(published(false), testing::push_of_tag("v1.2.3")), Some("1.2.3"), &["+v1.2.3", ">latest"]),
        (by(published(true), testing::push_of_tag("v1.2.3")), Some("1.2.3"), &["+v1.2.3"]),
    ] {
        let plan = plan(&request);
        assert_eq!(tags(&plan), expected, "{:?}", request.source);
        assert_eq!(plan.version.as_deref(), version, "{:?}", request.source);
    }
}

#[test]
fn events_that_do_not_release_say_what_would() {
    let mut fork = testing::pull_request(9);
    if let Trigger::PullRequest(details) = &mut fork.source.trigger {
        details.from_fork = true;
    }
    let mut unknown_default = testing::push("main");
    unknown_default.source.repository.default_branch = None;
    for (request, says) in [
        (testing::push("new-colours"), &["`new-colours`", "`main`", "`v1.2.3`"][..]),
        (testing::pull_request(7), &["pull request 7", "merge", "`main`"]),
        (fork, &["pull request 9", "fork"]),
        (tagged(testing::pull_request(7), &["v1.2.3"]), &["pull request 7"]),
        (by(Trigger::Other("fork".to_owned()), testing::push("main")), &["`fork`"]),
        (by(Trigger::Schedule, testing::push("new-colours")), &["`new-colours`"]),
        (detached(), &["without a branch", "`v1.2.3`"]),
        (unknown_default, &["default-branch"]),
        (testing::push_of_tag("nightly"), &["`nightly`", "`v1.2.3`"]),
        (testing::push_of_tag("v1.2"), &["`v1.2`", "vMAJOR.MINOR.PATCH"]),
        (testing::push_of_tag("v1.2.3.4"), &["`v1.2.3.4`"]),
        (testing::push_of_tag("v01.2.3"), &["`v01.2.3`", "leading zero"]),
        (testing::push_of_tag("v1.2.3+linux"), &["`v1.2.3+linux`", "`+`"]),
        (testing::push_of_tag(&format!("v1.2.3-{}", "a".repeat(130))), &["128"]),
        (tagged(testing::push("new-colours"), &["v1.2"]), &["`v1.2`", "`new-colours`"]),
    ] {
        let messages = refusal(&request);
        for part in says {
            assert!(messages.contains(part), "`{messages}` does not say {part}");
        }
    }
}

#[test]
fn settings_change_the_rules() {
    for (request, expected) in [
        (with(testing::push("trunk"), r#"{"default-branch": "trunk"}"#), &[">latest"][..]),
        (with(testing::push("main"), r#"{"latest": "edge"}"#), &[">edge"]),
        (with(testing::push_of_tag("v1.2.3"), r#"{"latest": ""}"#), &["+v1.2.3"]),
        (with(testing::push("main"), r#"{"commit-tag": "sha-"}"#), &[">sha-aaaaaaaaaaaa", ">latest"]),
        (with(testing::push_of_tag("shop-v1.2.3"), r#"{"prefix": "shop-v"}"#), &["+shop-v1.2.3", ">latest"]),
        (with(testing::push_of_tag("1.2.3"), r#"{"prefix": ""}"#), &["+1.2.3", ">latest"]),
    ] {
        assert_eq!(tags(&plan(&request)), expected, "{}", request.settings);
    }
    let messages = refusal(&with(testing::push("main"), r#"{"default-branch": "trunk"}"#));
    assert!(messages.contains("`trunk`"), "{messages}");
}

#[test]
fn labels_and_annotations_say_where_the_image_comes_from() {
    let mut request = tagged(testing::push("main"), &["v1.2.3"]);
    request.source.repository.license = Some("Apache-2.0".to_owned());
    request.settings =
        r#"{"labels": {"com.contoso.team": "web", "org.opencontainers.image.title": "Site"}}"#.to_owned();
    let plan = plan(&request);
    let labels: Vec<_> =
        plan.labels.iter().map(|label| (label.name.as_str(), label.value.as_str())).collect();
    assert_eq!(
        labels,
        [
            ("org.opencontainers.image.url", "https://github.com/contoso/website"),
            ("org.opencontainers.image.source", "https://github.com/contoso/website"),
            ("org.opencontainers.image.revision", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("org.opencontainers.image.created", "2024-03-05T10:00:00Z"),
            ("org.opencontainers.image.version", "1.2.3"),
            ("org.opencontainers.image.licenses", "Apache-2.0"),
            ("com.contoso.team", "web"),
            ("org.opencontainers.image.title", "Site"),
        ]
    );
    assert_eq!(plan.labels, plan.annotations);
}

#[test]
fn every_rule_yields_a_finding() {
    let rules =
        |plan: &Plan| -> Vec<String> { plan.findings.iter().map(|found| found.rule.clone()).collect() };
    for request in [testing::push("main"), testing::push_of_tag("v1.2.3")] {
        assert_eq!(rules(&plan(&request)), ["event", "version-tag", "branch", "working-tree", "latest"]);
    }
}

#[test]
fn a_dirty_tree_is_said() {
    let mut request = testing::push("main");
    request.source.dirty = true;
    assert!(plan(&request).findings.iter().any(|finding| finding.message.contains("not in the commit")));
}

#[test]
fn settings_are_checked() {
    let pointers = |settings: &str| -> Vec<String> {
        let problems = testing::check_settings::<ReleaseTags>(settings).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.pointer).collect()
    };
    assert!(pointers("{}").is_empty());
    assert!(pointers(r#"{"prefix": "", "latest": "", "commit-tag": "", "labels": {}}"#).is_empty());
    assert_eq!(pointers(r#"{"prefix": "web/v", "latest": "-x"}"#), ["/prefix", "/latest"]);
    assert_eq!(pointers(r#"{"latest": "v1.0.0"}"#), ["/latest"]);
    assert_eq!(pointers(r#"{"commit-tag": "+"}"#), ["/commit-tag"]);
    assert_eq!(pointers(&format!(r#"{{"commit-tag": "{}"}}"#, "a".repeat(120))), ["/commit-tag"]);
    assert_eq!(pointers(r#"{"labels": {"a": 1}}"#), ["/labels/a"]);
    assert_eq!(pointers(r#"{"branch": "main"}"#), ["/branch"]);
}
