//! GitHub, with a stand-in that follows the published REST API (version 2022-11-28): paths, required members, allowed values,
//! status codes, the headers of rate limits.

use std::sync::{Arc, Mutex};

use plimsoll_core::{fact::Entry, ports::Progress as _};
use plimsoll_notify::{Channel, GitHubOptions, Notifier, NotifyError};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{
    LONG,
    facts::{COMMIT, Facts},
    patience,
    server::{Answer, Request, Server},
};

const TOKEN: &str = "ghp_very-secret";

/// What the stand-in holds.
#[derive(Default)]
struct Repository {
    deployments: Vec<Value>,
    /// Every change, in a few words.
    log: Vec<String>,
}

/// The stand-in, with what it holds.
struct StandIn {
    server: Server,
    repository: Arc<Mutex<Repository>>,
}

impl StandIn {
    /// Starts one; `first` may answer instead of it.
    async fn start(first: impl Fn(usize, &Request) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let repository = Arc::new(Mutex::new(Repository::default()));
        let held = Arc::clone(&repository);
        let server = Server::start(move |before, request| {
            let misbehaviour = first(before, request);
            misbehaviour.unwrap_or_else(|| answer(request, &mut held.lock().expect("nobody panicked")))
        })
        .await;
        Self { server, repository }
    }

    fn notifier(&self) -> Notifier {
        self.notifier_with(TOKEN)
    }

    fn notifier_with(&self, token: &str) -> Notifier {
        let api = format!("http://{}/api/v3", self.server.address);
        let options = GitHubOptions { api, token: SecretString::from(token) };
        Notifier::start(vec![Channel::GitHub(options)], patience()).expect("the options are fine")
    }

    fn log(&self) -> Vec<String> {
        self.repository.lock().expect("nobody panicked").log.clone()
    }

    /// Tells facts with a notifier of its own, as a process of its own does, and takes the report.
    async fn tell(&self, learnt: &[Entry], told: &[Entry]) -> Vec<String> {
        let notifier = self.notifier();
        notifier.learn(learnt);
        told.iter().for_each(|entry| notifier.recorded(entry));
        notifier.finish(LONG).await
    }
}

fn limits() -> Vec<(&'static str, String)> {
    vec![
        ("X-RateLimit-Limit", "5000".to_owned()),
        ("X-RateLimit-Remaining", "4999".to_owned()),
        ("X-RateLimit-Reset", "1700003600".to_owned()),
    ]
}

fn reply(status: u16, body: &Value) -> Answer {
    Answer::Status(status, limits(), body.to_string())
}

fn refusal(status: u16, message: &str) -> Answer {
    reply(status, &json!({ "message": message, "documentation_url": "https://docs.github.com/rest" }))
}

fn answer(request: &Request, repository: &mut Repository) -> Answer {
    if request.header("user-agent").is_empty() {
        return refusal(403, "Request forbidden by administrative rules.");
    }
    if request.header("authorization") != format!("Bearer {TOKEN}") {
        return refusal(401, "Bad credentials");
    }
    assert_eq!(request.header("accept"), "application/vnd.github+json");
    assert_eq!(request.header("x-github-api-version"), "2022-11-28");
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let Some(rest) = path.strip_prefix("/api/v3/repos/contoso/website/") else {
        return refusal(404, "Not Found");
    };
    let parts: Vec<&str> = rest.split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["statuses", commit]) => status(commit, &request.json(), repository),
        ("GET", ["deployments"]) => deployments(query, repository),
        ("POST", ["deployments"]) => deployment(&request.json(), repository),
        ("POST", ["deployments", id, "statuses"]) => deployment_status(id, &request.json(), repository),
        _ => refusal(404, "Not Found"),
    }
}

/// Whether a text is there only when it is allowed, and not too long.
fn description_is_fine(body: &Value) -> bool {
    body["description"].as_str().is_none_or(|text| text.chars().count() <= 140)
}

fn status(commit: &str, body: &Value, repository: &mut Repository) -> Answer {
    if commit != COMMIT {
        return refusal(422, &format!("No commit found for SHA: {commit}"));
    }
    let state = body["state"].as_str().unwrap_or_default();
    if !["error", "failure", "pending", "success"].contains(&state) || !description_is_fine(body) {
        return refusal(422, "Validation Failed");
    }
    repository.log.push(format!("status {} {state}", body["context"].as_str().unwrap_or("default")));
    reply(201, &json!({ "id": 1, "state": state, "context": body["context"] }))
}

fn deployments(query: &str, repository: &Repository) -> Answer {
    let filter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let fits = |deployment: &&Value| {
        filter("sha").is_none_or(|sha| deployment["sha"] == sha)
            && filter("environment").is_none_or(|environment| deployment["environment"] == environment)
    };
    let newest_first: Vec<&Value> = repository.deployments.iter().rev().filter(fits).collect();
    reply(200, &json!(newest_first))
}

