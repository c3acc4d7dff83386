//! The questions that a release of an event would ask, put now.

use std::time::Instant;

use plimsoll_app::{
    application::{Application, Environment},
    host::Host,
    release::{PromotionQuestions, ask_one, derive_tags, promotion_questions, tagging_request},
};
use plimsoll_core::{
    contract::{Decision, Source},
    decision::{DecisionRecord, PromotionRecord},
    ports::FailureClass,
    verdict,
};
use plimsoll_harness::question::{Answer, Request};
use serde::Serialize;
use serde_json::{Value, json};

use super::{EvalArguments, question, settings, told::Told};
use crate::{
    arguments::Format,
    commands::event,
    failure::{Ending, Failure},
    output::{self, PLAIN, STRONG, WAITING, verdict_style},
    session::{Access, Session},
};

/// Settings of a policy that nothing configures.
const NO_SETTINGS: &str = "{}";

pub(super) async fn run(session: &Session, arguments: &EvalArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let event = event::read(session, &host, &arguments.event)?;
    let Some(name) = &arguments.environment else {
        return tagging(session, arguments, &host, &event.source).await;
    };
    let application = host.application(Access::Read).await?;
    let environment = environment(&application, name)?;
    let progress = session.progress();
    let questions = promotion_questions(&application, event, environment, &progress).await?;
    drop(progress);
    if let Some(reason) = questions.not_now.as_ref().filter(|_| !session.quiet()) {
        tell!("{WAITING}note:{PLAIN} a release would not ask this now: {reason}");
    }
    match &arguments.policy {
        None => all(session, arguments, environment, &questions).await,
        Some(policy) => one(session, arguments, environment, &questions, policy).await,
    }
}

fn environment<'a>(application: &'a Application, name: &str) -> Result<&'a Environment, Failure> {
    let found = application.environments.iter().find(|environment| environment.name.as_str() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> =
            application.environments.iter().map(|environment| environment.name.as_str()).collect();
        Failure::new(FailureClass::Configuration, format!("there is no environment `{name}`"))
            .hint(format!("the configuration has {}", names.join(", ")))
    })
}

/// Which tags would the event give?
async fn tagging(
    session: &Session,
    arguments: &EvalArguments,
    host: &Host,
    source: &Source,
) -> Result<Ending, Failure> {
    let written = &host.configuration().tags;
    let configured = arguments.policy.as_ref().is_none_or(|policy| *policy == written.written);
    let binding = if configured { Some(host.tagging().await?) } else { None };
    let of_file = arguments.settings.as_deref().map(settings).transpose()?;
    let settings = of_file.as_deref().or(binding.as_ref().map(|binding| binding.settings.as_str()));
    let request = tagging_request(
        source,
        host.repository(),
        session.clock,
        &written.time_zone,
        settings.unwrap_or(NO_SETTINGS),
    )?;
    if arguments.print_request {
        return print(&request);
    }
    match (&arguments.policy, binding) {
        (policy, Some(binding)) if policy.is_none() || as_configured(arguments) => {
            let started = Instant::now();
            let record = derive_tags(&binding, source, host.repository(), session.clock).await?;
            told(record, started, Answer::Tagging).print(session)
        }
        (policy, _) => {
            let policy = policy.as_deref().unwrap_or(&written.written);
            question(session, arguments, policy, &Request::Tagging(Box::new(request)))?.print(session)
        }
    }
}

/// Whether nothing on the command line takes the place of what the configuration says of a policy.
const fn as_configured(arguments: &EvalArguments) -> bool {
    arguments.settings.is_none() && arguments.capabilities.is_none()
}

/// May the image go in, as all policies of the environment see it?
async fn all(
    session: &Session,
    arguments: &EvalArguments,
    environment: &Environment,
    questions: &PromotionQuestions,
) -> Result<Ending, Failure> {
    if arguments.print_request {
        return match &questions.requests[..] {
            [request] => print(request),
            _ => {
                let references: Vec<&str> = environment
                    .promotion
                    .iter()
                    .map(|binding| binding.policy.identity().reference.as_str())
                    .collect();
                Err(Failure::new(
                    FailureClass::Configuration,
                    format!("{} policies are asked about {}", references.len(), environment.name),
                )
                .hint(format!("name one: {}", references.join(", "))))
            }
        };
    }
    let (mut records, mut answers): (Vec<PromotionRecord>, Vec<Told>) = (Vec::new(), Vec::new());
    for (binding, request) in environment.promotion.iter().zip(&questions.requests) {
        let started = Instant::now();
        let record = ask_one(binding, request.clone()).await?;
        answers.push(told(record.clone(), started, Answer::Promotion));
        records.push(record);
    }
    let decision = verdict::join(&records).decision;
    let word = decision.word();
    match session.format {
        Format::Json => output::json(&json!({
            "environment": environment.name,
            "verdict": word,
            "until": if let Decision::Hold(until) = &decision { json!(until) } else { Value::Null },
            "not-now": questions.not_now,
            "answers": answers.iter().map(Told::as_json).collect::<Vec<_>>(),
        }))?,
        Format::Text => {
            answers.iter().for_each(Told::print_text);
            let style = verdict_style(Some(word));
            say!("{STRONG}{}{PLAIN}: {style}{word}{PLAIN}", environment.name);
        }
    }
    let unanswered = answers.iter().any(|told| told.answer.unanswered().is_some());
    Ok(match decision {
        Decision::Allow => Ending::Done,
        Decision::Hold(_) if unanswered => Ending::CouldNot,
        _ => Ending::No,
    })
}

/// May the image go in, as one policy sees it?
async fn one(
    session: &Session,
    arguments: &EvalArguments,
    environment: &Environment,
    questions: &PromotionQuestions,
    policy: &str,
) -> Result<Ending, Failure> {
    let bound = environment.promotion.iter().zip(&questions.requests);
    let mut bound = bound.filter(|(binding, _)| binding.policy.identity().reference == policy);
    let configured = bound.next();
    // A policy that is not bound there is asked what the first one is asked.
    let Some(request) = configured.map(|(_, request)| request).or(questions.requests.first()) else {
        return Err(Failure::new(
            FailureClass::Configuration,
            format!("{} has no promotion policy", environment.name),
        ));
    };
    let mut request = request.clone();
    match &arguments.settings {
        Some(file) => request.settings = settings(file)?,
        None if configured.is_none() => NO_SETTINGS.clone_into(&mut request.settings),
        None => {}
    }
    if arguments.print_request {
        return print(&request);
    }
    match configured.filter(|_| as_configured(arguments)) {
        Some((binding, _)) => {
            let started = Instant::now();
            let record = ask_one(binding, request).await?;
            told(record, started, Answer::Promotion).print(session)
        }
        None => question(session, arguments, policy, &Request::Promotion(Box::new(request)))?.print(session),
    }
}

fn told<Request, T>(
    record: DecisionRecord<Request, T>,
    started: Instant,
    answer: impl FnOnce(plimsoll_core::decision::Outcome<T>) -> Answer,
) -> Told {
    let DecisionRecord { policy, transcript, outcome, fuel, .. } = record;
    Told { policy, answer: answer(outcome), transcript, fuel, took: started.elapsed() }
}

/// Prints a request in the JSON form of the contract.
fn print(request: &impl Serialize) -> Result<Ending, Failure> {
    output::json(request)?;
    Ok(Ending::Done)
}
