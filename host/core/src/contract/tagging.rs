//! `interface tagging`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::{Finding, Label, Moment, Source};

/// What a tagging policy is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TaggingRequest {
    /// The event.
    pub source: Source,
    /// The image repositories that will get the tags.
    pub repositories: Vec<String>,
    /// The time of the question.
    pub now: Moment,
    /// The binding's settings, a JSON object as text.
    pub settings: String,
}

/// How a tag is put on an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TagMode {
    /// The tag is new; with another digest it is an error.
    Create,
    /// The tag moves to this image.
    Move,
}

/// A tag as a policy proposed it, unchecked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProposedTag {
    /// The tag alone.
    pub name: String,
    /// How it is put on.
    pub mode: TagMode,
}

/// A plan as a policy proposed it, unchecked: [`crate::plan::TagPlan`] is the checked one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProposedPlan {
    /// The version that this image is.
    #[serde(default)]
    pub version: Option<String>,
    /// The tags.
    pub tags: Vec<ProposedTag>,
    /// Labels for the image's configuration.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Annotations for the image's manifest.
    #[serde(default)]
    pub annotations: Vec<Label>,
    /// What each rule found.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// What a tagging policy answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Derivation {
    /// Build the image and give it these tags.
    Plan(ProposedPlan),
    /// Build nothing; the findings say why.
    Refusal(Vec<Finding>),
}
