//! One question to one policy, outside any release.

use std::path::Path;

use plimsoll_core::{
    contract::{Derivation, PromotionRequest, TaggingRequest, Verdict},
    decision::{Decided, DecisionRecord, PromotionRecord, TaggingRecord},
    ports::PortFailure,
};
use plimsoll_policy::{BindError, Binding, Grants, Limits};

use crate::policies;

/// A question in the contract's JSON form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Which tags does this event give?
    Tagging(Box<TaggingRequest>),
    /// May this image go there?
    Promotion(Box<PromotionRequest>),
}

/// A question with what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evaluation {
    /// A tagging decision.
    Tagging(Box<TaggingRecord>),
    /// A promotion decision.
    Promotion(Box<PromotionRecord>),
}

/// Why a question could not be put.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The request is not in the contract's form.
    #[error("the request is not in the form of the contract: {0}")]
    Request(#[from] serde_json::Error),
    /// The policy answers the other question.
    #[error("the policy {0} does not answer this question")]
    OtherQuestion(String),
    /// The sandbox did not start, or the policy cannot be used or does not take the settings.
    #[error(transparent)]
    Policy(#[from] PortFailure),
}

impl Question {
    /// Reads a question; one with an `environment` is about a promotion. `settings` go over the request's own.
    ///
    /// # Errors
    /// It is not in the contract's form.
    pub fn read(request: &str, settings: Option<String>) -> Result<Self, EvaluationError> {
        let mut value: serde_json::Value = serde_json::from_str(request)?;
        if let (Some(settings), Some(fields)) = (settings, value.as_object_mut()) {
            fields.insert("settings".to_owned(), settings.into());
        }
        Ok(if value.get("environment").is_some() {
            Self::Promotion(Box::new(serde_json::from_value(value)?))
        } else {
            Self::Tagging(Box::new(serde_json::from_value(value)?))
        })
    }

    fn settings(&self) -> &str {
        match self {
            Self::Tagging(request) => &request.settings,
            Self::Promotion(request) => &request.settings,
        }
    }
}

/// Puts a question to a policy: `stock:NAME` or a file. It may write to the log and look nothing up.
///
/// # Errors
/// The question could not be put. A policy that does not answer is no error but an outcome.
pub fn evaluate(
    cache: Option<&Path>,
    written: &str,
    question: Question,
) -> Result<Evaluation, EvaluationError> {
    let policy = policies::open(cache, written)?;
    let binding = Binding { grants: Grants::none().log(), limits: Limits::default() };
    let bound = policy.bind(binding).map_err(|error| {
        let not_granted = matches!(error, BindError::NotGranted { .. });
        let failure = PortFailure::from(error);
        if not_granted {
            failure.hint("outside a release only `log` is granted: try the policy with `plimsoll plan`")
        } else {
            failure
        }
    })?;
    bound.check_settings(question.settings()).map_err(PortFailure::from)?;
    let other_question = || EvaluationError::OtherQuestion(written.to_owned());
    Ok(match question {
        Question::Tagging(request) => {
            let policy = bound.as_tagging().ok_or_else(other_question)?;
            let decided: Decided<Derivation> = policy.derive(&request);
            Evaluation::Tagging(Box::new(DecisionRecord::new(policy.identity().clone(), *request, decided)))
        }
        Question::Promotion(request) => {
            let policy = bound.as_promotion().ok_or_else(other_question)?;
            let decided: Decided<Verdict> = policy.decide(&request);
            Evaluation::Promotion(Box::new(DecisionRecord::new(policy.identity().clone(), *request, decided)))
        }
    })
}
