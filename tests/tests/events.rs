//! Events of GitHub Actions: what the variables and the event file say becomes tags, outputs and a summary.

use std::fs;

use plimsoll_support::{Application, Plimsoll, Requirement, environment, require};
use serde_json::json;
use tempfile::TempDir;

const COMMIT: &str = "8f2a1c0d9e7b6a5f4c3d2e1f0a9b8c7d6e5f4a3b";

/// A job of GitHub Actions, in a folder with nothing but a configuration.
struct Job {
    folder: TempDir,
    plimsoll: Plimsoll,
}

impl Job {
    fn new(event: &str, git_ref: &str, payload: &serde_json::Value) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let rules = "[image]\nrepository = \"ghcr.io/contoso/website\"\n";
        fs::write(folder.path().join("plimsoll.toml"), rules).expect("writable");
        let file = folder.path().join("event.json");
        fs::write(&file, payload.to_string()).expect("writable");
        let plimsoll = variables(Plimsoll::in_folder(folder.path()), event, git_ref, COMMIT)
            .environment("GITHUB_EVENT_PATH", file);
        Self { folder, plimsoll }
    }

    fn tags(&self) -> serde_json::Value {
        self.plimsoll.run(&["tags", "--event", "github", "--format", "json"]).code(0).json()
    }
}

fn variables(plimsoll: Plimsoll, event: &str, git_ref: &str, commit: &str) -> Plimsoll {
    let name = git_ref.rsplit('/').next().unwrap_or(git_ref);
    let kind = if git_ref.starts_with("refs/tags/") { "tag" } else { "branch" };
    plimsoll
        .environment("GITHUB_ACTIONS", "true")
        .environment("GITHUB_EVENT_NAME", event)
        .environment("GITHUB_REF", git_ref)
        .environment("GITHUB_REF_NAME", name)
        .environment("GITHUB_REF_TYPE", kind)
        .environment("GITHUB_SHA", commit)
        .environment("GITHUB_REPOSITORY", "contoso/website")
        .environment("GITHUB_SERVER_URL", "https://github.com")
        .environment("GITHUB_ACTOR", "octocat")
        .environment("GITHUB_RUN_ID", "4242")
}

fn repository() -> serde_json::Value {
    json!({
        "full_name": "contoso/website",
        "html_url": "https://github.com/contoso/website",
        "default_branch": "main",
        "description": "The web site of Contoso",
        "license": { "spdx_id": "Apache-2.0" },
    })
}

fn head_commit() -> serde_json::Value {
    json!({ "id": COMMIT, "timestamp": "2026-07-01T09:30:05+02:00", "message": "Publish", "author": { "name": "Octo" } })
}

#[test]
fn a_push_to_main_moves_latest() {
    let payload =
        json!({ "ref": "refs/heads/main", "repository": repository(), "head_commit": head_commit() });
    let tags = Job::new("push", "refs/heads/main", &payload).tags();
    assert_eq!(tags["tags"], json!(["ghcr.io/contoso/website:latest"]));
    assert_eq!(tags["version"], json!(null));
    let labels = &tags["labels"];
    assert_eq!(labels["org.opencontainers.image.revision"], COMMIT);
    assert_eq!(labels["org.opencontainers.image.source"], "https://github.com/contoso/website");
    assert_eq!(labels["org.opencontainers.image.created"], "2026-07-01T07:30:05Z");
    assert_eq!(labels["org.opencontainers.image.licenses"], "Apache-2.0");
}

#[test]
fn a_push_of_a_version_tag_creates_it() {
    let payload =
        json!({ "ref": "refs/tags/v1.4.0", "repository": repository(), "head_commit": head_commit() });
    let tags = Job::new("push", "refs/tags/v1.4.0", &payload).tags();
    assert_eq!(tags["version"], "1.4.0");
    assert_eq!(tags["tags"], json!(["ghcr.io/contoso/website:v1.4.0", "ghcr.io/contoso/website:latest"]));
}

#[test]
fn a_pre_release_tag_alone_does_not_move_latest() {
    let payload =
        json!({ "ref": "refs/tags/v2.0.0-rc.1", "repository": repository(), "head_commit": head_commit() });
    let tags = Job::new("push", "refs/tags/v2.0.0-rc.1", &payload).tags();
    assert_eq!(tags["tags"], json!(["ghcr.io/contoso/website:v2.0.0-rc.1"]));
}

#[test]
fn a_pull_request_is_refused_with_what_would_release() {
    let payload = json!({
        "number": 7,
        "repository": repository(),
        "pull_request": {
            "number": 7,
            "base": { "ref": "main", "repo": { "full_name": "contoso/website" } },
            "head": { "ref": "feature", "sha": COMMIT, "repo": { "full_name": "someone/website" } },
        },
    });
    let job = Job::new("pull_request", "refs/pull/7/merge", &payload);
    let ran =
        job.plimsoll.run(&["tags", "--event", "github", "--commit-date", "2026-07-01T00:00:00Z"]).code(1);
    assert!(ran.stdout.contains("pull request"), "{}", ran.stdout);
}

#[test]
fn a_schedule_and_a_manual_run_on_main_release_like_a_push() {
    for event in ["schedule", "workflow_dispatch"] {
        let job = Job::new(event, "refs/heads/main", &json!({ "repository": repository() }));
        let arguments =
            ["tags", "--event", "github", "--format", "json", "--commit-date", "2026-07-01T00:00:00Z"];
        let tags = job.plimsoll.run(&arguments).code(0).json();
        assert_eq!(tags["tags"], json!(["ghcr.io/contoso/website:latest"]), "{event}");
    }
}

#[test]
fn a_published_release_carries_its_tag() {
    let payload = json!({
        "action": "published",
        "repository": repository(),
        "release": { "tag_name": "v3.0.0", "prerelease": false, "draft": false, "target_commitish": "main" },
    });
    let job = Job::new("release", "refs/tags/v3.0.0", &payload);
    let arguments =
        ["tags", "--event", "github", "--format", "json", "--commit-date", "2026-07-01T00:00:00Z"];
    assert_eq!(job.plimsoll.run(&arguments).code(0).json()["version"], "3.0.0");
    assert!(!job.folder.path().join(".plimsoll").exists(), "`tags` leaves nothing behind");
}

#[test]
fn a_release_in_a_job_writes_outputs_and_a_summary() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let head = application.git.head();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| folder.path().join(name);
    let mut commit = head_commit();
    commit["id"] = json!(head);
    let payload = json!({ "ref": "refs/heads/main", "repository": repository(), "head_commit": commit });
    fs::write(file("event.json"), payload.to_string()).expect("writable");
    let plimsoll = variables(Plimsoll::in_folder(application.git.path()), "push", "refs/heads/main", &head)
        .environment("GITHUB_EVENT_PATH", file("event.json"))
        .environment("GITHUB_OUTPUT", file("output"))
        .environment("GITHUB_STEP_SUMMARY", file("summary"));
    let report = plimsoll.run(&["release", "--event", "github", "--format", "json"]).code(0).json();
    assert_eq!(environment(&report, "staging")["deployed"], true);

    let output = fs::read_to_string(file("output")).expect("it was written");
    assert!(output.contains(&format!("digest={}\n", report["digest"].as_str().unwrap_or("?"))), "{output}");
    assert!(output.contains("deployed=staging\n"), "{output}");
    let summary = fs::read_to_string(file("summary")).expect("it was written");
    assert!(summary.contains("| staging | allow | yes |"), "{summary}");
    assert!(summary.contains("| production | deny | no |"), "{summary}");
}