fn deployment(body: &Value, repository: &mut Repository) -> Answer {
    let Some(git_ref) = body["ref"].as_str() else { return refusal(422, "Validation Failed") };
    if git_ref != COMMIT {
        return refusal(422, &format!("No ref found for: {git_ref}"));
    }
    // By default GitHub merges, and refuses while other statuses are not successful.
    if body["auto_merge"] != json!(false) {
        return reply(202, &json!({ "message": "Auto-merged main into the ref on deployment." }));
    }
    if body["required_contexts"] != json!([]) {
        return refusal(409, "Conflict: Commit status checks failed for the ref.");
    }
    let id = repository.deployments.len() + 41;
    let environment = body["environment"].as_str().unwrap_or("production").to_owned();
    let made = json!({
        "id": id,
        "sha": COMMIT,
        "ref": git_ref,
        "task": "deploy",
        "environment": environment,
        "payload": body["payload"],
    });
    repository.deployments.push(made.clone());
    repository.log.push(format!("deployment {id} to {environment}"));
    reply(201, &made)
}

fn deployment_status(id: &str, body: &Value, repository: &mut Repository) -> Answer {
    if !repository.deployments.iter().any(|deployment| deployment["id"].as_u64() == id.parse().ok()) {
        return refusal(404, "Not Found");
    }
    let state = body["state"].as_str().unwrap_or_default();
    let states = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];
    if !states.contains(&state) || !description_is_fine(body) {
        return refusal(422, "Validation Failed");
    }
    let url = body["environment_url"].as_str().map(|url| format!(" at {url}")).unwrap_or_default();
    repository.log.push(format!("deployment {id} {state}{url}"));
    reply(201, &json!({ "id": 1, "state": state }))
}

fn fine(_: usize, _: &Request) -> Option<Answer> {
    None
}

#[tokio::test]
async fn held_then_approved_then_deployed() {
    let github = StandIn::start(fine).await;
    let mut facts = Facts::new();
    let first = [
        facts.opened("contoso/website", &[]),
        facts.planned(),
        facts.built(),
        facts.held("staging", &"a very long reason ".repeat(50)),
    ];
    assert_eq!(github.tell(&[], &first).await, Vec::<String>::new());
    // Approved and resumed, by another process.
    let second =
        [facts.approved(), facts.resumed(), facts.allowed("staging"), facts.deployed("staging", true)];
    assert_eq!(github.tell(&first, &second).await, Vec::<String>::new());
    assert_eq!(
        github.log(),
        [
            "status plimsoll/staging pending",
            "status plimsoll/production pending",
            "status plimsoll/staging pending",
            "status plimsoll/staging pending",
            "deployment 41 to staging",
            "deployment 41 in_progress",
            "status plimsoll/staging success",
            "deployment 41 success at https://www.contoso.example/",
        ]
    );
}

#[tokio::test]
async fn checks_failures_and_the_time_after() {
    let github = StandIn::start(fine).await;
    let mut facts = Facts::new();
    let first = [
        facts.opened("contoso/website", &["smoke"]),
        facts.allowed("production"),
        facts.deployed("production", true),
        facts.verified("production", "passed"),
    ];
    assert_eq!(github.tell(&[], &first).await, Vec::<String>::new());
    let began = github.log().len();
    // Another process finds the deployment on GitHub.
    let second = [facts.health("production", false), facts.rejected("production")];
    assert_eq!(github.tell(&first, &second).await, Vec::<String>::new());
    let log = github.log();
    assert_eq!(
        log[2..began],
        [
            "status plimsoll/production pending",
            "deployment 41 to production",
            "deployment 41 in_progress",
            "status plimsoll/production pending",
            "deployment 41 in_progress at https://www.contoso.example/",
            "status plimsoll/production success",
            "deployment 41 success at https://www.contoso.example/",
        ]
    );
    assert_eq!(
        log[began..],
        [
            "status plimsoll/production failure",
            "deployment 41 failure",
            "status plimsoll/production failure",
            "deployment 41 inactive",
        ]
    );
}

