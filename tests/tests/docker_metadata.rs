//! The stock policy `docker-metadata` through `plimsoll tags --event github`: events and settings, and what
//! docker/metadata-action gives for them. Each test is a table over some of the rules that the policy's page names.

use std::fs;

use plimsoll_support::{Plimsoll, Ran};
use serde_json::{Value, json};
use tempfile::TempDir;

const COMMIT: &str = "860c1904a1ce19322e91ac35af1ab07466440c37";
const HEAD: &str = "5f3331d7f7044c18ca9f12c77d961c4d7cf3276a";
const IMAGE: &str = "ghcr.io/contoso/website:";

/// An event with what the provider sets and says.
#[derive(Clone)]
struct Event {
    name: &'static str,
    reference: &'static str,
    payload: Value,
    variables: Vec<(&'static str, &'static str)>,
}

fn event(name: &'static str, reference: &'static str) -> Event {
    let payload = match name {
        "pull_request" | "pull_request_target" => json!({
            "number": 7,
            "pull_request": { "number": 7, "base": { "ref": "main" }, "head": { "ref": "fix", "sha": HEAD } },
            "repository": { "default_branch": "main" },
        }),
        _ => json!({ "repository": { "default_branch": "main" } }),
    };
    Event { name, reference, payload, variables: Vec::new() }
}

fn main() -> Event {
    event("push", "refs/heads/main")
}

fn tag(reference: &'static str) -> Event {
    event("push", reference)
}

impl Event {
    fn with(mut self, pointer: &str, value: Value) -> Self {
        self.payload[pointer] = value;
        self
    }

    fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Asks for the tags of the event. Settings are `(name, list)`, `strict` beside them.
    fn ask(&self, settings: &[(&str, &[&str])], strict: bool) -> Ran {
        let folder = self.folder(settings, strict);
        let mut plimsoll = Plimsoll::in_folder(folder.path())
            .environment("GITHUB_EVENT_NAME", self.name)
            .environment("GITHUB_EVENT_PATH", folder.path().join("event.json"))
            .environment("GITHUB_REF", self.reference)
            .environment("GITHUB_SHA", COMMIT)
            .environment("GITHUB_REPOSITORY", "contoso/website")
            .environment("GITHUB_SERVER_URL", "https://github.com");
        for (name, value) in &self.variables {
            plimsoll = plimsoll.environment(name, *value);
        }
        let arguments =
            ["tags", "--event", "github", "--repository", "repository.json", "--now", "2026-07-01T12:30:45Z"];
        let more = ["--commit-date", "2026-06-30T23:15:00Z", "--format", "json"];
        plimsoll.run(&[&arguments[..], &more[..]].concat())
    }

    fn folder(&self, settings: &[(&str, &[&str])], strict: bool) -> TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // A list of texts is written in TOML as in JSON.
        let lists = settings.iter().map(|(name, list)| format!("{name} = {}\n", json!(list)));
        let rules = format!(
            "[image]\nrepository = \"ghcr.io/contoso/website\"\n\n[tags]\npolicy = \"stock:docker-metadata\"\n\n\
             [tags.settings]\nstrict = {strict}\n{}",
            lists.collect::<String>()
        );
        let repository = json!({
            "name": "website",
            "full_name": "contoso/website",
            "description": "The site of Contoso",
            "html_url": "https://github.com/contoso/website",
            "default_branch": "main",
            "license": { "spdx_id": "MIT" },
        });
        let files = [
            ("plimsoll.toml", rules),
            ("event.json", self.payload.to_string()),
            ("repository.json", repository.to_string()),
        ];
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("writable");
        }
        folder
    }

    /// The tags without the image's name; the version is the first of those that the action gives.
    #[track_caller]
    fn gives(&self, tags: &[&str], flavor: &[&str], expected: &[&str]) {
        let ran = self.ask(&[("tags", tags), ("flavor", flavor)], false);
        if expected.is_empty() {
            let answer = ran.code(1).json();
            assert!(answer["refused"].as_array().is_some_and(|findings| !findings.is_empty()), "{answer}");
            return;
        }
        let answer = ran.code(0).json();
        let given = answer["tags"].as_array().expect("a list");
        let given: Vec<&str> =
            given.iter().filter_map(|tag| tag.as_str().and_then(|tag| tag.strip_prefix(IMAGE))).collect();
        // The host moves `latest` last.
        let mut ordered = expected.to_vec();
        ordered.sort_by_key(|tag| *tag == "latest");
        assert_eq!(given, ordered, "{tags:?} {flavor:?} at {} {}", self.name, self.reference);
        assert_eq!(answer["version"], expected[0], "{tags:?}");
    }

    #[track_caller]
    fn fails(&self, settings: &[(&str, &[&str])], strict: bool, says: &[&str]) {
        let ran = self.ask(settings, strict);
        assert!(
            matches!(ran.code, Some(2 | 64)),
            "{settings:?}: {:?} {}{}",
            ran.code,
            ran.stdout,
            ran.stderr
        );
        for part in says {
            assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
        }
    }
}

