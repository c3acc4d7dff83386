//! `plimsoll policy eval`

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use plimsoll_app::policies::Recorded;
use plimsoll_core::{
    contract::{Decision, Derivation},
    decision::{CapabilityCall, Outcome, PolicyIdentity},
    ports::{FailureClass, PortFailure},
};
use plimsoll_harness::{
    cases::fixture_json,
    question::{Answer, Asked, Request, Undecided, ask},
    recorded_grants,
    settings_file::settings_text,
    view::read_request,
};
use serde_json::{Value, json};

use super::suites::open;
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
    /// The settings: a JSON, TOML or YAML file. Without it the request's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// What look-ups are answered with: a JSON file with a list of capability calls, as decisions record them. Without it a
    /// look-up has no answer.
    #[arg(long, value_name = "FILE")]
    pub(crate) capabilities: Option<PathBuf>,
}

pub(crate) fn run(session: &Session, arguments: &EvalArguments) -> Result<Ending, Failure> {
    let request = request(arguments)?;
    let calls = arguments.capabilities.as_deref().map(capabilities).transpose()?.unwrap_or_default();
    let started = Instant::now();
    let policy = open(session, &arguments.policy)?;
    let bound = policy.bind(recorded_grants(&policy)).map_err(PortFailure::from)?;
    bound.check_settings(request.settings()).map_err(PortFailure::from)?;
    let asked = ask(&bound, &request, Recorded::new(calls)).map_err(|error| undecided(&error, arguments))?;
    let microseconds = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let (ending, sentence, mut value) = told(&asked.answer);
    let findings = asked.answer.findings();
    let identity: &PolicyIdentity = policy.identity();
    if session.format == Format::Json {
        let Asked { fuel, transcript, .. } = &asked;
        value["findings"] = json!(findings);
        value["fuel"] = json!(fuel);
        value["microseconds"] = json!(microseconds);
        value["policy"] = json!(identity);
        value["transcript"] = json!(transcript);
        output::json(&value)?;
    } else {
        say!("{STRONG}{sentence}{PLAIN}");
        output::report::findings(findings);
        let time = f64::from(u32::try_from(microseconds).unwrap_or(u32::MAX)) / 1000.0;
        say!("{FAINT}{} {}, fuel {}, {time:.1} ms{PLAIN}", identity.name, identity.version, asked.fuel);
    }
    Ok(ending)
}

/// The request, with the settings that go over its own.
fn request(arguments: &EvalArguments) -> Result<Request, Failure> {
    let form = |error: &dyn std::fmt::Display| {
        Failure::new(FailureClass::User, format!("the request is not in the form of the contract: {error}"))
            .hint("wit/README.md describes the JSON form; `plimsoll journal export` shows real requests")
    };
    let mut value: Value = serde_json::from_str(&read(&arguments.request)?).map_err(|error| form(&error))?;
    if let (Some(file), Some(fields)) = (&arguments.settings, value.as_object_mut()) {
        let settings = settings_text(file, &read(file)?)
            .map_err(|message| Failure::new(FailureClass::Configuration, message))?;
        fields.insert("settings".to_owned(), settings.into());
    }
    read_request(value).map_err(|error| form(&error))
}

/// Answers to look-ups.
fn capabilities(file: &Path) -> Result<Vec<CapabilityCall>, Failure> {
    serde_json::from_str(&read(file)?).map_err(|error| {
        Failure::new(FailureClass::User, format!("{} holds no list of capability calls: {error}", file.display()))
            .hint("wit/README.md describes the JSON form, such as [{\"registry-tags\": {\"repository\": \"...\", \"ok\": []}}]")
    })
}

fn undecided(error: &Undecided, arguments: &EvalArguments) -> Failure {
    match error {
        Undecided::NotRecorded(inquiry) => {
            let failure = Failure::new(
                FailureClass::User,
                format!("the policy asks {inquiry}, and --capabilities holds no answer"),
            );
            failure.hint(format!("add to the list: {}", fixture_json(inquiry)))
        }
        Undecided::OtherQuestion(_) => Failure::new(
            FailureClass::Policy,
            format!("the policy {} does not answer this question", arguments.policy),
        ),
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
