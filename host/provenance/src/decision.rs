//! What policies decided about an image: predicates of Plimsoll's own, described in `docs/provenance.md`.

use plimsoll_core::{
    contract::{Finding, RuleOutcome, TagMode},
    decision::PolicyIdentity,
};
use serde::{Deserialize, Serialize};

use crate::resource::DigestSet;

/// The predicate of tags that were given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tagging {
    /// The release's id.
    pub release: String,
    /// The policy that gave them.
    pub policy: DecidingPolicy,
    /// The version that the image is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The tags.
    pub tags: Vec<TagGiven>,
    /// How its rules came out.
    #[serde(default)]
    pub rules: Vec<RuleSummary>,
    /// Where the whole decision is written.
    pub record: Record,
    /// When it was recorded, Unix seconds.
    #[serde(with = "crate::time")]
    pub decided_on: i64,
}

/// A tag that was given. Whether it was put on, the repository says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagGiven {
    /// The tag.
    pub name: String,
    /// Whether it may move to other images later.
    pub mode: TagMode,
}

/// The predicate of a decision on an environment. A hold is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Promotion {
    /// The release's id.
    pub release: String,
    /// The environment.
    pub environment: String,
    /// Why it should go there: `promotion`, `rollback`, `hotfix` or `break-glass`.
    pub intent: String,
    /// `allow` or `deny`.
    pub decision: String,
    /// The policies that were asked; none when the host itself decided.
    #[serde(default)]
    pub policies: Vec<DecidingPolicy>,
    /// How all their rules came out.
    #[serde(default)]
    pub rules: Vec<RuleSummary>,
    /// Where the whole decision is written.
    pub record: Record,
    /// When it was recorded, Unix seconds.
    #[serde(with = "crate::time")]
    pub decided_on: i64,
}

/// A policy that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecidingPolicy {
    /// Where the configuration says it comes from.
    pub reference: String,
    /// Its own name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// Digest of the component.
    pub digest: DigestSet,
}

/// How a rule came out. What it says in words stays in the journal: it may speak of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleSummary {
    /// The rule.
    pub rule: String,
    /// How it came out.
    pub outcome: RuleOutcome,
}

/// Where the whole decision is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The place of the fact in the journal.
    pub sequence: u64,
    /// Digest of the fact's JSON text as the journal holds it.
    pub digest: DigestSet,
}

impl Tagging {
    /// The type of the predicate.
    pub const PREDICATE: &str = "https://plimsoll.dev/tagging/v1";

    /// The tag of this name, if it was given.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&TagGiven> {
        self.tags.iter().find(|tag| tag.name == name)
    }
}

impl Promotion {
    /// The type of the predicate.
    pub const PREDICATE: &str = "https://plimsoll.dev/promotion/v1";

    /// Whether the image was allowed in.
    #[must_use]
    pub fn allows(&self) -> bool {
        self.decision == "allow"
    }
}

impl From<&PolicyIdentity> for DecidingPolicy {
    fn from(policy: &PolicyIdentity) -> Self {
        Self {
            reference: policy.reference.clone(),
            name: policy.name.clone(),
            version: policy.version.clone(),
            digest: DigestSet::from(&policy.digest),
        }
    }
}

impl From<&Finding> for RuleSummary {
    fn from(finding: &Finding) -> Self {
        Self { rule: finding.rule.clone(), outcome: finding.outcome }
    }
}
