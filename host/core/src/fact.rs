//! Facts: what the journal holds. A release is nothing but the fold over its facts.

use serde::{Deserialize, Serialize};

use crate::{
    contract::{Intent, Source, Verdict},
    decision::{PromotionRecord, TaggingRecord},
    digest::Digest,
    names::{EnvironmentName, ReleaseId, Tag},
    plan::TagPlan,
    ports::PortFailure,
    release::Step,
    shadow::{PromotionShadow, TaggingShadow},
};

/// Something that happened to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Fact {
    /// The release began.
    Opened(Box<Opening>),
    /// A host took the release up again: what was held or had failed is asked or tried anew.
    Resumed {},
    /// The tagging policy was asked.
    TagsDerived {
        /// The decision, whole.
        record: Box<TaggingRecord>,
        /// The checked plan, when there is one.
        plan: Option<TagPlan>,
    },
    /// The shadow of the tagging policy was asked what that one decided.
    TagsShadowed {
        /// Its decision, which decides nothing.
        shadow: Box<TaggingShadow>,
    },
    /// The image was built.
    Built {
        /// Digest of the image's manifest.
        digest: Digest,
        /// Bytes of all its layers as stored.
        size: u64,
    },
    /// Everything of the image is in the repository, under its digest.
    Pushed {
        /// The digest.
        digest: Digest,
    },
    /// A tag points to the image.
    Tagged {
        /// The tag.
        tag: Tag,
        /// Where it pointed before, if anywhere.
        previous: Option<Digest>,
    },
    /// A moving tag was left where it was: a newer release holds it.
    TagKept {
        /// The tag.
        tag: Tag,
        /// The newer release.
        newer: ReleaseId,
    },
    /// The promotion policies of an environment were asked.
    Decided {
        /// The environment.
        environment: EnvironmentName,
        /// The joined verdict.
        verdict: Verdict,
        /// The decision of each binding, whole.
        records: Vec<PromotionRecord>,
    },
    /// The shadows of an environment's promotion policies were asked what those decided.
    Shadowed {
        /// The environment.
        environment: EnvironmentName,
        /// Their decisions, which decide nothing.
        shadows: Vec<PromotionShadow>,
    },
    /// The image was deployed.
    Deployed {
        /// The environment.
        environment: EnvironmentName,
        /// Digest of the image.
        digest: Digest,
        /// Whether the target reports it healthy.
        healthy: bool,
        /// Where to look, for people.
        location: String,
    },
    /// The environment was left alone: a newer release runs there.
    Superseded {
        /// The environment.
        environment: EnvironmentName,
        /// The newer release.
        newer: ReleaseId,
    },
    /// A step could not be done. It is tried again when the release is resumed.
    StepFailed {
        /// The step's name.
        step: String,
        /// The environment, when the step was about one.
        environment: Option<EnvironmentName>,
        /// What went wrong.
        message: String,
        /// What to do next.
        #[serde(default)]
        hint: Option<String>,
    },
}

impl Fact {
    /// A step that could not be done.
    #[must_use]
    pub fn step_failed(step: &Step, failure: &PortFailure) -> Self {
        Self::StepFailed {
            step: step.name().to_owned(),
            environment: step.environment().cloned(),
            message: failure.to_string(),
            hint: failure.hint.clone(),
        }
    }
}

/// How a release began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Opening {
    /// The event.
    pub source: Source,
    /// Why it is released.
    pub intent: Intent,
    /// Where the image goes: a repository or an image layout, as the configuration says.
    pub repository: String,
    /// The environments in the order of the configuration.
    pub environments: Vec<EnvironmentPlan>,
    /// Digest of the configuration file.
    pub configuration: Digest,
}

/// An environment as the configuration had it when the release began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentPlan {
    /// Its name.
    pub name: EnvironmentName,
    /// Environments that must run the release, healthy, before.
    pub after: Vec<EnvironmentName>,
}

/// A fact in its place in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// Its place: 1 for the first entry of the journal, without gaps.
    pub sequence: u64,
    /// When it was written, Unix seconds.
    pub at: i64,
    /// The release it belongs to.
    pub release: ReleaseId,
    /// What happened.
    pub fact: Fact,
}

/// A fact as it is stored, unread: for whoever goes through very many and reads them on several threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFact {
    /// Its place in the journal.
    pub sequence: u64,
    /// When it was written, Unix seconds.
    pub at: i64,
    /// The release it belongs to.
    pub release: ReleaseId,
    /// The fact, JSON.
    pub json: String,
}
