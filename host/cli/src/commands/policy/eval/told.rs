//! What a policy answered, for people and for programs.

use std::time::Duration;

use plimsoll_app::report::conditions;
use plimsoll_core::{
    contract::{Decision, Derivation},
    decision::{CapabilityCall, Outcome, PolicyIdentity},
};
use plimsoll_harness::question::Answer;
use serde_json::{Value, json};

use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, FAINT, PLAIN, STRONG, WAITING},
    session::Session,
};

/// A policy's answer to one question, and what it took.
pub(super) struct Told {
    pub(super) policy: PolicyIdentity,
    pub(super) answer: Answer,
    pub(super) transcript: Vec<CapabilityCall>,
    pub(super) fuel: u64,
    /// The making of an instance and the call, look-ups included.
    pub(super) took: Duration,
}

impl Told {
    /// Prints the answer as the only one.
    pub(super) fn print(&self, session: &Session) -> Result<Ending, Failure> {
        let (ending, sentence, value) = told(&self.answer);
        match session.format {
            Format::Json => output::json(&self.json(value))?,
            Format::Text => self.text(&sentence),
        }
        Ok(ending)
    }

    /// The answer as one of several.
    pub(super) fn as_json(&self) -> Value {
        self.json(told(&self.answer).2)
    }

    /// Prints the answer as one of several, for people.
    pub(super) fn print_text(&self) {
        self.text(&format!("{}: {}", self.policy.reference, told(&self.answer).1));
    }

    fn text(&self, sentence: &str) {
        say!("{STRONG}{sentence}{PLAIN}");
        output::report::findings(self.answer.findings());
        if let Answer::Promotion(Outcome::Answered(verdict)) = &self.answer {
            for condition in conditions(&verdict.decision) {
                say!("  {WAITING}waits until{PLAIN} {condition}");
            }
        }
        let PolicyIdentity { name, version, .. } = &self.policy;
        let time = self.took.as_secs_f64() * 1000.0;
        say!("{FAINT}{name} {version}, fuel {}, {time:.1} ms{PLAIN}", self.fuel);
    }

    fn json(&self, mut value: Value) -> Value {
        value["findings"] = json!(self.answer.findings());
        value["fuel"] = json!(self.fuel);
        value["microseconds"] = json!(u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX));
        value["policy"] = json!(self.policy);
        value["transcript"] = json!(self.transcript);
        value
    }
}

/// How it ends, in words and as data.
fn told(answer: &Answer) -> (Ending, String, Value) {
    match answer {
        Answer::Tagging(Outcome::Answered(Derivation::Plan(plan))) => {
            let tags: Vec<&str> = plan.tags.iter().map(|tag| tag.name.as_str()).collect();
            (Ending::Done, format!("tags {}", tags.join(", ")), json!({ "plan": plan }))
        }
        Answer::Tagging(Outcome::Answered(Derivation::Refusal(_))) => {
            (Ending::No, "refused".to_owned(), json!({ "refused": true }))
        }
        Answer::Promotion(Outcome::Answered(verdict)) => {
            let word = verdict.decision.word();
            let ending = if verdict.decision == Decision::Allow { Ending::Done } else { Ending::No };
            let mut value = json!({ "verdict": word });
            if let Decision::Hold(until) = &verdict.decision {
                value["until"] = json!(until);
            }
            (ending, word.to_owned(), value)
        }
        Answer::Tagging(outcome) => unanswered(outcome),
        Answer::Promotion(outcome) => unanswered(outcome),
    }
}

fn unanswered<T: serde::Serialize>(outcome: &Outcome<T>) -> (Ending, String, Value) {
    let reason = outcome.unanswered().unwrap_or_default();
    let value = json!({ "error": reason, "outcome": outcome });
    (Ending::CouldNot, reason, value)
}
