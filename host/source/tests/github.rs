//! Events as GitHub Actions hands them over.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fs};

use plimsoll_core::contract::{GitRef, PublishedRelease, PullRequest, Trigger};
use plimsoll_source::{
    Event, SourceError,
    flags::Overrides,
    github::{self, Options},
};
use proptest::prelude::*;
use serde_json::{Value, json};

const SHA: &str = "1111111111111111111111111111111111111111";

/// What every event says of its repository.
fn repository() -> Value {
    json!({
        "full_name": "contoso/website",
        "html_url": "https://github.com/contoso/website",
        "default_branch": "main",
        "description": "Our site",
        "license": { "spdx_id": "MIT" }
    })
}

fn push(reference: &str) -> Value {
    json!({
        "ref": reference,
        "deleted": false,
        "base_ref": null,
        "head_commit": {
            "id": SHA,
            "timestamp": "2023-11-14T23:13:20+01:00",
            "message": "Say hello",
            "author": { "name": "Author" }
        },
        "repository": repository()
    })
}

fn pull_request() -> Value {
    json!({
        "number": 7,
        "pull_request": {
            "number": 7,
            "base": { "ref": "main", "repo": { "full_name": "contoso/website" } },
            "head": { "ref": "fix", "sha": "2".repeat(40), "repo": { "full_name": "someone/website" } }
        },
        "repository": repository()
    })
}

fn dated() -> Options {
    Options { commit_date: Some(5), ..Options::default() }
}

fn read(event: &str, reference: &str, payload: &Value, options: &Options) -> Result<Event, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("event.json");
    fs::write(&file, payload.to_string()).unwrap();
    let variables = BTreeMap::from([
        ("GITHUB_EVENT_NAME", event),
        ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
        ("GITHUB_SHA", SHA),
        ("GITHUB_REF", reference),
        ("GITHUB_REPOSITORY", "contoso/website"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_ACTOR", "octocat"),
        ("GITHUB_RUN_ID", "42"),
    ]);
    github::read(&|name| variables.get(name).map(|value| (*value).to_owned()), options)
}

#[test]
fn a_push_of_a_branch() {
    let event = read("push", "refs/heads/main", &push("refs/heads/main"), &Options::default()).unwrap();
    let source = event.source;
    assert_eq!(source.trigger, Trigger::Push);
    assert_eq!(source.git_ref, GitRef::Branch("main".to_owned()));
    assert_eq!(source.commit.id, SHA);
    assert_eq!(source.commit.time, 1_700_000_000);
    assert_eq!(source.commit.author.as_deref(), Some("Author"));
    assert_eq!(source.commit.message.as_deref(), Some("Say hello"));
    assert_eq!(source.repository.name, "contoso/website");
    assert_eq!(source.repository.url.as_deref(), Some("https://github.com/contoso/website"));
    assert_eq!(source.repository.default_branch.as_deref(), Some("main"));
    assert_eq!(source.repository.description.as_deref(), Some("Our site"));
    assert_eq!(source.repository.license.as_deref(), Some("MIT"));
    assert_eq!(source.tags, Vec::<String>::new());
    assert_eq!(source.actor.as_deref(), Some("octocat"));
    assert_eq!(event.occurrence.as_deref(), Some("42"));
    assert_eq!(event.notes, Vec::<String>::new());
}

#[test]
fn a_push_of_a_tag_carries_it_and_says_its_branch() {
    let mut payload = push("refs/tags/v1.0.0");
    payload["base_ref"] = json!("refs/heads/main");
    let event = read("push", "refs/tags/v1.0.0", &payload, &Options::default()).unwrap();
    assert_eq!(event.source.git_ref, GitRef::Tag("v1.0.0".to_owned()));
    assert_eq!(event.source.tags, ["v1.0.0"]);
    assert_eq!(event.notes, ["The tag v1.0.0 was pushed on the branch main."]);
}