#[tokio::test]
async fn no_and_broken_are_different_things() {
    let github = StandIn::start(fine).await;
    let mut facts = Facts::new();
    let entries = [
        facts.opened("contoso/website", &[]),
        facts.allowed("staging"),
        facts.failed("deploy", Some("staging")),
        facts.decided("production", &json!("deny"), "it is no version"),
        facts.failed("build", None),
        facts.settled(),
    ];
    assert_eq!(github.tell(&[], &entries).await, Vec::<String>::new());
    assert_eq!(
        github.log()[2..],
        [
            "status plimsoll/staging pending",
            "deployment 41 to staging",
            "deployment 41 in_progress",
            "status plimsoll/staging error",
            "deployment 41 failure",
            "status plimsoll/production failure",
            // Both are settled: what failed for the release as a whole changes neither.
        ]
    );
    let github = StandIn::start(fine).await;
    let mut facts = Facts::new();
    let entries = [facts.opened("contoso/website", &[]), facts.failed("build", None)];
    assert_eq!(github.tell(&[], &entries).await, Vec::<String>::new());
    assert_eq!(github.log()[2..], ["status plimsoll/staging error", "status plimsoll/production error"]);
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    let github = StandIn::start(|before, _| {
        let limited = |status, headers: &[(&'static str, &str)]| {
            let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            Some(Answer::Status(status, headers, json!({ "message": "API rate limit exceeded" }).to_string()))
        };
        match before {
            // The primary limit, whose time has come already, and the secondary one.
            0 => limited(403, &[("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1")]),
            1 => limited(403, &[("Retry-After", "0"), ("X-RateLimit-Remaining", "4000")]),
            3 => limited(429, &[("Retry-After", "0")]),
            _ => None,
        }
    })
    .await;
    assert_eq!(github.tell(&[], &[Facts::new().opened("contoso/website", &[])]).await, Vec::<String>::new());
    assert_eq!(github.log(), ["status plimsoll/staging pending", "status plimsoll/production pending"]);
    assert_eq!(github.server.seen().len(), 5);
}

#[tokio::test]
async fn a_token_that_is_not_valid_is_said_once() {
    let github = StandIn::start(fine).await;
    let notifier = github.notifier_with("ghp_other-secret");
    let mut facts = Facts::new();
    let entries =
        [facts.opened("contoso/website", &[]), facts.allowed("staging"), facts.deployed("staging", true)];
    entries.iter().for_each(|entry| notifier.recorded(entry));
    let report = notifier.finish(LONG).await;
    assert_eq!(
        report,
        [format!(
            "GitHub at {}: commit statuses of contoso/website are not set: it answers 401 (Bad credentials); the token is not \
             valid, or not any more",
            github.server.address
        )]
    );
    assert_eq!(github.server.seen().len(), 1);
}

#[tokio::test]
async fn a_token_that_may_only_half_does_that_half() {
    let github = StandIn::start(|_, request| {
        request
            .path
            .contains("/deployments")
            .then(|| refusal(403, "Resource not accessible by personal access token"))
    })
    .await;
    let mut facts = Facts::new();
    let entries =
        [facts.opened("contoso/website", &[]), facts.allowed("staging"), facts.deployed("staging", true)];
    let report = github.tell(&[], &entries).await;
    assert_eq!(report.len(), 1, "{report:?}");
    assert!(report[0].contains("deployments of contoso/website are not set: it answers 403"), "{report:?}");
    assert_eq!(github.log().len(), 4);
    let asked = github.server.seen().iter().filter(|request| request.path.contains("/deployments")).count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_said_once() {
    let github = StandIn::start(fine).await;
    let mut facts = Facts::new();
    let entries = [facts.opened("contoso/other", &[]), facts.held("staging", "not yet")];
    let report = github.tell(&[], &entries).await;
    assert_eq!(report.len(), 1, "{report:?}");
    assert!(
        report[0].contains("commit statuses of contoso/other are not set: it answers 404 (Not Found)"),
        "{report:?}"
    );
    assert_eq!(github.server.seen().len(), 1);

    let github = StandIn::start(fine).await;
    let report = github.tell(&[], &[Facts::new().opened("/srv/git/website", &[])]).await;
    assert!(report[0].contains("the source repository is called `/srv/git/website`"), "{report:?}");
    assert!(github.server.seen().is_empty());
}

#[tokio::test]
async fn a_commit_that_is_not_pushed_is_said_once() {
    let github = StandIn::start(|_, request| {
        request.path.contains("/statuses/").then(|| refusal(422, "No commit found for SHA"))
    })
    .await;
    let mut facts = Facts::new();
    let entries = [facts.opened("contoso/website", &[]), facts.held("staging", "not yet")];
    let report = github.tell(&[], &entries).await;
    assert_eq!(report.len(), 1, "{report:?}");
    assert!(
        report[0].ends_with("(No commit found for SHA); see that the commit is pushed to that repository"),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_token_goes_nowhere_in_the_open() {
    let _ = patience();
    let start = |api: &str, token: &str| {
        let options = GitHubOptions { api: api.to_owned(), token: SecretString::from(token) };
        Notifier::start(vec![Channel::GitHub(options)], patience()).err()
    };
    for api in ["http://api.github.com", "http://localhost.example.com/", "http://10.0.0.1/"] {
        assert!(matches!(start(api, TOKEN), Some(NotifyError::Insecure { .. })), "{api}");
    }
    let error = start("https://api.github.com", "ghp_very\nsecret").expect("it is no token");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(start("https://api.github.com", TOKEN).is_none());
}
