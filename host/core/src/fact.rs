//! Facts: what the journal holds. A release is nothing but the fold over its facts.

use serde::{Deserialize, Serialize};

use crate::{
    contract::{Approval, Evidence, Intent, Source, Verdict},
    decision::{PromotionRecord, TaggingRecord},
    digest::Digest,
    names::{CheckName, EnvironmentName, ReleaseId, Tag},
    plan::TagPlan,
    ports::{Aftermath, BaseImage, DeployFailure, PortFailure},
    release::{Attestation, Step},
    shadow::{PromotionShadow, TaggingShadow},
};

/// Something that happened to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Fact {
    /// The release began.
    Opened(Box<Opening>),
    /// A host took the release up again: what was held is asked anew, and what had failed is tried anew.
    Resumed {
        /// Whether only what waits is open again, and what failed stays as it is.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        waiting: bool,
        /// Whether no statements about the image are attached from here on, although the release began with them: the configuration
        /// wants none any more.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unattested: bool,
    },
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
        /// The images that it was made from, as far as the builder tells.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        bases: Vec<BaseImage>,
    },
    /// Everything of the image is in the repository, under its digest.
    Pushed {
        /// The digest.
        digest: Digest,
    },
    /// A statement about the image lies beside it.
    Attested {
        /// What it states.
        attestation: Attestation,
        /// Digest of the manifest that holds it.
        referrer: Digest,
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
    /// A check after a deployment was made.
    Verified {
        /// The environment.
        environment: EnvironmentName,
        /// The check.
        check: CheckName,
        /// Whether the environment counts as unhealthy when the check failed.
        required: bool,
        /// How it came out; policies see it.
        evidence: Evidence,
    },
    /// Somebody wants the release in an environment: its policies are asked anew, whatever came of it before.
    Requested {
        /// The environment.
        environment: EnvironmentName,
        /// Why it should go there.
        intent: Intent,
        /// Who asked.
        by: String,
        /// Their reason.
        reason: Option<String>,
    },
    /// Nothing is left to do.
    Settled {},
    /// Somebody approved the release.
    Approved {
        /// The approval.
        approval: Approval,
    },
    /// A result about the release was handed in.
    EvidenceGiven {
        /// The result.
        evidence: Evidence,
        /// Where it comes from: a file's name, a service.
        origin: Option<String>,
    },
    /// The release was taken out of an environment: it does not go there again unless somebody asks for it.
    Rejected {
        /// The environment.
        environment: EnvironmentName,
        /// Its image: no other release brings it there by itself either.
        digest: Digest,
        /// Who did.
        by: String,
        /// Their reason.
        reason: String,
    },
    /// The health of a running release changed.
    HealthChanged {
        /// The environment.
        environment: EnvironmentName,
        /// Whether it is healthy now.
        healthy: bool,
        /// What was seen, a sentence each.
        reasons: Vec<String>,
    },
    /// Nothing more goes into an environment, until somebody frees it or the time comes. Belongs to no release.
    EnvironmentHeld {
        /// The environment.
        environment: EnvironmentName,
        /// Who holds it.
        by: String,
        /// Their reason.
        reason: String,
        /// Until when, Unix seconds; absent: until it is freed.
        until: Option<i64>,
    },
    /// The hold on an environment ended. Belongs to no release.
    EnvironmentFreed {
        /// The environment.
        environment: EnvironmentName,
        /// Who freed it.
        by: String,
        /// Their reason.
        reason: Option<String>,
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
        /// What the environment runs now, when the step was a deployment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aftermath: Option<Aftermath>,
    },
}

impl Fact {
    /// The kinds of facts, as in their JSON text, that are given beside the steps of the host that carries a release out:
    /// by people, by other systems, by whoever looks at the environments.
    pub const GIVEN: [&str; 6] =
        ["approved", "evidence-given", "rejected", "health-changed", "environment-held", "environment-freed"];

    /// The environment that it is about.
    #[must_use]
    pub const fn environment(&self) -> Option<&EnvironmentName> {
        match self {
            Self::Decided { environment, .. }
            | Self::Shadowed { environment, .. }
            | Self::Deployed { environment, .. }
            | Self::Superseded { environment, .. }
            | Self::Verified { environment, .. }
            | Self::Requested { environment, .. }
            | Self::Rejected { environment, .. }
            | Self::HealthChanged { environment, .. }
            | Self::EnvironmentHeld { environment, .. }
            | Self::EnvironmentFreed { environment, .. }
            | Self::Attested { attestation: Attestation::Promotion(environment), .. } => Some(environment),
            Self::StepFailed { environment, .. } => environment.as_ref(),
            _ => None,
        }
    }

    /// Whether it is given beside the steps of a host: it may come at any time and from anywhere.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        matches!(
            self,
            Self::Approved { .. }
                | Self::EvidenceGiven { .. }
                | Self::Rejected { .. }
                | Self::HealthChanged { .. }
                | Self::EnvironmentHeld { .. }
                | Self::EnvironmentFreed { .. }
        )
    }

    /// A step that could not be done.
    #[must_use]
    pub fn step_failed(step: &Step, failure: &PortFailure) -> Self {
        Self::StepFailed {
            step: step.name().to_owned(),
            environment: step.environment().cloned(),
            message: failure.to_string(),
            hint: failure.hint.clone(),
            aftermath: None,
        }
    }

    /// A deployment that failed.
    #[must_use]
    pub fn deployment_failed(step: &Step, failure: &DeployFailure) -> Self {
        let mut fact = Self::step_failed(step, &failure.failure);
        if let Self::StepFailed { aftermath, .. } = &mut fact {
            *aftermath = Some(failure.aftermath);
        }
        fact
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
    /// Whether statements about the image are attached to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provenance: bool,
}

/// An environment as the configuration had it when the release began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentPlan {
    /// Its name.
    pub name: EnvironmentName,
    /// Environments that must run the release, healthy, before.
    pub after: Vec<EnvironmentName>,
    /// Checks that follow a deployment, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckName>,
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
