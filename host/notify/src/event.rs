//! Events: what is told of a release. Their JSON form is what webhooks get.

use std::{fmt, str::FromStr};

use plimsoll_core::{
    contract::{GitRef, RuleOutcome, Source},
    digest::Digest,
    names::{EnvironmentName, ReleaseId},
};
use serde::Serialize;

/// What an event's JSON form is called. It changes only when a receiver would misread it.
const SCHEMA: &str = "plimsoll.notification/1";

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The release began.
    Opened,
    /// The policies of an environment hold it. Told once for each reason, however often they are asked.
    Held,
    /// The policies of an environment denied it, or the tagging policy refused it altogether.
    Denied,
    /// The policies of an environment let it in; the deployment begins.
    Allowed,
    /// It was deployed.
    Deployed,
    /// A step could not be done.
    Failed,
    /// A newer release runs in the environment.
    Superseded,
    /// Somebody took it out of the environment.
    Rejected,
    /// It is not healthy in the environment, or not any more.
    Unhealthy,
    /// It is healthy in the environment, after its checks or again.
    Healthy,
    /// Nothing is left to do.
    Done,
}

/// A text that is no kind of event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no event: expected one of {names}", names = EventKind::names())]
pub struct InvalidEventKind(pub String);

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Opened,
        Self::Held,
        Self::Denied,
        Self::Allowed,
        Self::Deployed,
        Self::Failed,
        Self::Superseded,
        Self::Rejected,
        Self::Unhealthy,
        Self::Healthy,
        Self::Done,
    ];
    /// What a webhook is told unless its configuration says otherwise.
    pub const USUAL: [Self; 5] = [Self::Deployed, Self::Held, Self::Denied, Self::Failed, Self::Done];

    /// Its name, as in the configuration and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Held => "held",
            Self::Denied => "denied",
            Self::Allowed => "allowed",
            Self::Deployed => "deployed",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Unhealthy => "unhealthy",
            Self::Healthy => "healthy",
            Self::Done => "done",
        }
    }

    fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EventKind {
    type Err = InvalidEventKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|kind| kind.name() == text);
        named.ok_or_else(|| InvalidEventKind(text.to_owned()))
    }
}

/// Something that happened to a release, as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    schema: &'static str,
    /// What happened.
    pub event: EventKind,
    /// The release.
    pub release: ReleaseId,
    /// The place in the journal of the fact that it comes of. There is at most one event for each.
    pub sequence: u64,
    /// When, Unix seconds.
    pub at: i64,
    /// The environment; absent where the release as a whole is meant.
    pub environment: Option<EnvironmentName>,
    /// The version that the tagging policy gave.
    pub version: Option<String>,
    /// Digest of the image, once it is built.
    pub digest: Option<Digest>,
    /// A sentence for people.
    pub message: String,
    /// Rules that failed, of a verdict that holds or denies; the first ones only.
    pub findings: Vec<ShortFinding>,
    /// Where to look, for people, of what was deployed.
    pub location: Option<String>,
    /// How it is, where it was deployed.
    pub health: Option<Health>,
    /// The event in the source repository that the release comes of.
    pub source: EventSource,
    /// The environments where nothing is settled yet.
    #[serde(skip)]
    pub(crate) open: Vec<EnvironmentName>,
}

/// How a release is in an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// It is healthy, and every check is made.
    Healthy,
    /// It is healthy as far as is known; checks are still to be made.
    Checking,
    /// It is not healthy.
    Unhealthy,
}

/// What one rule found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShortFinding {
    /// The rule's name.
    pub rule: String,
    /// How it came out.
    pub outcome: RuleOutcome,
    /// One sentence for people, cut where it is long.
    pub message: String,
}

/// The event in the source repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EventSource {
    /// The repository's short name, such as `contoso/website`.
    pub repository: String,
    /// Its web address.
    pub url: Option<String>,
    /// Full id of the commit.
    pub commit: String,
    /// The full git reference; absent for a commit without any.
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    /// Who set it off.
    pub actor: Option<String>,
}

impl Event {
    pub(crate) fn new(event: EventKind, release: ReleaseId, sequence: u64, at: i64, source: &Source) -> Self {
        Self {
            schema: SCHEMA,
            event,
            release,
            sequence,
            at,
            environment: None,
            version: None,
            digest: None,
            message: String::new(),
            findings: Vec::new(),
            location: None,
            health: None,
            source: EventSource::from(source),
            open: Vec::new(),
        }
    }

    /// What tells this event from all others of its journal: the same however often it is sent.
    #[must_use]
    pub fn delivery(&self) -> String {
        format!("{}-{}", self.release, self.sequence)
    }

    /// What it is, for a list of what was not delivered.
    pub(crate) fn label(&self) -> String {
        match &self.environment {
            Some(environment) => format!("{} in {environment}", self.event),
            None => self.event.to_string(),
        }
    }
}

impl From<&Source> for EventSource {
    fn from(source: &Source) -> Self {
        let git_ref = match &source.git_ref {
            GitRef::Branch(name) => Some(format!("refs/heads/{name}")),
            GitRef::Tag(name) => Some(format!("refs/tags/{name}")),
            GitRef::PullRequest(number) => Some(format!("refs/pull/{number}/merge")),
            GitRef::Detached => None,
        };
        Self {
            repository: source.repository.name.clone(),
            url: source.repository.url.clone(),
            commit: source.commit.id.clone(),
            git_ref,
            actor: source.actor.clone(),
        }
    }
}
