//! A question that broke something, as a case to paste.

use std::fmt;

use plimsoll_core::decision::CapabilityCall;
use serde_json::{Map, Value, json};

use crate::{
    invariant::Condition,
    question::{Answer, Question},
    toml_text::{inline, key},
    view::answer_view,
};

/// What does not hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Violation {
    /// The policy crashed, ran out of a budget, answered nonsense, or returned an error where none is allowed.
    Unanswered {
        /// What happened.
        reason: String,
    },
    /// The same question came out differently the second time.
    Unsteady,
    /// An invariant is broken.
    Invariant {
        /// Its name.
        name: String,
        /// The condition that is false.
        condition: Condition,
    },
}

impl Violation {
    /// Whether it is the same fault, if perhaps in other words.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Invariant { name, .. }, Self::Invariant { name: other, .. }) => name == other,
            (Self::Unanswered { reason }, Self::Unanswered { reason: other }) => {
                // The kind stands before the colon, what differs from one question to the next after it.
                reason.split(':').next() == other.split(':').next()
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered { reason } => f.write_str(reason),
            Self::Unsteady => f.write_str("the same question came out differently the second time"),
            Self::Invariant { name, condition } => {
                write!(f, "the invariant `{name}` does not hold: not true is {}", json!(condition))
            }
        }
    }
}

/// A question that broke something, shrunk.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterExample {
    /// Its number in the run, from 0.
    pub index: u64,
    /// What it broke.
    pub violation: Violation,
    /// The question.
    pub question: Question,
    /// What is merged over the default request.
    pub part: Value,
    /// The settings, whole.
    pub settings: Map<String, Value>,
    /// Answers to look-ups.
    pub capabilities: Vec<CapabilityCall>,
    /// How it came out.
    pub answer: Option<Answer>,
}

impl CounterExample {
    /// The case as TOML, ready to paste into a case file: all of it but the expectation, which is the author's to write;
    /// what came out stands in a comment.
    #[must_use]
    pub fn to_case(&self) -> String {
        let mut lines = vec![
            "[[cases]]".to_owned(),
            format!("name = {}", inline(&Value::from(format!("found by fuzzing: {}", self.title())))),
            format!("question = \"{}\"", self.question.name()),
        ];
        for (name, value) in self.part.as_object().into_iter().flatten() {
            lines.push(format!("request.{} = {}", key(name), inline(value)));
        }
        if !self.settings.is_empty() {
            lines.push(format!("settings = {}", inline(&Value::Object(self.settings.clone()))));
        }
        if !self.capabilities.is_empty() {
            lines.push("capabilities = [".to_owned());
            lines.extend(self.capabilities.iter().map(|call| format!("    {},", inline(&json!(call)))));
            lines.push("]".to_owned());
        }
        lines.push(format!("# It came out as {}: what should it be?", self.came_out()));
        lines.push(format!("# expect = {}", self.suggestion()));
        lines.join("\n")
    }

    fn title(&self) -> &str {
        match &self.violation {
            Violation::Unanswered { .. } => "no answer",
            Violation::Unsteady => "not the same twice",
            Violation::Invariant { name, .. } => name,
        }
    }

    fn came_out(&self) -> String {
        match &self.answer {
            None => "nothing".to_owned(),
            Some(answer) => {
                let view = answer_view(answer);
                match (view["verdict"].as_str(), answer.unanswered()) {
                    (_, Some(reason)) => format!("`{reason}`"),
                    (Some(verdict), None) => format!("`{verdict}`"),
                    (None, None) if view["refused"] == true => "a refusal".to_owned(),
                    (None, None) => format!("the tags {}", view["tags"]),
                }
            }
        }
    }

    fn suggestion(&self) -> &'static str {
        match self.question {
            Question::Tagging => "{ refused = true }",
            Question::Promotion => "{ verdict = \"deny\" }",
        }
    }
}
