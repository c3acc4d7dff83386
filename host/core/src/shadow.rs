//! Shadows: policies that are asked what others decide, and decide nothing.

use serde::{Deserialize, Serialize};

use crate::{
    contract::{Derivation, PromotionRequest, TaggingRequest, Verdict},
    decision::{DecisionRecord, Outcome, PolicyIdentity},
    difference::{Comparable, FindingChange, finding_changes},
    digest::Digest,
};

/// A shadow's decision beside the one that counts. It stands for itself: whoever reads it needs no other fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShadowRecord<Request, Answer> {
    /// The policy that decides.
    pub decider: PolicyIdentity,
    /// What it decided.
    pub decided: Outcome<Answer>,
    /// Digest of how the binding and its shadow are configured: while it stays, decisions may be counted together.
    pub configured: Digest,
    /// The shadow's decision, whole.
    pub record: DecisionRecord<Request, Answer>,
}

/// A shadow's decision on tags.
pub type TaggingShadow = ShadowRecord<TaggingRequest, Derivation>;
/// A shadow's decision on a promotion.
pub type PromotionShadow = ShadowRecord<PromotionRequest, Verdict>;

/// What a shadow would have decided, held against what was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// Where the shadow comes from, as the configuration says.
    pub policy: String,
    /// Whether it would have decided the same.
    pub agrees: bool,
    /// What was decided, in a few words.
    pub decided: String,
    /// What it would have decided; `no answer` when it could not.
    pub would_decide: String,
    /// The findings that differ, also where the decision does not.
    pub findings: Vec<FindingChange>,
}

impl<Request, Answer: Comparable> ShadowRecord<Request, Answer> {
    /// Holds the shadow's decision against the one that counts.
    #[must_use]
    pub fn compare(&self) -> Comparison {
        let policy = &self.record.policy.reference;
        let before = self.decided.findings(&self.decider.reference);
        let after = self.record.outcome.findings(policy);
        Comparison {
            policy: policy.clone(),
            agrees: self.decided.agrees_with(&self.record.outcome),
            decided: self.decided.summary(),
            would_decide: self.record.outcome.summary(),
            findings: finding_changes(&before, &after),
        }
    }
}