#[test]
fn rule_1_without_rules_there_are_four_and_without_tags_there_is_a_refusal() {
    main().gives(&[], &[], &["main"]);
    tag("refs/tags/v1.2.3-rc.1").gives(&[], &[], &["v1.2.3-rc.1", "latest"]);
    event("pull_request", "refs/pull/7/merge").gives(&[], &[], &["pr-7"]);
    event("schedule", "refs/heads/main").gives(&[], &[], &["nightly", "main"]);
    main().gives(&["type=ref,event=tag", "type=semver,pattern={{version}}"], &[], &[]);
}

#[test]
fn rule_2_rules_are_asked_by_priority() {
    let rules =
        ["type=sha", "one", "type=raw,value=two", "type=edge", "type=ref,event=branch", "type=raw,value=one"];
    main().gives(&rules, &[], &["edge", "main", "one", "two", "sha-860c190"]);
    main().gives(&["type=edge", "type=raw,value=first,priority=701"], &[], &["first", "edge"]);
}

#[test]
fn rule_3_the_first_result_decides_on_latest() {
    let version = tag("refs/tags/v1.2.3");
    version.gives(&["type=semver,pattern={{version}}"], &[], &["1.2.3", "latest"]);
    version.gives(
        &["type=raw,value=x,priority=999", "type=semver,pattern={{version}}"],
        &[],
        &["x", "1.2.3"],
    );
    version.gives(&["type=match,pattern=v(.*),group=1"], &[], &["1.2.3", "latest"]);
    version.gives(&["type=semver,pattern={{version}}", "latest"], &["latest=false"], &["1.2.3", "latest"]);
    main().gives(&["type=ref,event=branch"], &["latest=true"], &["main", "latest"]);
    main().gives(&["latest"], &["latest=true"], &["latest"]);
    tag("refs/tags/v1.2.3-rc.1").gives(&["type=semver,pattern={{version}}"], &[], &["1.2.3-rc.1"]);
}

#[test]
fn rule_4_semver_is_strict_and_pre_releases_ignore_the_pattern() {
    let patterns = ["type=semver,pattern=v{{major}}.{{minor}}", "type=semver,pattern={{raw}}"];
    tag("refs/tags/v1.2.3+b.1").gives(&patterns, &[], &["v1.2", "v1.2.3-b.1", "latest"]);
    tag("refs/tags/v1.2.3-rc.1+b.1").gives(&patterns, &[], &["1.2.3-rc.1", "v1.2.3-rc.1-b.1"]);
    for reference in ["refs/tags/v1.2", "refs/tags/1.2.3.4", "refs/tags/v01.2.3", "refs/tags/=1.2.3"] {
        tag(reference).gives(&patterns, &[], &[]);
    }
    main().gives(&["type=semver,pattern={{version}},value=v2.0.0"], &[], &["2.0.0", "latest"]);
}

#[test]
fn rule_5_match_picks_what_is_tagged() {
    let app = tag("refs/tags/app/v1.2.3");
    app.gives(&["type=semver,pattern={{version}},match=app/(.*)"], &[], &["1.2.3", "latest"]);
    tag("refs/tags/v1.2.3").gives(&["type=semver,pattern={{major}},match=app/(.*)"], &[], &["1", "latest"]);
    app.gives(&[r"type=match,pattern=\d\.\d"], &[], &["1.2", "latest"]);
    app.gives(&[r"type=match,pattern=/V(\d)/i,group=1"], &[], &["1", "latest"]);
    app.gives(&[r"type=match,pattern=/\d/g,group=1"], &[], &["2", "latest"]);
    app.gives(&["type=match,pattern=^v"], &[], &[]);
    app.gives(&["type=match,pattern=v,group=1"], &[], &[]);
    main().gives(&["type=match,pattern=v(.*),group=1,value=v7"], &[], &["7", "latest"]);
    app.fails(&[("tags", &["type=semver,pattern={{version}},match=app"])], false, &["first group"]);
}

#[test]
fn rule_6_pep440_normalises() {
    let patterns = ["type=pep440,pattern={{version}}", "type=pep440,pattern={{major}}.{{minor}}"];
    tag("refs/tags/v1.1.1").gives(&patterns, &[], &["1.1.1", "1.1", "latest"]);
    tag("refs/tags/1.1beta2").gives(&patterns, &[], &["1.1b2"]);
    tag("refs/tags/1.0.post1").gives(&patterns, &[], &["1.0.post1"]);
    tag("refs/tags/v1.1beta2").gives(&["type=pep440,pattern={{raw}}"], &[], &["v1.1beta2"]);
    tag("refs/tags/1.0+ubuntu.1").gives(&patterns, &[], &["1.0-ubuntu-1", "1.0", "latest"]);
    tag("refs/tags/one").gives(&patterns, &[], &[]);
}

