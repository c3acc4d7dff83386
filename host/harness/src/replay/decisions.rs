//! From facts of a journal to the decisions that they hold.

use plimsoll_core::{
    decision::{CapabilityCall, PolicyIdentity, PromotionRecord, TaggingRecord},
    fact::{Fact, StoredFact},
    names::ReleaseId,
};

use crate::question::{Answer, Question, Request};

/// A recorded decision in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The place of its fact in the journal.
    pub sequence: u64,
    /// When it was made, Unix seconds.
    pub at: i64,
    /// The release that it was about.
    pub release: ReleaseId,
    /// Whether a shadow made it, which decides nothing.
    pub shadow: bool,
    /// What was decided.
    pub record: Record,
}

/// A record of either question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Who decided.
    pub policy: PolicyIdentity,
    /// What was asked.
    pub request: Request,
    /// What the policy asked of its capabilities.
    pub transcript: Vec<CapabilityCall>,
    /// How it came out.
    pub answer: Answer,
    /// Fuel that was used.
    pub fuel: u64,
}

impl From<TaggingRecord> for Record {
    fn from(record: TaggingRecord) -> Self {
        let TaggingRecord { policy, request, transcript, outcome, fuel } = record;
        let request = Request::Tagging(Box::new(request));
        Self { policy, request, transcript, answer: Answer::Tagging(outcome), fuel }
    }
}

impl From<PromotionRecord> for Record {
    fn from(record: PromotionRecord) -> Self {
        let PromotionRecord { policy, request, transcript, outcome, fuel } = record;
        let request = Request::Promotion(Box::new(request));
        Self { policy, request, transcript, answer: Answer::Promotion(outcome), fuel }
    }
}

impl Decision {
    /// The environment that it was about; tags are about none.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        match &self.record.request {
            Request::Promotion(request) => Some(&request.environment),
            Request::Tagging(_) => None,
        }
    }
}

/// Which decisions are looked at; what is absent lets all through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those about this question.
    pub question: Option<Question>,
    /// Those of a policy with this name or reference.
    pub policy: Option<String>,
    /// Those about this environment.
    pub environment: Option<String>,
    /// Those of this release.
    pub release: Option<String>,
    /// Those made at this time or later, Unix seconds.
    pub since: Option<i64>,
    /// What becomes of those that shadows made.
    pub shadows: Shadows,
}

/// Whether decisions of shadows are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shadows {
    /// They are, beside those that count.
    #[default]
    Included,
    /// They are left out.
    LeftOut,
    /// Only they are.
    Only,
}

impl Filter {
    /// Whether a decision is looked at.
    #[must_use]
    pub fn admits(&self, decision: &Decision) -> bool {
        let policy = &decision.record.policy;
        let of_policy = |name: &String| policy.name == *name || policy.reference == *name;
        self.question.is_none_or(|question| decision.record.request.question() == question)
            && self.policy.as_ref().is_none_or(of_policy)
            && self.environment.as_deref().is_none_or(|name| decision.environment() == Some(name))
            && self.release.as_deref().is_none_or(|release| decision.release.as_str() == release)
            && self.since.is_none_or(|since| decision.at >= since)
            && match self.shadows {
                Shadows::Included => true,
                Shadows::LeftOut => !decision.shadow,
                Shadows::Only => decision.shadow,
            }
    }
}

/// A fact that is not in the form of this version.
#[derive(Debug, thiserror::Error)]
#[error("entry {sequence} of the journal cannot be read: {source}")]
pub struct Unreadable {
    /// Its place.
    pub sequence: u64,
    /// Why not.
    pub source: serde_json::Error,
}

/// The decisions that a fact holds: one for tags, one for each binding of an environment, or one for each of its shadows.
///
/// # Errors
/// The fact cannot be read.
pub fn decisions(stored: &StoredFact) -> Result<Vec<Decision>, Unreadable> {
    let fact: Fact = serde_json::from_str(&stored.json)
        .map_err(|source| Unreadable { sequence: stored.sequence, source })?;
    let shadow = matches!(fact, Fact::TagsShadowed { .. } | Fact::Shadowed { .. });
    let records: Vec<Record> = match fact {
        Fact::TagsDerived { record, .. } => vec![(*record).into()],
        Fact::TagsShadowed { shadow } => vec![shadow.record.into()],
        Fact::Decided { records, .. } => records.into_iter().map(Record::from).collect(),
        Fact::Shadowed { shadows, .. } => shadows.into_iter().map(|shadow| shadow.record.into()).collect(),
        _ => Vec::new(),
    };
    let decision = |record| Decision {
        sequence: stored.sequence,
        at: stored.at,
        release: stored.release.clone(),
        shadow,
        record,
    };
    Ok(records.into_iter().map(decision).collect())
}
