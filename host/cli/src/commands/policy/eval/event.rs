//! The questions that a release of an event would ask, put now.

use std::{collections::BTreeSet, iter, time::Instant};

use plimsoll_app::{
    application::{Application, Binding, Environment},
    configuration::PolicyReference,
    host::Host,
    release::{PromotionQuestions, ask_one, derive_tags, promotion_questions, tagging_request},
};
use plimsoll_core::{
    contract::{Decision, PromotionRequest, Source},
    decision::{DecisionRecord, PromotionRecord},
    ports::{FailureClass, PromotionPolicy},
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
        None => {
            let bound: Vec<_> = bound(environment, questions.requests).collect();
            if arguments.print_request {
                return print_only(environment, &bound);
            }
            all(session, environment, bound, questions.not_now.as_deref()).await
        }
        Some(policy) => named(session, arguments, &host, environment, questions, policy).await,
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
            opened(session, arguments, host, policy, &Request::Tagging(Box::new(request)))?.print(session)
        }
    }
}

/// Whether nothing on the command line takes the place of what the configuration says of a policy.
const fn as_configured(arguments: &EvalArguments) -> bool {
    arguments.settings.is_none() && arguments.capabilities.is_none()
}

/// A policy of an environment, and what it is asked.
type Bound<'a> = (&'a Binding<dyn PromotionPolicy>, PromotionRequest);

fn bound(environment: &Environment, requests: Vec<PromotionRequest>) -> impl Iterator<Item = Bound<'_>> {
    environment.promotion.iter().zip(requests)
}

/// May the image go in, as these policies of an environment see it?
async fn all(
    session: &Session,
    environment: &Environment,
    bound: Vec<Bound<'_>>,
    not_now: Option<&str>,
) -> Result<Ending, Failure> {
    let (mut records, mut answers): (Vec<PromotionRecord>, Vec<Told>) = (Vec::new(), Vec::new());
    for (binding, request) in bound {
        let started = Instant::now();
        let record = ask_one(binding, request).await?;
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
            "not-now": not_now,
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

/// May the image go in, as the policy that is named sees it?
async fn named(
    session: &Session,
    arguments: &EvalArguments,
    host: &Host,
    environment: &Environment,
    questions: PromotionQuestions,
    policy: &str,
) -> Result<Ending, Failure> {
    let PromotionQuestions { requests, not_now } = questions;
    // A policy that is not bound there is asked what the first one is asked.
    let mut request = requests.first().cloned();
    let is_named = |(binding, _): &Bound<'_>| binding.policy.identity().reference == policy;
    let mut bound: Vec<_> = bound(environment, requests).filter(is_named).collect();
    if let Some((_, of_first)) = bound.first() {
        request = Some(of_first.clone());
    }
    let Some(mut request) = request else { return Err(unguarded(environment)) };
    match &arguments.settings {
        Some(file) => request.settings = settings(file)?,
        None if bound.is_empty() => NO_SETTINGS.clone_into(&mut request.settings),
        None if arguments.print_request => return print_only(environment, &bound),
        None if as_configured(arguments) && bound.len() > 1 => {
            return all(session, environment, bound, not_now.as_deref()).await;
        }
        None if bound.len() > 1 => return Err(several(environment, &bound)),
        None => {}
    }
    if arguments.print_request {
        return print(&request);
    }
    match bound.pop().filter(|_| as_configured(arguments)) {
        Some((binding, request)) => {
            let started = Instant::now();
            let record = ask_one(binding, request).await?;
            told(record, started, Answer::Promotion).print(session)
        }
        None => {
            opened(session, arguments, host, policy, &Request::Promotion(Box::new(request)))?.print(session)
        }
    }
}

/// Puts a question to a policy that is named. One that the configuration names is where the configuration says.
fn opened(
    session: &Session,
    arguments: &EvalArguments,
    host: &Host,
    policy: &str,
    request: &Request,
) -> Result<Told, Failure> {
    let configuration = host.configuration();
    let promotions = configuration.environments.iter().flat_map(|environment| &environment.promotion);
    let mut written = iter::once(&configuration.tags)
        .chain(promotions)
        .flat_map(|binding| iter::once(binding).chain(binding.shadow.as_deref()));
    let place = match written.find(|binding| binding.written == policy).map(|binding| &binding.policy) {
        Some(PolicyReference::Path(path)) => path.display().to_string(),
        _ => policy.to_owned(),
    };
    let mut told = question(session, arguments, &place, request)?;
    policy.clone_into(&mut told.policy.reference);
    Ok(told)
}

/// Prints the only request of these.
fn print_only(environment: &Environment, bound: &[Bound<'_>]) -> Result<Ending, Failure> {
    match bound {
        [] => Err(unguarded(environment)),
        [(_, request)] => print(request),
        _ => Err(several(environment, bound)),
    }
}

fn unguarded(environment: &Environment) -> Failure {
    Failure::new(FailureClass::Configuration, format!("{} has no promotion policy", environment.name))
}

/// Several questions where there can be one.
fn several(environment: &Environment, bound: &[Bound<'_>]) -> Failure {
    let references: BTreeSet<&str> =
        bound.iter().map(|(binding, _)| binding.policy.identity().reference.as_str()).collect();
    let names = references.iter().copied().collect::<Vec<_>>().join(", ");
    let count = bound.len();
    let about = &environment.name;
    if references.len() == 1 {
        let message = format!("{names} is asked about {about} {count} times, with settings of each");
        return Failure::new(FailureClass::Configuration, message)
            .hint(format!("say which settings are meant: {names} --settings FILE"));
    }
    Failure::new(FailureClass::Configuration, format!("{count} policies are asked about {about}"))
        .hint(format!("name one: {names}"))
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