#[test]
fn rule_7_texts_are_sanitised() {
    let branch = event("push", "refs/heads/feature/#12 ~fix!");
    branch.gives(&["type=ref,event=branch"], &[], &["feature-12-fix-"]);
    let answer = main().ask(&[("images", &["GHCR.io/Contoso/Website"])], false).code(0).json();
    assert_eq!(answer["tags"], json!([format!("{IMAGE}main")]));
}

#[test]
fn rule_8_affixes_of_the_flavor_give_way_to_own_ones() {
    let flavor = ["prefix=p-,onlatest=true", "suffix=-{{sha}}"];
    let rules = ["type=ref,event=tag", "type=sha", "type=raw,value=x,prefix=,suffix=-own"];
    tag("refs/tags/v1").gives(&rules, &flavor, &["p-v1-860c190", "x-own", "sha-860c190-860c190", "p-latest"]);
    event("pull_request", "refs/pull/7/merge").gives(&[], &["prefix=p-"], &["pr-7"]);
    let unexpanded = ["suffix=-{{sha}},onlatest=true"];
    tag("refs/tags/v1").gives(&["type=ref,event=tag"], &unexpanded, &["v1-860c190", "latest--sha-"]);
}

#[test]
fn rule_9_expressions_are_filled_in() {
    let base = tag("refs/tags/v1").with("base_ref", json!("refs/heads/release"));
    base.gives(&["type=raw,value=b{{branch}}.{{tag}}.{{base_ref}}.{{sha}}"], &[], &["b.v1.release.860c190"]);
    let equals = event("push", "refs/heads/a=b");
    equals.gives(&["type=raw,value={{branch}}", "type=ref,event=branch"], &[], &["a-b", "a-x3D-b"]);
}

#[test]
fn rule_9_dates_are_told_in_formats_of_moment() {
    let timetable = event("schedule", "refs/heads/main");
    timetable.gives(
        &["type=schedule,pattern={{date 'YYYYMMDD-HHmmss' tz='Asia/Tokyo'}}"],
        &[],
        &["20260701-213045"],
    );
    let rules = ["type=raw,value={{date 'ddd Do [of] MMM'}}", "type=raw,value=c{{commit_date 'YYYY-DDDD'}}"];
    main().gives(&rules, &[], &["Wed-1st-of-Jul", "c2026-181"]);
    main().gives(&["type=raw,value={{date YYYY}}"], &[], &["2026-07-01T12-30-45Z"]);
    main().fails(&[("tags", &["type=raw,value={{date}}"])], false, &["date"]);
}

#[test]
fn rule_9_the_commit_of_a_pull_request_is_the_merge_unless_the_head_is_asked_for() {
    let pull = event("pull_request", "refs/pull/7/merge");
    pull.gives(&["type=sha", "type=raw,value={{base_ref}}"], &[], &["main", "sha-860c190"]);
    let head = pull.variable("DOCKER_METADATA_PR_HEAD_SHA", "true");
    head.gives(&["type=sha,format=long"], &[], &[&format!("sha-{HEAD}")]);
    main().variable("DOCKER_METADATA_SHORT_SHA_LENGTH", "11").gives(&["type=sha"], &[], &["sha-860c1904a1c"]);
    let review = Event { name: "pull_request_review", ..event("pull_request", "refs/pull/7/merge") };
    review.gives(&["type=raw,value={{base_ref}}", "type=ref,event=pr"], &[], &["pr-7", "main"]);
    event("pull_request", "refs/pull/7/head").gives(&[], &[], &["pr-7-head"]);
}

#[test]
fn rule_10_default_branches_and_enable() {
    let rules = ["type=raw,value={{is_default_branch}}", "type=raw,value=not-{{is_not_default_branch}}"];
    main().gives(&rules, &[], &["true", "not-false"]);
    event("push", "refs/heads/dev").gives(&rules, &[], &["false", "not-true"]);
    for name in ["create", "discussion", "issues", "schedule"] {
        event(name, "refs/heads/main").gives(&rules, &[], &["true", "not-false"]);
    }
    for (name, reference) in
        [("pull_request", "refs/pull/7/merge"), ("push", "refs/tags/v1"), ("release", "refs/tags/v1")]
    {
        event(name, reference).gives(&rules, &[], &["false", "not-true"]);
    }
    event("merge_group", "refs/heads/gh-readonly-queue/main/pr-7-abc").gives(
        &[],
        &[],
        &["gh-readonly-queue-main-pr-7-abc"],
    );
    // The event and the repository's API disagree on the default branch.
    let trunk = Event { payload: json!({ "repository": { "default_branch": "trunk" } }), ..main() };
    trunk.gives(&["type=edge", "type=raw,value={{is_default_branch}}"], &[], &["edge", "false"]);
    let silent = Event { payload: json!({}), ..main() };
    silent.gives(&["type=raw,value={{is_default_branch}}"], &[], &["false"]);
    main().gives(&["type=edge,branch=dev", "x,enable={{is_default_branch}}", "y,enable=false"], &[], &["x"]);
    main().fails(&[("tags", &["x,enable=yes"])], false, &["enable", "yes"]);
}

