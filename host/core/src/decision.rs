//! Decisions: what a policy was told, what it answered, and how a question can stay unanswered.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    contract::{Derivation, GitRef, Label, PassageState, PromotionRequest, TaggingRequest, Verdict},
    digest::Digest,
};

/// How a question to a policy came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome<Answer> {
    /// The policy answered; the answer may well be no.
    Answered(Answer),
    /// The policy returned an error.
    Failed {
        /// The policy's own message.
        message: String,
    },
    /// The policy crashed.
    Trapped {
        /// What the engine says of it.
        reason: String,
    },
    /// The policy used up one of its budgets.
    OutOfBudget {
        /// The budget and its limit.
        budget: Budget,
    },
    /// The policy answered, and the host's checks refuse the answer.
    Invalid {
        /// Everything that is wrong with it, at least one.
        problems: Vec<String>,
    },
}

/// A budget of one decision, with the limit that was in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Budget {
    /// Instructions, in the engine's units of fuel.
    Fuel(u64),
    /// Wall clock, milliseconds, host calls included.
    Time(u64),
    /// Linear memory, bytes.
    Memory(u64),
    /// Table elements.
    Tables(u64),
    /// Stack, bytes.
    Stack(u64),
    /// Size of the answer or of what one capability call hands over, bytes.
    Output(u64),
    /// Number of capability calls.
    HostCalls(u64),
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fuel(limit) => write!(f, "fuel ({limit} units)"),
            Self::Time(limit) => write!(f, "time ({limit} ms)"),
            Self::Memory(limit) => write!(f, "memory ({limit} bytes)"),
            Self::Tables(limit) => write!(f, "tables ({limit} elements)"),
            Self::Stack(limit) => write!(f, "stack ({limit} bytes)"),
            Self::Output(limit) => write!(f, "output ({limit} bytes)"),
            Self::HostCalls(limit) => write!(f, "host calls ({limit})"),
        }
    }
}

impl<Answer> Outcome<Answer> {
    /// One sentence on why there is no answer; `None` when there is one.
    #[must_use]
    pub fn unanswered(&self) -> Option<String> {
        match self {
            Self::Answered(_) => None,
            Self::Failed { message } => Some(format!("the policy could not answer: {message}")),
            Self::Trapped { reason } => Some(format!("the policy crashed: {reason}")),
            Self::OutOfBudget { budget } => Some(format!("the policy ran out of {budget}")),
            Self::Invalid { problems } => {
                Some(format!("the policy's answer was refused: {}", problems.join("; ")))
            }
        }
    }
}

/// Which policy decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicyIdentity {
    /// Where the configuration says it comes from, such as `stock:version-gate`.
    pub reference: String,
    /// Its own name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// Digest of the component.
    pub digest: Digest,
    /// Version of the contract that it was built for.
    pub contract: String,
}

/// What came out of one question, before it is joined with the question for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided<Answer> {
    /// How it came out.
    pub outcome: Outcome<Answer>,
    /// What the policy asked of its capabilities, in order.
    pub transcript: Vec<CapabilityCall>,
    /// Fuel that was used.
    pub fuel: u64,
}

/// One decision, whole: enough to make it again, anywhere, offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DecisionRecord<Request, Answer> {
    /// Who decided.
    pub policy: PolicyIdentity,
    /// What was asked, settings included.
    pub request: Request,
    /// What the policy asked of its capabilities, in order, with the answers.
    pub transcript: Vec<CapabilityCall>,
    /// How it came out.
    pub outcome: Outcome<Answer>,
    /// Fuel that was used.
    pub fuel: u64,
}

/// A recorded tagging decision.
pub type TaggingRecord = DecisionRecord<TaggingRequest, Derivation>;
/// A recorded promotion decision.
pub type PromotionRecord = DecisionRecord<PromotionRequest, Verdict>;

impl<Request, Answer> DecisionRecord<Request, Answer> {
    /// Joins a question with what came out of it.
    #[must_use]
    pub fn new(policy: PolicyIdentity, request: Request, decided: Decided<Answer>) -> Self {
        let Decided { outcome, transcript, fuel } = decided;
        Self { policy, request, transcript, outcome, fuel }
    }
}

