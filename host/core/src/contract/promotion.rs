//! `interface promotion`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::{Finding, Label, Moment, Source};

/// What a promotion policy is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PromotionRequest {
    /// The event that the release came from.
    pub source: Source,
    /// The image.
    pub image: Image,
    /// Why it should go there.
    pub intent: Intent,
    /// The environment that is asked about.
    pub environment: String,
    /// All environments, in the order of the configuration.
    pub environments: Vec<Environment>,
    /// How this release fared so far.
    pub passages: Vec<Passage>,
    /// Approvals given to this release, oldest first.
    pub approvals: Vec<Approval>,
    /// Evidence gathered on this release, oldest first.
    pub evidence: Vec<Evidence>,
    /// The time of the question.
    pub now: Moment,
    /// The binding's settings, a JSON object as text.
    pub settings: String,
}

/// A container image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Image {
    /// The image repository.
    pub repository: String,
    /// Its digest; absent only in a dry run whose image was never built.
    #[serde(default)]
    pub digest: Option<String>,
    /// The tags that its release gave it.
    pub tags: Vec<String>,
    /// The version that the tagging policy gave it.
    #[serde(default)]
    pub version: Option<String>,
    /// The labels that the tagging policy gave it.
    #[serde(default)]
    pub labels: Vec<Label>,
}

/// Why an image should go into an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Intent {
    /// The ordinary way forward.
    Promote,
    /// Back to something that ran before.
    Rollback,
    /// A repair that should go ahead of the queue.
    Hotfix(Justification),
    /// An emergency, outside the rules.
    BreakGlass(Justification),
}

impl Intent {
    /// The intent as people say it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Promote => "promotion",
            Self::Rollback => "rollback",
            Self::Hotfix(_) => "hotfix",
            Self::BreakGlass(_) => "break-glass",
        }
    }

    /// Whether it counts at this time, Unix seconds.
    #[must_use]
    pub fn holds_at(&self, now: i64) -> bool {
        match self {
            Self::Promote | Self::Rollback => true,
            Self::Hotfix(justification) | Self::BreakGlass(justification) => {
                justification.expires.is_none_or(|expires| now < expires)
            }
        }
    }
}

/// Who asks for an exception, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Justification {
    /// Who asked.
    pub by: String,
    /// Their reason.
    pub reason: String,
    /// Until when it holds, Unix seconds.
    #[serde(default)]
    pub expires: Option<i64>,
}

/// An environment and what runs there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Environments that a release must have reached, healthy, before.
    #[serde(default)]
    pub after: Vec<String>,
    /// What runs there.
    #[serde(default)]
    pub running: Option<Running>,
}

/// What runs in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Running {
    /// The release that brought it.
    pub release: String,
    /// Digest of the image.
    pub digest: String,
    /// The tags that its release gave it.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Version of the image.
    #[serde(default)]
    pub version: Option<String>,
    /// Since when, Unix seconds.
    pub since: i64,
    /// Since when it is healthy without a break, Unix seconds.
    #[serde(default)]
    pub healthy_since: Option<i64>,
}

/// How the release fared in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Passage {
    /// The environment's name.
    pub environment: String,
    /// How it stands there.
    pub state: PassageState,
    /// Since when it stands so, Unix seconds.
    pub since: i64,
    /// Since when it is healthy there without a break, Unix seconds.
    #[serde(default)]
    pub healthy_since: Option<i64>,
}

/// How a release stands in an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PassageState {
    /// A policy held it.
    Held,
    /// A policy denied it.
    Denied,
    /// A policy allowed it; it is not deployed yet.
    Allowed,
    /// It was deployed.
    Deployed,
    /// Its deployment failed.
    Failed,
    /// A newer release got there first.
    Superseded,
}

/// Somebody's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Approval {
    /// Who gave it.
    pub by: String,
    /// When, Unix seconds.
    pub at: i64,
    /// The environment it is for; absent: all.
    #[serde(default)]
    pub environment: Option<String>,
    /// The rule it is for; absent: any.
    #[serde(default)]
    pub rule: Option<String>,
    /// Until when it counts, Unix seconds; absent: without end.
    #[serde(default)]
    pub expires: Option<i64>,
}

/// A result that was gathered on the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Evidence {
    /// Its name.
    pub name: String,
    /// How it came out.
    pub outcome: EvidenceOutcome,
    /// A value that goes with it.
    #[serde(default)]
    pub value: Option<String>,
    /// When it was gathered, Unix seconds.
    pub at: i64,
}

/// How a piece of evidence came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it all")]
pub enum EvidenceOutcome {
    Passed,
    Failed,
    Unknown,
}

/// What a promotion policy answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Verdict {
    /// May it go?
    pub decision: Decision,
    /// What each rule found.
    pub findings: Vec<Finding>,
}

/// May it go?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Yes, now.
    Allow,
    /// Not yet: until all of these conditions are met.
    Hold(Vec<Condition>),
    /// No.
    Deny,
}

/// What a held release waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// A time, Unix seconds.
    Time(i64),
    /// An approval for the rule of this name.
    Approval(String),
    /// Evidence of this name.
    Evidence(String),
    /// Anything else, said in a sentence.
    Other(String),
}

impl Decision {
    /// `allow`, `hold` or `deny`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Hold(_) => "hold",
            Self::Deny => "deny",
        }
    }
}
