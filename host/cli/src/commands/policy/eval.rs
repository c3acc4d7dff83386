//! `plimsoll policy eval`

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use plimsoll_app::evaluation::{Evaluation, EvaluationError, Question, evaluate};
use plimsoll_core::{
    contract::{Decision, Derivation, Finding},
    decision::{Outcome, PolicyIdentity},
    ports::FailureClass,
};
use serde_json::{Value, json};

use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, FAINT, PLAIN, STRONG},
    session::Session,
};

#[derive(Debug, Args)]
pub(crate) struct EvalArguments {
    /// The policy: stock:NAME or a file.
    pub(crate) policy: String,
    /// The request: a JSON file in the contract's form, with `environment` for a promotion. `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) request: PathBuf,
    /// The settings: a JSON file. Without it the request's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
}

pub(crate) fn run(session: &Session, arguments: &EvalArguments) -> Result<Ending, Failure> {
    let settings = arguments.settings.as_deref().map(read).transpose()?;
    let question = Question::read(&read(&arguments.request)?, settings)?;
    let started = Instant::now();
    let evaluation = evaluate(session.world.cache().as_deref(), &arguments.policy, question)?;
    let microseconds = started.elapsed().as_micros();
    let answer = Answer::of(&evaluation);
    if session.format == Format::Json {
        let mut value = answer.value;
        value["findings"] = json!(answer.findings);
        value["fuel"] = json!(answer.fuel);
        value["microseconds"] = json!(u64::try_from(microseconds).unwrap_or(u64::MAX));
        value["policy"] = json!(answer.policy);
        output::json(&value)?;
    } else {
        say!("{STRONG}{}{PLAIN}", answer.sentence);
        output::report::findings(answer.findings);
        let policy = answer.policy;
        say!("{FAINT}{} {}, fuel {}{PLAIN}", policy.name, policy.version, answer.fuel);
    }
    Ok(answer.ending)
}

/// A policy's answer, or why there is none.
struct Answer<'a> {
    ending: Ending,
    sentence: String,
    value: Value,
    findings: &'a [Finding],
    fuel: u64,
    policy: &'a PolicyIdentity,
}

impl<'a> Answer<'a> {
    fn of(evaluation: &'a Evaluation) -> Self {
        match evaluation {
            Evaluation::Tagging(record) => {
                let (ending, sentence, value, findings): (_, _, _, &[Finding]) = match &record.outcome {
                    Outcome::Answered(Derivation::Plan(plan)) => {
                        let tags: Vec<&str> = plan.tags.iter().map(|tag| tag.name.as_str()).collect();
                        (
                            Ending::Done,
                            format!("tags {}", tags.join(", ")),
                            json!({ "plan": plan }),
                            &plan.findings,
                        )
                    }
                    Outcome::Answered(Derivation::Refusal(findings)) => {
                        (Ending::No, "refused".to_owned(), json!({ "refused": true }), findings)
                    }
                    other => unanswered(other),
                };
                Self { ending, sentence, value, findings, fuel: record.fuel, policy: &record.policy }
            }
            Evaluation::Promotion(record) => {
                let (ending, sentence, value, findings): (_, _, _, &[Finding]) = match &record.outcome {
                    Outcome::Answered(verdict) => {
                        let word = verdict.decision.word();
                        let ending =
                            if verdict.decision == Decision::Allow { Ending::Done } else { Ending::No };
                        let mut value = json!({ "verdict": word });
                        if let Decision::Hold(until) = &verdict.decision {
                            value["until"] = json!(until);
                        }
                        (ending, word.to_owned(), value, &verdict.findings)
                    }
                    other => unanswered(other),
                };
                Self { ending, sentence, value, findings, fuel: record.fuel, policy: &record.policy }
            }
        }
    }
}

fn unanswered<Answer: serde::Serialize>(
    outcome: &Outcome<Answer>,
) -> (Ending, String, Value, &'static [Finding]) {
    let reason = outcome.unanswered().unwrap_or_default();
    let value = json!({ "error": reason, "outcome": outcome });
    (Ending::CouldNot, reason, value, &[])
}

/// Reads a file; `-` is standard input.
fn read(path: &Path) -> Result<String, Failure> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    text.map_err(|error| Failure::new(FailureClass::User, format!("cannot read {}: {error}", path.display())))
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::Policy(failure) => Self::from(failure),
            EvaluationError::Request(_) => Self::new(FailureClass::User, error.to_string())
                .hint("wit/README.md describes the JSON form; `plimsoll journal export` shows real requests"),
            EvaluationError::OtherQuestion(_) => Self::new(FailureClass::Policy, error.to_string()),
        }
    }
}