/// One call of a capability with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CapabilityCall {
    /// `log.write`.
    Log {
        /// `debug`, `info`, `warn` or `error`.
        level: LogLevel,
        /// The line.
        message: String,
    },
    /// `registry.tags`.
    RegistryTags {
        /// The repository that was asked about.
        repository: String,
        /// The answer.
        #[serde(flatten, with = "crate::lookup_json")]
        #[schemars(flatten, with = "crate::lookup_json::Owned<Vec<String>>")]
        answer: Result<Vec<String>, LookupFailure>,
    },
    /// `registry.digest`.
    RegistryDigest {
        /// The repository that was asked about.
        repository: String,
        /// The tag that was asked about.
        tag: String,
        /// The answer.
        #[serde(flatten, with = "crate::lookup_json")]
        #[schemars(flatten, with = "crate::lookup_json::Owned<Option<String>>")]
        answer: Result<Option<String>, LookupFailure>,
    },
    /// `registry.labels`.
    RegistryLabels {
        /// The repository that was asked about.
        repository: String,
        /// The digest that was asked about.
        digest: String,
        /// The answer.
        #[serde(flatten, with = "crate::lookup_json")]
        #[schemars(flatten, with = "crate::lookup_json::Owned<Option<Vec<Label>>>")]
        answer: Result<Option<Vec<Label>>, LookupFailure>,
    },
    /// `history.releases`.
    HistoryReleases {
        /// How many were asked for.
        limit: u32,
        /// The answer.
        #[serde(flatten, with = "crate::lookup_json")]
        #[schemars(flatten, with = "crate::lookup_json::Owned<Vec<PastRelease>>")]
        answer: Result<Vec<PastRelease>, LookupFailure>,
    },
    /// `history.deployments`.
    HistoryDeployments {
        /// The environment that was asked about.
        environment: String,
        /// How many were asked for.
        limit: u32,
        /// The answer.
        #[serde(flatten, with = "crate::lookup_json")]
        #[schemars(flatten, with = "crate::lookup_json::Owned<Vec<PastDeployment>>")]
        answer: Result<Vec<PastDeployment>, LookupFailure>,
    },
}

/// A look-up that a policy makes through a capability: a [`CapabilityCall`] without its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields are those of the calls")]
pub enum Inquiry {
    /// `registry.tags`.
    RegistryTags { repository: String },
    /// `registry.digest`.
    RegistryDigest { repository: String, tag: String },
    /// `registry.labels`.
    RegistryLabels { repository: String, digest: String },
    /// `history.releases`.
    HistoryReleases { limit: u32 },
    /// `history.deployments`.
    HistoryDeployments { environment: String, limit: u32 },
}

impl fmt::Display for Inquiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RegistryTags { repository } => write!(f, "registry.tags({repository:?})"),
            Self::RegistryDigest { repository, tag } => write!(f, "registry.digest({repository:?}, {tag:?})"),
            Self::RegistryLabels { repository, digest } => {
                write!(f, "registry.labels({repository:?}, {digest:?})")
            }
            Self::HistoryReleases { limit } => write!(f, "history.releases({limit})"),
            Self::HistoryDeployments { environment, limit } => {
                write!(f, "history.deployments({environment:?}, {limit})")
            }
        }
    }
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it all")]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

/// Why a look-up has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LookupFailure {
    /// The policy may not ask this.
    Denied(String),
    /// It could not be looked up.
    Unavailable(String),
}

/// An earlier release, as the capability `history` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PastRelease {
    /// Its id.
    pub release: String,
    /// When it was opened, Unix seconds.
    pub opened: i64,
    /// The git reference it came from.
    pub git_ref: GitRef,
    /// The commit it came from.
    pub commit: String,
    /// The version that it was given.
    #[serde(default)]
    pub version: Option<String>,
    /// Digest of its image.
    #[serde(default)]
    pub digest: Option<String>,
}

/// One release's stay in an environment, as the capability `history` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PastDeployment {
    /// The release.
    pub release: String,
    /// How it came out.
    pub state: PassageState,
    /// Digest of the image.
    pub digest: String,
    /// Version of the image.
    #[serde(default)]
    pub version: Option<String>,
    /// When, Unix seconds.
    pub at: i64,
}