#[test]
fn pull_requests_of_both_kinds_are_about_the_pull_request() {
    let expected = PullRequest {
        number: 7,
        base: "main".to_owned(),
        head: "fix".to_owned(),
        head_commit: Some("2".repeat(40)),
        from_fork: true,
    };
    for (event, reference) in
        [("pull_request", "refs/pull/7/merge"), ("pull_request_target", "refs/heads/main")]
    {
        let source = read(event, reference, &pull_request(), &dated()).unwrap().source;
        assert_eq!(source.trigger, Trigger::PullRequest(expected.clone()));
        assert_eq!(source.git_ref, GitRef::PullRequest(7));
    }
    let mut inside = pull_request();
    inside["pull_request"]["head"]["repo"]["full_name"] = json!("contoso/website");
    let source = read("pull_request", "refs/pull/7/merge", &inside, &dated()).unwrap().source;
    assert!(matches!(source.trigger, Trigger::PullRequest(PullRequest { from_fork: false, .. })));

    let error = read("pull_request", "refs/pull/7/merge", &push("x"), &dated()).unwrap_err();
    assert_eq!(error.to_string(), "the event `pull_request` has no `pull_request.number`");
}

#[test]
fn the_other_events() {
    let payload = json!({ "repository": repository() });
    let release = json!({ "release": { "tag_name": "v2", "prerelease": true }, "repository": repository() });
    let cases = [
        ("schedule", "refs/heads/main", &payload, Trigger::Schedule, vec![]),
        ("workflow_dispatch", "refs/tags/v1", &payload, Trigger::Manual, vec!["v1"]),
        ("discussion", "refs/heads/main", &payload, Trigger::Other("discussion".to_owned()), vec![]),
        (
            "release",
            "refs/tags/v2",
            &release,
            Trigger::PublishedRelease(PublishedRelease { prerelease: true }),
            vec!["v2"],
        ),
    ];
    for (name, reference, payload, trigger, tags) in cases {
        let source = read(name, reference, payload, &dated()).unwrap().source;
        assert_eq!(source.trigger, trigger);
        assert_eq!(source.tags, tags);
        assert_eq!(source.commit.time, 5);
    }
}

#[test]
fn an_event_that_removed_its_reference_is_refused() {
    let mut payload = push("refs/heads/old");
    payload["deleted"] = json!(true);
    payload["head_commit"] = Value::Null;
    for (name, payload) in [("push", payload), ("delete", json!({ "ref": "old", "ref_type": "branch" }))] {
        let error = read(name, "refs/heads/main", &payload, &dated()).unwrap_err();
        assert!(
            matches!(&error, SourceError::Removed { reference } if reference.ends_with("old")),
            "{error}"
        );
    }
}

#[test]
fn the_time_of_the_commit_is_never_made_up() {
    let bare = json!({ "repository": repository() });
    let error = read("schedule", "refs/heads/main", &bare, &Options::default()).unwrap_err();
    assert!(matches!(error, SourceError::UnknownCommitTime { .. }), "{error}");

    // What is described is another commit.
    let mut other = push("refs/heads/main");
    other["head_commit"]["id"] = json!("3".repeat(40));
    let error = read("push", "refs/heads/main", &other, &Options::default()).unwrap_err();
    assert!(matches!(error, SourceError::UnknownCommitTime { .. }), "{error}");

    let mut wrong = push("refs/heads/main");
    wrong["head_commit"]["timestamp"] = json!("yesterday");
    let error = read("push", "refs/heads/main", &wrong, &Options::default()).unwrap_err();
    assert!(matches!(error, SourceError::InvalidTime { .. }), "{error}");
    let event = read("push", "refs/heads/main", &wrong, &dated()).unwrap();
    assert_eq!((event.source.commit.time, event.source.commit.author.as_deref()), (5, Some("Author")));
}

#[test]
fn the_repository_api_wins_and_the_variables_are_the_last_resort() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("repository.json");
    let answer =
        json!({ "full_name": "contoso/site", "license": { "spdx_id": "NOASSERTION" }, "description": null });
    fs::write(&file, answer.to_string()).unwrap();
    let options = Options { repository: Some(file), ..Options::default() };
    let found =
        read("push", "refs/heads/main", &push("refs/heads/main"), &options).unwrap().source.repository;
    assert_eq!(found.name, "contoso/site");
    assert_eq!((found.license, found.description), (None, None));

    let found = read("schedule", "refs/heads/main", &json!({}), &dated()).unwrap().source.repository;
    assert_eq!(found.name, "contoso/website");
    assert_eq!(found.url.as_deref(), Some("https://github.com/contoso/website"));
}

