//! The requests of GitHub's REST API that are made.

use std::fmt;

use plimsoll_core::names::{EnvironmentName, ReleaseId};
use reqwest::{
    Method, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    GitHubOptions,
    translate::{CommitStatus, DeploymentState, description},
};
use crate::{
    client::{self, NotifyError, Sender, Untaken},
    event::Event,
    outbox::Outbox,
};

const VERSION: &str = "2022-11-28";

/// The API at one address, with one token.
pub(super) struct Api {
    base: Url,
    authorization: HeaderValue,
    sender: Sender,
}

/// A repository on GitHub.
pub(super) struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    /// The repository that a source is called by.
    pub(super) fn of(source: &str) -> Option<Self> {
        let word = |text: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !matches!(text, "" | "." | "..") && text.bytes().all(allowed)
        };
        let (owner, name) = source.split_once('/')?;
        (word(owner) && word(name)).then(|| Self { owner: owner.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// One request.
pub(super) struct Call {
    method: Method,
    /// Below the API's address.
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Call {
    fn new(method: Method, repository: &Repository, rest: &[&str], body: Option<Value>) -> Self {
        let start = ["repos", &repository.owner, &repository.name];
        let path = start.iter().chain(rest).map(|part| (*part).to_owned()).collect();
        Self { method, path, query: Vec::new(), body }
    }

    /// "Create a commit status".
    pub(super) fn status(repository: &Repository, commit: &str, status: &CommitStatus) -> Self {
        Self::new(Method::POST, repository, &["statuses", commit], Some(json!(status)))
    }

    /// "List deployments": those of a commit in an environment, newest first.
    pub(super) fn deployments(repository: &Repository, event: &Event, environment: &EnvironmentName) -> Self {
        let mut call = Self::new(Method::GET, repository, &["deployments"], None);
        call.query = vec![
            ("sha", event.source.commit.clone()),
            ("environment", environment.to_string()),
            ("per_page", "30".to_owned()),
        ];
        call
    }

    /// "Create a deployment". GitHub neither merges anything nor waits for other statuses: the policies have decided.
    pub(super) fn deployment(repository: &Repository, event: &Event, environment: &EnvironmentName) -> Self {
        let body = json!({
            "ref": event.source.commit,
            "environment": environment,
            "auto_merge": false,
            "required_contexts": [],
            "description": description(event),
            "payload": Payload { release: event.release.to_string() },
        });
        Self::new(Method::POST, repository, &["deployments"], Some(body))
    }

    /// "Create a deployment status".
    pub(super) fn deployment_status(
        repository: &Repository,
        id: u64,
        event: &Event,
        environment: &EnvironmentName,
        state: DeploymentState,
    ) -> Self {
        let mut body =
            json!({ "state": state, "environment": environment, "description": description(event) });
        if let Some(url) = event.location.as_deref().filter(|location| is_web_address(location)) {
            body["environment_url"] = json!(url);
        }
        Self::new(Method::POST, repository, &["deployments", &id.to_string(), "statuses"], Some(body))
    }
}

/// Where the environment can be visited, when it says so.
fn is_web_address(location: &str) -> bool {
    Url::parse(location).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

impl Api {
    /// The API and its name.
    pub(super) fn new(options: &GitHubOptions, sender: Sender) -> Result<(Self, String), NotifyError> {
        let base = client::address("the API of GitHub", &options.api)?;
        let host = client::host(&base);
        if base.scheme() == "http" && !is_loopback(&base) {
            return Err(NotifyError::Insecure { host });
        }
        let bearer = format!("Bearer {}", options.token.expose_secret());
        let mut authorization = HeaderValue::from_str(&bearer).map_err(|_| NotifyError::InvalidToken)?;
        authorization.set_sensitive(true);
        Ok((Self { base, authorization, sender }, format!("GitHub at {host}")))
    }

    pub(super) async fn ask(&self, call: &Call, outbox: &Outbox) -> Result<Vec<u8>, Untaken> {
        let url = self.address(call);
        let body = call.body.as_ref().map(Value::to_string);
        let request = |client: &reqwest::Client| {
            let request = client
                .request(call.method.clone(), url.clone())
                .header(ACCEPT, "application/vnd.github+json")
                .header("X-GitHub-Api-Version", VERSION)
                .header(AUTHORIZATION, self.authorization.clone());
            match &body {
                Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
                None => request,
            }
        };
        self.sender.send(outbox, request).await
    }

    fn address(&self, call: &Call) -> Url {
        let mut url = self.base.clone();
        // An address of the web always has a path.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        url
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse().is_ok_and(|address: std::net::Ipv4Addr| address.is_loopback()),
        None => false,
    }
}

/// What a deployment on GitHub remembers of the release.
#[derive(Serialize, Deserialize)]
struct Payload {
    release: String,
}

/// A deployment in an answer.
#[derive(Deserialize)]
struct Deployment {
    id: u64,
    #[serde(default)]
    payload: Value,
}

/// The id of the deployment that was made.
pub(super) fn deployment_id(answer: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Deployment>(answer).ok().map(|deployment| deployment.id)
}

/// The id of the newest deployment in a list that belongs to a release.
pub(super) fn deployment_of(answer: &[u8], release: &ReleaseId) -> Option<u64> {
    let list: Vec<Deployment> = serde_json::from_slice(answer).ok()?;
    let belongs = |payload: &Value| match payload {
        // Some servers hand the payload back as text.
        Value::String(text) => {
            serde_json::from_str::<Payload>(text).is_ok_and(|payload| payload.release == release.as_str())
        }
        payload => payload.get("release").and_then(Value::as_str) == Some(release.as_str()),
    };
    list.into_iter().find(|deployment| belongs(&deployment.payload)).map(|deployment| deployment.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_repositories_go_into_an_address() {
        assert!(Repository::of("contoso/website").is_some_and(|name| name.to_string() == "contoso/website"));
        for name in
            ["website", "/website", "contoso/", "a/b/c", "a/..", "../b", "a/b?c", "a b/c", "/srv/git/website"]
        {
            assert!(Repository::of(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_deployment_of_a_release_is_told_from_others() {
        let release = ReleaseId::new("r-0123456789ab").unwrap();
        let list = json!([
            { "id": 4, "payload": "" },
            { "id": 3, "payload": { "release": "r-000000000001" } },
            { "id": 2, "payload": "{\"release\":\"r-0123456789ab\"}" },
            { "id": 1, "payload": { "release": "r-0123456789ab" } },
        ]);
        assert_eq!(deployment_of(list.to_string().as_bytes(), &release), Some(2));
        assert_eq!(deployment_of(b"[]", &release), None);
        assert_eq!(deployment_of(b"nonsense", &release), None);
    }
}
