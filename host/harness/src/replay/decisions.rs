//! From facts of a journal to the decisions that they hold.

use std::borrow::Cow;

use plimsoll_core::{
    decision::{CapabilityCall, PolicyIdentity, PromotionRecord, TaggingRecord},
    fact::{Fact, StoredFact},
    names::ReleaseId,
    shadow::{PromotionShadow, TaggingShadow},
};
use serde::Deserialize;

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

/// The parts of a fact that hold decisions. To read the fact whole, everything is kept aside in a form of its own until its
/// tag is known, and read again from there; a backtest reads very many.
#[derive(Deserialize)]
struct Held<'a> {
    #[serde(borrow)]
    fact: Cow<'a, str>,
    record: Option<Box<TaggingRecord>>,
    records: Option<Vec<PromotionRecord>>,
    shadow: Option<Box<TaggingShadow>>,
    shadows: Option<Vec<PromotionShadow>>,
}

/// The decisions that a fact holds: one for tags, one for each binding of an environment, or one for each of its shadows.
///
/// # Errors
/// The fact cannot be read.
pub fn decisions(stored: &StoredFact) -> Result<Vec<Decision>, Unreadable> {
    let unreadable = |source| Unreadable { sequence: stored.sequence, source };
    let Held { fact, record, records, shadow, shadows } =
        serde_json::from_str(&stored.json).map_err(unreadable)?;
    let of_shadow = matches!(&*fact, "tags-shadowed" | "shadowed");
    let records: Vec<Record> = match (&*fact, record, records, shadow, shadows) {
        ("tags-derived", Some(record), ..) => vec![(*record).into()],
        ("decided", _, Some(records), ..) => records.into_iter().map(Record::from).collect(),
        ("tags-shadowed", .., Some(shadow), _) => vec![shadow.record.into()],
        ("shadowed", .., Some(shadows)) => shadows.into_iter().map(|shadow| shadow.record.into()).collect(),
        // None, or not in a form known here: reading all of it tells.
        _ => serde_json::from_str::<Fact>(&stored.json).map(|_| Vec::new()).map_err(unreadable)?,
    };
    let decision = |record| Decision {
        sequence: stored.sequence,
        at: stored.at,
        release: stored.release.clone(),
        shadow: of_shadow,
        record,
    };
    Ok(records.into_iter().map(decision).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(json: &str) -> StoredFact {
        let release = ReleaseId::new("r-000000000000").expect("it is one");
        StoredFact { sequence: 7, at: 0, release, json: json.to_owned() }
    }

    #[test]
    fn facts_without_decisions_hold_none_and_unknown_ones_are_no_facts() {
        let held = |json| decisions(&stored(json)).map(|decisions| decisions.len()).ok();
        assert_eq!(held(r#"{"fact":"resumed"}"#), Some(0));
        assert_eq!(held(r#"{"fact":"shadowed","environment":"production","shadows":[]}"#), Some(0));
        for broken in [
            r#"{"fact":"decided","environment":"production"}"#,
            r#"{"fact":"decided","records":[{}]}"#,
            r#"{"fact":"invented","records":[]}"#,
            r#"{"records":[]}"#,
            "[]",
        ] {
            let error = decisions(&stored(broken)).expect_err(broken);
            assert!(error.to_string().starts_with("entry 7 of the journal cannot be read"), "{error}");
        }
    }
}