#[test]
fn missing_variables_name_themselves_all_at_once() {
    let only = |name: &str| (name == "GITHUB_EVENT_NAME").then(|| "push".to_owned());
    let error = github::read(&only, &Options::default()).unwrap_err();
    assert_eq!(error.to_string(), "GITHUB_EVENT_PATH, GITHUB_SHA, GITHUB_REPOSITORY and GITHUB_REF not set");
}

#[test]
fn a_file_that_is_no_event_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("event.json");
    let variables = |name: &str| {
        Some(if name == "GITHUB_EVENT_PATH" { file.to_str()?.to_owned() } else { SHA.to_owned() })
    };
    let error = github::read(&variables, &Options::default()).unwrap_err();
    assert!(matches!(error, SourceError::File { .. }), "{error}");
    for text in ["", "{", "[]", "null"] {
        fs::write(&file, text).unwrap();
        let error = github::read(&variables, &Options::default()).unwrap_err();
        assert!(error.to_string().contains("event.json"), "{error}");
        assert!(matches!(error, SourceError::Json { .. }), "{error}");
    }
}

/// Any JSON, with the keys that events have more often than others.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(Value::from(SHA)),
    ];
    let key = prop_oneof![
        prop::sample::select(vec![
            "ref",
            "deleted",
            "base_ref",
            "head_commit",
            "id",
            "timestamp",
            "pull_request",
            "number",
            "head",
            "base",
            "repo",
            "repository",
            "full_name",
            "license",
            "release",
            "tag_name",
            "sender",
            "login",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ];
    leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_event_file_is_read_without_a_panic(
        payload in any_json(),
        event in prop::sample::select(vec!["push", "pull_request", "release", "schedule", "delete", "x"]),
        reference in prop_oneof![Just("refs/heads/main".to_owned()), "\\PC{0,12}"],
        date in any::<Option<i64>>(),
    ) {
        let options = Options { commit_date: date, ..Options::default() };
        if let Ok(event) = read(event, &reference, &payload, &options) {
            prop_assert_eq!(event.source.commit.id, SHA);
        }
    }
}

#[test]
fn facts_are_what_no_other_field_says() {
    let facts = |event: Event| -> Vec<(String, String)> {
        event.source.facts.into_iter().map(|fact| (fact.name, fact.value)).collect()
    };
    let push_of = |reference: &str| {
        let mut payload = push(reference);
        payload["base_ref"] = json!("refs/heads/main");
        read("push", reference, &payload, &Options::default()).unwrap()
    };
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    assert_eq!(facts(push_of("refs/tags/v1.0.0")), pair("base_ref", "refs/heads/main"));
    assert_eq!(facts(push_of("refs/heads/fix")), []);
    let target = read("pull_request_target", "refs/heads/main", &pull_request(), &dated()).unwrap();
    assert_eq!(facts(target), pair("GITHUB_EVENT_NAME", "pull_request_target"));
}

#[test]
fn the_variables_of_the_metadata_action_are_facts_and_empty_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("event.json");
    fs::write(&file, push("refs/heads/main").to_string()).unwrap();
    let variables = BTreeMap::from([
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
        ("GITHUB_SHA", SHA),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_REPOSITORY", "contoso/website"),
        ("DOCKER_METADATA_ANNOTATIONS_LEVELS", "manifest,index"),
        ("DOCKER_METADATA_PR_HEAD_SHA", ""),
        ("DOCKER_METADATA_SHORT_SHA_LENGTH", "12"),
    ]);
    let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let facts = github::read(&lookup, &Options::default()).unwrap().source.facts;
    let facts: Vec<_> = facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
    let expected = [
        ("DOCKER_METADATA_ANNOTATIONS_LEVELS", "manifest,index"),
        ("DOCKER_METADATA_SHORT_SHA_LENGTH", "12"),
    ];
    assert_eq!(facts, expected);
}

