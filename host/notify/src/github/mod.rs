//! GitHub: commit statuses and deployments of the source repository (REST API, version 2022-11-28).

mod api;
mod translate;

use std::collections::BTreeMap;

use plimsoll_core::names::{EnvironmentName, ReleaseId};
use reqwest::StatusCode;
use secrecy::SecretString;

use self::{
    api::{Api, Call, Repository},
    translate::{DeploymentState, commit_status, deployment_state},
};
use crate::{
    client::{NotifyError, Sender, Untaken},
    event::{Event, EventKind},
    outbox::Outbox,
};

/// How many deployments are remembered; those forgotten are found on GitHub again.
const MOST_DEPLOYMENTS: usize = 1000;

/// Commit statuses and deployments on GitHub, in the repository that a release's source is called by.
#[derive(Clone)]
pub struct GitHubOptions {
    /// Where the API is: `https://api.github.com`, or `https://HOST/api/v3` of a server of one's own.
    pub api: String,
    /// A token that may write commit statuses and deployments.
    pub token: SecretString,
}

/// GitHub in use.
pub(crate) struct GitHub {
    api: Api,
    deployments: BTreeMap<(ReleaseId, EnvironmentName), u64>,
    /// What is not asked for any more, for the answer would be the same.
    closed: Vec<Area>,
}

/// A part of the API that a token may or may not use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Area {
    Statuses,
    Deployments,
}

impl Area {
    const fn name(self) -> &'static str {
        match self {
            Self::Statuses => "commit statuses",
            Self::Deployments => "deployments",
        }
    }
}

impl GitHub {
    /// GitHub and its name.
    pub(crate) fn new(options: &GitHubOptions, sender: Sender) -> Result<(Self, String), NotifyError> {
        let (api, name) = Api::new(options, sender)?;
        Ok((Self { api, deployments: BTreeMap::new(), closed: Vec::new() }, name))
    }

    pub(crate) async fn deliver(&mut self, event: &Event, outbox: &Outbox) {
        let Some(repository) = Repository::of(&event.source.repository) else {
            outbox.warn(&format!(
                "nothing is told: the source repository is called `{}`, which is no OWNER/REPOSITORY",
                event.source.repository
            ));
            return;
        };
        for environment in environments(event) {
            self.set_status(event, &repository, environment, outbox).await;
        }
        if let (Some(environment), Some(state)) = (&event.environment, deployment_state(event)) {
            self.set_deployment(event, &repository, environment, state, outbox).await;
        }
    }

    async fn set_status(
        &mut self,
        event: &Event,
        repository: &Repository,
        environment: &EnvironmentName,
        outbox: &Outbox,
    ) {
        let Some(status) = commit_status(event, environment) else { return };
        if self.closed.contains(&Area::Statuses) {
            return;
        }
        let call = Call::status(repository, &event.source.commit, &status);
        if let Err(untaken) = self.api.ask(&call, outbox).await {
            self.refused(Area::Statuses, repository, &untaken, outbox);
        }
    }

    async fn set_deployment(
        &mut self,
        event: &Event,
        repository: &Repository,
        environment: &EnvironmentName,
        state: DeploymentState,
        outbox: &Outbox,
    ) {
        if self.closed.contains(&Area::Deployments) {
            return;
        }
        if let Err(untaken) = self.try_deployment(event, repository, environment, state, outbox).await {
            self.refused(Area::Deployments, repository, &untaken, outbox);
        }
    }

    async fn try_deployment(
        &mut self,
        event: &Event,
        repository: &Repository,
        environment: &EnvironmentName,
        state: DeploymentState,
        outbox: &Outbox,
    ) -> Result<(), Untaken> {
        let begins = matches!(event.event, EventKind::Allowed | EventKind::Deployed);
        let Some(id) = self.deployment(event, repository, environment, begins, outbox).await? else {
            return Ok(());
        };
        let call = Call::deployment_status(repository, id, event, environment, state);
        self.api.ask(&call, outbox).await.map(|_| ())
    }

    /// The deployment of a release in an environment: remembered, found on GitHub, or, where one begins, made.
    async fn deployment(
        &mut self,
        event: &Event,
        repository: &Repository,
        environment: &EnvironmentName,
        begins: bool,
        outbox: &Outbox,
    ) -> Result<Option<u64>, Untaken> {
        let key = (event.release.clone(), environment.clone());
        if let Some(id) = self.deployments.get(&key) {
            return Ok(Some(*id));
        }
        let listed = self.api.ask(&Call::deployments(repository, event, environment), outbox).await?;
        let id = match api::deployment_of(&listed, &event.release) {
            Some(id) => id,
            None if begins => {
                let made = self.api.ask(&Call::deployment(repository, event, environment), outbox).await?;
                let strange = || Untaken::GaveUp("its answer names no deployment".to_owned());
                api::deployment_id(&made).ok_or_else(strange)?
            }
            None => return Ok(None),
        };
        if self.deployments.len() >= MOST_DEPLOYMENTS {
            self.deployments.clear();
        }
        self.deployments.insert(key, id);
        Ok(Some(id))
    }

    /// Says once what is wrong, and stops asking where every answer would be the same.
    fn refused(&mut self, area: Area, repository: &Repository, untaken: &Untaken, outbox: &Outbox) {
        let what = area.name();
        let text = untaken.text();
        let status = match untaken {
            Untaken::Refused { status, .. } => *status,
            Untaken::GaveUp(_) => {
                outbox.warn(&format!("not all {what} of {repository} are set: {text}"));
                return;
            }
        };
        let hint = match status {
            StatusCode::UNAUTHORIZED => {
                self.closed = vec![Area::Statuses, Area::Deployments];
                "; the token is not valid, or not any more"
            }
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                self.closed.push(area);
                "; see that the repository is there and that the token may write them"
            }
            StatusCode::UNPROCESSABLE_ENTITY => "; see that the commit is pushed to that repository",
            _ => "",
        };
        outbox.warn(&format!("{what} of {repository} are not set: {text}{hint}"));
    }
}

/// The environments whose commit status an event is about.
fn environments(event: &Event) -> &[EnvironmentName] {
    event.environment.as_ref().map_or(event.open.as_slice(), std::slice::from_ref)
}
