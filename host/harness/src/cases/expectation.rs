//! What a case expects.

use std::collections::BTreeMap;

use plimsoll_core::contract::RuleOutcome;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What an answer must be. Everything that is named must hold; what is not named may be anything.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Expectation {
    /// Promotion: `allow`, `hold` or `deny`.
    pub verdict: Option<ExpectedVerdict>,
    /// Promotion: all that a hold waits for, in any order.
    pub until: Option<Vec<Value>>,
    /// Tagging: the names of all tags, in order.
    pub tags: Option<Vec<String>>,
    /// Tagging: the names of the tags that move, in order.
    pub moving: Option<Vec<String>>,
    /// Tagging: the version; the empty text for none.
    pub version: Option<String>,
    /// Tagging: labels that are there.
    pub labels: BTreeMap<String, String>,
    /// Tagging: annotations that are there.
    pub annotations: BTreeMap<String, String>,
    /// Tagging: whether the event is refused.
    pub refused: Option<bool>,
    /// Findings that are there.
    pub findings: Vec<ExpectedFinding>,
    /// The policy returns an error that fits this pattern.
    pub error: Option<String>,
    /// The policy crashes.
    pub trapped: Option<bool>,
    /// The policy uses up this budget: `fuel`, `time`, `memory`, `tables`, `stack`, `output` or `host-calls`.
    pub out_of_budget: Option<String>,
    /// The host refuses the answer, with a problem that fits this pattern.
    pub invalid: Option<String>,
    /// The policy refuses the settings: problems that are there.
    pub settings_problems: Vec<ExpectedProblem>,
    /// Log lines that are written, patterns, in any order.
    pub log: Vec<String>,
}

/// `allow`, `hold` or `deny`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedVerdict {
    Allow,
    Hold,
    Deny,
}

impl ExpectedVerdict {
    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Hold => "hold",
            Self::Deny => "deny",
        }
    }
}

/// A finding that is there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExpectedFinding {
    /// Its rule.
    pub rule: String,
    /// How the rule came out; anyhow when absent.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub outcome: Option<RuleOutcome>,
    /// A pattern that its message fits: `*` stands for any characters.
    #[serde(default)]
    pub message: Option<String>,
}

/// A problem that the policy finds in its settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExpectedProblem {
    /// Where: a JSON Pointer, empty for the whole.
    #[serde(default)]
    pub pointer: String,
    /// A pattern that its message fits.
    #[serde(default)]
    pub message: Option<String>,
}

impl Expectation {
    /// Whether it names nothing, so that no answer could fail it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it expects that there is an answer to judge.
    #[must_use]
    pub const fn wants_answer(&self) -> bool {
        self.error.is_none()
            && self.trapped.is_none()
            && self.out_of_budget.is_none()
            && self.invalid.is_none()
            && self.settings_problems.is_empty()
    }
}
