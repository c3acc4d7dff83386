//! `plimsoll policy eval`

mod event;
mod told;

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use plimsoll_app::policies::Recorded;
use plimsoll_core::{
    decision::CapabilityCall,
    ports::{FailureClass, PortFailure},
};
use plimsoll_harness::{
    cases::fixture_json,
    question::{Asked, Question, Request, Undecided, ask},
    recorded_grants,
    settings_file::settings_text,
    view::read_request,
};
use serde_json::Value;

use self::told::Told;
use super::suites::open;
use crate::{
    arguments::EventArguments,
    failure::{Ending, Failure},
    session::Session,
};

/// Without --request, the question is the one that a release of the event would ask.
#[derive(Debug, Args)]
pub(crate) struct EvalArguments {
    /// The policy: stock:NAME, a file or oci://... Without it those that the configuration names there.
    pub(crate) policy: Option<String>,
    /// The request: a JSON file in the contract's form, with `environment` for a promotion. `-` is standard input. Without
    /// it the event's.
    #[arg(long, value_name = "FILE", requires = "policy", conflicts_with_all = ["environment", "print_request", "event"])]
    pub(crate) request: Option<PathBuf>,
    /// The settings: a JSON, TOML or YAML file. Without it those of the request or of the configuration.
    #[arg(long, value_name = "FILE", requires = "policy")]
    pub(crate) settings: Option<PathBuf>,
    /// What look-ups are answered with: a JSON file with a list of capability calls, as decisions record them. Without it a
    /// look-up has no answer, but for policies that the configuration grants it.
    #[arg(long, value_name = "FILE", requires = "policy")]
    pub(crate) capabilities: Option<PathBuf>,
    /// Asks about this environment; without it, which tags the event gives.
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// Prints the request instead of putting it. For a promotion, the tagging policy and the policies of the environments
    /// before are asked what leads up to it.
    #[arg(long)]
    pub(crate) print_request: bool,
    #[command(flatten)]
    pub(crate) event: EventArguments,
}

pub(crate) async fn run(session: &Session, arguments: &EvalArguments) -> Result<Ending, Failure> {
    match (&arguments.request, &arguments.policy) {
        (Some(file), Some(policy)) => {
            let request = request(file, arguments.settings.as_deref())?;
            question(session, arguments, policy, &request)?.print(session)
        }
        _ => event::run(session, arguments).await,
    }
}

/// Puts a question to a policy that is named, with the look-ups that are named.
fn question(
    session: &Session,
    arguments: &EvalArguments,
    policy: &str,
    request: &Request,
) -> Result<Told, Failure> {
    let calls = arguments.capabilities.as_deref().map(capabilities).transpose()?.unwrap_or_default();
    let opened = open(session, policy)?;
    let bound = opened.bind(recorded_grants(&opened)).map_err(PortFailure::from)?;
    bound.check_settings(request.settings()).map_err(PortFailure::from)?;
    let started = Instant::now();
    let asked = ask(&bound, request, Recorded::new(calls)).map_err(|error| undecided(&error, policy))?;
    let Asked { answer, transcript, fuel, .. } = asked;
    Ok(Told { policy: opened.identity().clone(), answer, transcript, fuel, took: started.elapsed() })
}

/// A request from a file, with the settings that go over its own.
fn request(file: &Path, settings_file: Option<&Path>) -> Result<Request, Failure> {
    let form = |error: &dyn std::fmt::Display| {
        Failure::new(FailureClass::User, format!("the request is not in the form of the contract: {error}"))
            .hint("wit/README.md describes the JSON form, `plimsoll schema request` prints its JSON Schema, and `--print-request` shows an event's")
    };
    let mut value: Value = serde_json::from_str(&read(file)?).map_err(|error| form(&error))?;
    if let (Some(file), Some(fields)) = (settings_file, value.as_object_mut()) {
        fields.insert("settings".to_owned(), settings(file)?.into());
    }
    read_request(value).map_err(|error| form(&error))
}

/// Settings from a file, as JSON text.
fn settings(file: &Path) -> Result<String, Failure> {
    settings_text(file, &read(file)?).map_err(|message| Failure::new(FailureClass::Configuration, message))
}

/// Answers to look-ups.
fn capabilities(file: &Path) -> Result<Vec<CapabilityCall>, Failure> {
    serde_json::from_str(&read(file)?).map_err(|error| {
        Failure::new(FailureClass::User, format!("{} holds no list of capability calls: {error}", file.display()))
            .hint("`plimsoll schema capabilities` prints their JSON Schema; one is {\"registry-tags\": {\"repository\": \"...\", \"ok\": []}}")
    })
}

fn undecided(error: &Undecided, policy: &str) -> Failure {
    match error {
        Undecided::NotRecorded(inquiry) => {
            let failure = Failure::new(
                FailureClass::User,
                format!("the policy asks {inquiry}, and --capabilities holds no answer"),
            );
            failure.hint(format!("add to the list: {}", fixture_json(inquiry)))
        }
        Undecided::OtherQuestion(question) => {
            let message = format!("the policy {policy} does not answer the question of {}", question.name());
            Failure::new(FailureClass::Policy, message).hint(match question {
                Question::Tagging => {
                    "a promotion is asked with --environment NAME, or with a request that has `environment`"
                }
                Question::Promotion => {
                    "tags are asked for without --environment, and with a request without `environment`"
                }
            })
        }
    }
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
