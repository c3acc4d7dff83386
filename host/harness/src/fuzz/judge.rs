//! What one made-up question is judged by.

use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_core::{
    contract::GitRef,
    decision::{CapabilityCall, Outcome},
};
use plimsoll_policy::{BoundPolicy, Recorded};
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value};

use super::{answers::answer, counter_example::Violation, pools::Pools, run::FuzzOptions};
use crate::{
    cases::Suite,
    question::{Answer, Asked, Question, Request, Undecided, ask},
    view::view,
};

/// The most look-ups that are made up for one question: a policy that asks for more asks without end.
const MOST_LOOK_UPS: usize = 64;

/// A made-up question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Example {
    pub(super) index: u64,
    pub(super) question: Question,
    /// What is merged over the default request.
    pub(super) part: Value,
    pub(super) settings: Map<String, Value>,
    /// Answers that were made up for its look-ups.
    pub(super) capabilities: Vec<CapabilityCall>,
}

/// Everything that one question is judged by.
pub(super) struct Judge<'a> {
    pub(super) suite: &'a Suite,
    pub(super) bound: BoundPolicy,
    pub(super) pools: Pools,
    pub(super) options: &'a FuzzOptions,
    pub(super) questions: Vec<Question>,
    pub(super) settings: Vec<Map<String, Value>>,
    pub(super) applied: Vec<AtomicU64>,
    pub(super) answered: AtomicU64,
    pub(super) errors: AtomicU64,
}

impl Judge<'_> {
    /// Asks a question and says what is wrong with how it came out. With a source of chances, answers to look-ups are made
    /// up and kept in the example; without one, a look-up that it does not answer makes it none.
    pub(super) fn judge(
        &self,
        example: &mut Example,
        mut chances: Option<&mut TestRunner>,
        count: bool,
    ) -> Option<Violation> {
        let request = self.suite.complete(example.question, &example.part, &example.settings).ok()?;
        if !is_consistent(&request) {
            return None;
        }
        let asked = loop {
            match ask(&self.bound, &request, Recorded::new(example.capabilities.clone())) {
                Ok(asked) => break asked,
                Err(Undecided::NotRecorded(inquiry)) if example.capabilities.len() < MOST_LOOK_UPS => {
                    let chances = chances.as_mut()?;
                    example.capabilities.push(answer(&inquiry, &self.pools, chances)?);
                }
                Err(_) => return None,
            }
        };
        self.violation(&request, &asked, &example.capabilities, count)
    }

    fn violation(
        &self,
        request: &Request,
        asked: &Asked,
        capabilities: &[CapabilityCall],
        count: bool,
    ) -> Option<Violation> {
        if let Some(violation) = self.unanswered(asked, count) {
            return Some(violation);
        }
        let again = ask(&self.bound, request, Recorded::new(capabilities.to_vec()));
        if again.as_ref() != Ok(asked) {
            return Some(Violation::Unsteady);
        }
        if asked.answer.unanswered().is_some() {
            return None;
        }
        if count {
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
        let view = view(request, &asked.answer);
        for (invariant, applied) in self.suite.invariants.iter().zip(&self.applied) {
            if invariant.question.is_some_and(|question| question != request.question())
                || !invariant.applies(&view)
            {
                continue;
            }
            if count {
                applied.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(condition) = invariant.broken_by(&view) {
                return Some(Violation::Invariant {
                    name: invariant.name.clone(),
                    condition: condition.clone(),
                });
            }
        }
        None
    }

    /// What is wrong with a question that came out without an answer.
    fn unanswered(&self, asked: &Asked, count: bool) -> Option<Violation> {
        let reason = asked.answer.unanswered()?;
        let failed = matches!(
            &asked.answer,
            Answer::Tagging(Outcome::Failed { .. }) | Answer::Promotion(Outcome::Failed { .. })
        );
        if failed && count {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        (!failed || self.options.deny_errors).then_some(Violation::Unanswered { reason })
    }

    /// Whether the policy takes these settings.
    pub(super) fn accepts(&self, settings: &Map<String, Value>) -> bool {
        self.bound.check_settings(&Value::Object(settings.clone()).to_string()).is_ok()
    }

    /// What an example comes to, for its report.
    pub(super) fn ask(&self, example: &Example) -> Option<Asked> {
        let request = self.suite.complete(example.question, &example.part, &example.settings).ok()?;
        ask(&self.bound, &request, Recorded::new(example.capabilities.clone())).ok()
    }
}

/// Whether a host could ask this.
fn is_consistent(request: &Request) -> bool {
    let source = match request {
        Request::Tagging(request) => &request.source,
        Request::Promotion(request) => &request.source,
    };
    let asked_is_there = match request {
        Request::Tagging(_) => true,
        Request::Promotion(request) => {
            request.environments.iter().any(|environment| environment.name == request.environment)
        }
    };
    let tag_is_carried = match &source.git_ref {
        GitRef::Tag(tag) => source.tags.contains(tag),
        _ => true,
    };
    asked_is_there && tag_is_carried
}