#[test]
fn the_default_branch_of_the_event_is_a_fact_where_the_file_says_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("repository.json");
    let facts = |answer: Value| {
        fs::write(&file, answer.to_string()).unwrap();
        let options = Options { repository: Some(file.clone()), ..Options::default() };
        let source = read("push", "refs/heads/main", &push("refs/heads/main"), &options).unwrap().source;
        source.facts.into_iter().map(|fact| (fact.name, fact.value)).collect::<Vec<_>>()
    };
    let event_says = [("repository.default_branch".to_owned(), "main".to_owned())];
    assert_eq!(facts(json!({ "full_name": "contoso/website", "default_branch": "trunk" })), event_says);
    assert_eq!(facts(json!({ "full_name": "contoso/website" })), event_says);
    assert_eq!(facts(json!({ "full_name": "contoso/website", "default_branch": "main" })), []);
}

/// The facts of an event by name.
fn facts_of(name: &str, reference: &str, payload: &Value, options: &Options) -> Vec<(String, String)> {
    let facts = read(name, reference, payload, options).unwrap().source.facts;
    facts.into_iter().map(|fact| (fact.name, fact.value)).collect()
}

#[test]
fn a_reference_that_the_typed_one_does_not_say_is_a_fact() {
    let facts = |name: &str, reference: &str| facts_of(name, reference, &pull_request(), &dated());
    let reference = |value: &str| vec![("GITHUB_REF".to_owned(), value.to_owned())];
    assert_eq!(facts("pull_request", "refs/pull/7/merge"), []);
    assert_eq!(facts("pull_request", "refs/pull/7/head"), reference("refs/pull/7/head"));
    assert_eq!(facts("pull_request", "refs/heads/main"), reference("refs/heads/main"));
}

#[test]
fn the_pull_request_of_another_event_is_in_facts() {
    let expected = [("pull_request.base.ref", "main".to_owned()), ("pull_request.head.sha", "2".repeat(40))]
        .map(|(name, value)| (name.to_owned(), value));
    assert_eq!(facts_of("pull_request_review", "refs/pull/7/merge", &pull_request(), &dated()), expected);
}

#[test]
fn what_a_repository_says_beyond_its_typed_fields_is_in_facts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("repository.json");
    let answer =
        json!({ "name": "Website", "default_branch": "main", "license": { "spdx_id": "NOASSERTION" } });
    fs::write(&file, answer.to_string()).unwrap();
    let options = Options { repository: Some(file), commit_date: Some(5), ..Options::default() };
    let expected = [
        ("repository.default_branch", ""),
        ("repository.license.spdx_id", "NOASSERTION"),
        ("repository.name", "Website"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(facts_of("workflow_dispatch", "refs/heads/main", &json!({}), &options), expected);
    let source = read("workflow_dispatch", "refs/heads/main", &json!({}), &options).unwrap().source;
    assert_eq!(source.repository.name, "contoso/website");
    assert_eq!(source.repository.license, None);
}

#[test]
fn an_event_that_describes_its_repository_in_part_is_completed() {
    let payload = json!({ "repository": { "default_branch": "trunk" } });
    let repository =
        read("workflow_dispatch", "refs/heads/trunk", &payload, &dated()).unwrap().source.repository;
    assert_eq!(repository.name, "contoso/website");
    assert_eq!(repository.default_branch.as_deref(), Some("trunk"));
    assert_eq!(repository.url.as_deref(), Some("https://github.com/contoso/website"));
}

#[test]
fn the_commit_is_looked_up_among_those_of_the_push() {
    let payload = json!({ "commits": [
        { "id": "3".repeat(40), "timestamp": "2024-01-01T00:00:00Z" },
        { "id": SHA, "timestamp": "2023-11-14T22:13:20Z" },
    ] });
    let source = read("push", "refs/heads/main", &payload, &Options::default()).unwrap().source;
    assert_eq!(source.commit.time, 1_700_000_000);
}

#[test]
fn a_flag_takes_away_the_facts_that_it_replaces() {
    let mut event = read("pull_request", "refs/pull/7/head", &pull_request(), &dated()).unwrap();
    let flags = Overrides { git_ref: Some(GitRef::Branch("main".to_owned())), ..Overrides::default() };
    flags.apply(&mut event).unwrap();
    assert_eq!(event.source.facts, []);
}
