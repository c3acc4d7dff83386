//! The two questions under one roof: a suite, a fuzzer and a journal hold both.

use plimsoll_core::{
    contract::{Derivation, Finding, PromotionRequest, TaggingRequest, Verdict},
    decision::{CapabilityCall, Decided, Inquiry, Outcome},
};
use plimsoll_policy::{BoundPolicy, Cost, Policy, Recalled, Recorded};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Which tags does the image get?
    Tagging,
    /// May it go there?
    Promotion,
}

impl Question {
    /// The questions that a policy answers.
    #[must_use]
    pub fn of(policy: &Policy) -> Vec<Self> {
        let answers = policy.answers();
        [(Self::Tagging, answers.tagging), (Self::Promotion, answers.promotion)]
            .into_iter()
            .filter_map(|(question, answered)| answered.then_some(question))
            .collect()
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tagging => "tagging",
            Self::Promotion => "promotion",
        }
    }
}

/// A request of either question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Which tags does the image get?
    Tagging(Box<TaggingRequest>),
    /// May it go there?
    Promotion(Box<PromotionRequest>),
}

impl Request {
    /// The settings, JSON text.
    #[must_use]
    pub fn settings(&self) -> &str {
        match self {
            Self::Tagging(request) => &request.settings,
            Self::Promotion(request) => &request.settings,
        }
    }

    /// The question that it is.
    #[must_use]
    pub const fn question(&self) -> Question {
        match self {
            Self::Tagging(_) => Question::Tagging,
            Self::Promotion(_) => Question::Promotion,
        }
    }
}

/// How a question of either kind came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Of tag derivation.
    Tagging(Outcome<Derivation>),
    /// Of a promotion.
    Promotion(Outcome<Verdict>),
}

impl Answer {
    /// What the policy's rules found; nothing when there is no answer.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Tagging(Outcome::Answered(Derivation::Plan(plan))) => &plan.findings,
            Self::Tagging(Outcome::Answered(Derivation::Refusal(findings))) => findings,
            Self::Promotion(Outcome::Answered(verdict)) => &verdict.findings,
            _ => &[],
        }
    }

    /// Why there is no answer; `None` when there is one.
    #[must_use]
    pub fn unanswered(&self) -> Option<String> {
        match self {
            Self::Tagging(outcome) => outcome.unanswered(),
            Self::Promotion(outcome) => outcome.unanswered(),
        }
    }
}

/// What came out of a question that a record's answers were put behind.
#[derive(Debug, Clone)]
pub struct Asked {
    /// How it came out.
    pub answer: Answer,
    /// What the policy asked of its capabilities.
    pub transcript: Vec<CapabilityCall>,
    /// Fuel that was used.
    pub fuel: u64,
    /// Answers in the record that nobody asked for.
    pub unused: Vec<CapabilityCall>,
    /// What it took.
    pub cost: Cost,
}

/// Two questions that came out the same, whatever they took.
impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        (&self.answer, &self.transcript, self.fuel, &self.unused)
            == (&other.answer, &other.transcript, other.fuel, &other.unused)
    }
}

impl Eq for Asked {}

/// Why a question was not decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// A look-up has no answer in the record.
    #[error("the record holds no answer to {0}")]
    NotRecorded(Inquiry),
    /// The policy answers the other question only.
    #[error("the policy does not answer the question `{}`", .0.name())]
    OtherQuestion(Question),
}

/// Asks a policy with a record behind its capabilities.
///
/// # Errors
/// A look-up is not in the record, or the policy does not answer this question.
pub fn ask(policy: &BoundPolicy, request: &Request, recorded: Recorded) -> Result<Asked, Undecided> {
    let other = Undecided::OtherQuestion(request.question());
    match request {
        Request::Tagging(request) => {
            asked(policy.derive_from(request, recorded).ok_or(other)?, Answer::Tagging)
        }
        Request::Promotion(request) => {
            asked(policy.decide_from(request, recorded).ok_or(other)?, Answer::Promotion)
        }
    }
}

fn asked<T>(recalled: Recalled<T>, answer: impl FnOnce(Outcome<T>) -> Answer) -> Result<Asked, Undecided> {
    let Recalled { decided, unused, cost } = recalled;
    let Decided { outcome, transcript, fuel } = decided.map_err(Undecided::NotRecorded)?;
    Ok(Asked { answer: answer(outcome), transcript, fuel, unused, cost })
}
