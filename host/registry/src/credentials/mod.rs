//! What registries are shown, and where it is found: an ordered list of sources, each in a file of its own.
//!
//! What somebody logged in with comes before what the surroundings offer. A further cloud is a further source.

mod asking;
mod azure;
mod docker;
mod github;
mod helper;
mod keys;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::{error::RegistryError, options::RegistryOptions};
pub(crate) use azure::AZURE_REGISTRIES;
use azure::AzureWorkflow;
use docker::DockerConfiguration;
pub(crate) use github::GITHUB_REGISTRY;
use github::GitHubWorkflow;

/// What a registry, or its token server, is shown.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// Nothing.
    Anonymous,
    /// A name and a password.
    Password { username: String, password: SecretString },
    /// A token that is good for getting other tokens.
    IdentityToken(SecretString),
    /// A token for the registry itself.
    RegistryToken(SecretString),
}

impl Credential {
    pub(crate) const fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }
}

/// A credential that was looked up.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) credential: Credential,
    /// Where it comes from, or where there was none, for messages.
    pub(crate) place: String,
    /// When it was looked up.
    pub(crate) since: Instant,
}

/// What a credential is wanted for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Host and port of the registry.
    pub(crate) registry: &'a str,
    /// Path of the repository in it.
    pub(crate) repository: &'a str,
    /// For sources that ask others. It follows no redirections.
    pub(crate) http: &'a reqwest::Client,
}

/// Why a source could not answer. Neither text holds a secret.
#[derive(Debug)]
pub(crate) struct Problem {
    /// What is wrong.
    pub(crate) text: String,
    /// What to do.
    pub(crate) advice: String,
    /// Whether it may work a little later.
    pub(crate) is_passing: bool,
}

impl Problem {
    fn new(text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { text: text.into(), advice: advice.into(), is_passing: false }
    }
}

/// A place where credentials are found.
#[async_trait]
pub(crate) trait Source: fmt::Debug + Send + Sync {
    /// How messages call the place.
    fn place(&self) -> String;

    /// The credential for a repository; `None` when this place has none.
    async fn look_up(&self, wanted: &Wanted<'_>) -> Result<Option<Credential>, Problem>;
}

/// The places where the credentials for one registry are looked for, best first.
#[derive(Debug)]
pub(crate) struct Sources(Vec<Arc<dyn Source>>);

impl Sources {
    pub(crate) fn new(registry: &str, options: &RegistryOptions) -> Self {
        let mut sources: Vec<Arc<dyn Source>> = Vec::new();
        for file in options.credential_files() {
            let (file, patience) = (file.to_owned(), options.helper_timeout);
            sources.push(Arc::new(DockerConfiguration { file, patience }));
        }
        if let Some(workflow) = GitHubWorkflow::for_registry(registry, options) {
            sources.push(Arc::new(workflow));
        }
        if let Some(workflow) = AzureWorkflow::for_registry(registry, options) {
            sources.push(Arc::new(workflow));
        }
        Self(sources)
    }

    /// The first credential that is found; an anonymous one when there is none.
    pub(crate) async fn look_up(&self, wanted: &Wanted<'_>) -> Result<Found, RegistryError> {
        for source in &self.0 {
            let found = source.look_up(wanted).await.map_err(|problem| RegistryError::Credentials {
                registry: wanted.registry.to_owned(),
                place: source.place(),
                problem: problem.text,
                advice: problem.advice,
                is_passing: problem.is_passing,
            })?;
            if let Some(credential) = found {
                return Ok(Found { credential, place: source.place(), since: Instant::now() });
            }
        }
        let credential = Credential::Anonymous;
        Ok(Found { credential, place: self.describe(), since: Instant::now() })
    }

    fn describe(&self) -> String {
        self.0.iter().map(|source| source.place()).collect::<Vec<_>>().join(", or through ")
    }
}

impl Found {
    /// What was found and where, for people.
    pub(crate) fn describe(&self) -> String {
        let place = &self.place;
        match &self.credential {
            Credential::Anonymous if place.is_empty() => "no Docker configuration file to look in".to_owned(),
            Credential::Anonymous => format!("none found through {place}"),
            Credential::Password { username, .. } => format!("those of `{username}` found through {place}"),
            Credential::IdentityToken(_) => format!("the identity token found through {place}"),
            Credential::RegistryToken(_) => format!("the registry token found through {place}"),
        }
    }
}