#[test]
fn rule_11_pull_request_target_is_about_the_pull_request() {
    let target = event("pull_request_target", "refs/heads/main");
    target.gives(&["type=ref,event=pr", "type=ref,event=branch", "type=edge"], &[], &["pr-7"]);
}

#[test]
fn rule_12_empty_texts_vanish() {
    main().gives(&["type=raw,value={{tag}}", "mytag-{{tag}}"], &[], &["mytag-"]);
}

#[test]
fn rule_13_images_are_read_and_all_get_the_same_tags() {
    for images in [&["a,b"][..], &["name=a,enable=false"], &["name=a", "name=b,enable=true"]] {
        let answer = main().ask(&[("images", images), ("sep-tags", &[","])], false).code(0).json();
        assert_eq!(answer["tags"], json!([format!("{IMAGE}main")]), "{images:?}");
    }
    main().fails(&[("images", &["name=a,enable=yes"])], false, &["enable"]);
}

#[test]
fn rule_14_labels_and_annotations() {
    let labels = ["org.opencontainers.image.title=Site", "team={{branch}}", "a=b=c", "a=d", "no label"];
    let settings: [(&str, &[&str]); 2] = [("labels", &labels), ("annotations", &["k={{sha}}=&"])];
    let event = main().variable("DOCKER_METADATA_ANNOTATIONS_LEVELS", "manifest,index");
    let answer = event.ask(&settings, false).code(0).json();
    let expected = json!({
        "a": "d",
        "org.opencontainers.image.created": "2026-07-01T12:30:45.000Z",
        "org.opencontainers.image.description": "The site of Contoso",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.revision": COMMIT,
        "org.opencontainers.image.source": "https://github.com/contoso/website",
        "org.opencontainers.image.title": "Site",
        "org.opencontainers.image.url": "https://github.com/contoso/website",
        "org.opencontainers.image.version": "main",
        "team": "main",
    });
    assert_eq!(answer["labels"], expected);
    let annotations = answer["annotations"].as_object().expect("a map");
    assert_eq!(annotations.len(), 18, "{annotations:?}");
    assert_eq!(annotations["k"], "860c190=&");
    assert_eq!(annotations["index:org.opencontainers.image.title"], "website");
    let quoted = ["type=raw,\"value=a,b\"", "type=raw,value=c=d"];
    main().gives(&quoted, &["prefix=x=y"], &["xa-b", "xc-d"]);
}

#[test]
fn strict_refuses_what_is_lost_or_mangled() {
    let long = format!("type=raw,value={}", "a".repeat(129));
    let version = tag("refs/tags/v1.2.3-rc.1");
    let cases: [(&Event, &[&str], &[&str], &str); 9] = [
        (&main(), &[&long], &[], "129"),
        (&main(), &["type=raw,value=.x"], &[], "begins"),
        (&main(), &["type=raw,value=a/b", "type=raw,value=a-b"], &[], "both"),
        (&version, &["type=semver,pattern=v{{version}}"], &[], "without the `v`"),
        (&version, &["type=match,pattern=v,group=1"], &[], "no group `1`"),
        (&version, &["type=ref,event=tag"], &[], "pre-release"),
        (&version, &["type=semver,pattern={{version}}"], &["latest=true"], "pre-release"),
        (
            &main(),
            &["type=semver,pattern={{version}},value=1.2.3", "type=semver,pattern={{version}},value=2.0.0"],
            &[],
            "from the higher `2.0.0`",
        ),
        (&event("push", "refs/heads/a=b"), &["type=raw,value={{branch}}"], &[], "escaped"),
    ];
    for (event, tags, flavor, says) in cases {
        event.fails(
            &[("tags", tags), ("flavor", flavor)],
            true,
            &[says, tags[0].get(..8).unwrap_or_default()],
        );
    }
    let ran = tag("refs/tags/v1.2.3").ask(&[("tags", &["type=semver,pattern={{version}}"])], true);
    assert_eq!(ran.code(0).json()["tags"], json!([format!("{IMAGE}1.2.3"), format!("{IMAGE}latest")]));
}
