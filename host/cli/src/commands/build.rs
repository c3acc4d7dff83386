//! `plimsoll build`

use plimsoll_app::release::derive_tags;
use plimsoll_core::{contract::Derivation, decision::Outcome, plan::TagPlan, ports::FailureClass};

use super::event;
use crate::{
    arguments::{EventArguments, Format},
    failure::{Ending, Failure},
    output,
    session::Session,
};

pub(crate) async fn run(session: &Session, arguments: &EventArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let event = event::read(session, &host, arguments)?;
    event::require_checkout(&host, &event.source)?;
    let binding = host.tagging().await?;
    let record = derive_tags(&binding, &event.source, host.repository(), session.clock).await?;
    // An event that is not to be released may still be built, to try the Dockerfile: it gets no labels then.
    if let Some(reason) = record.outcome.unanswered() {
        return Err(Failure::new(FailureClass::Policy, format!("{}: {reason}", record.policy.reference)));
    }
    let plan = match &record.outcome {
        Outcome::Answered(Derivation::Plan(proposal)) => TagPlan::check(proposal).ok(),
        _ => None,
    };
    let (labels, annotations) = plan.map(|plan| (plan.labels, plan.annotations)).unwrap_or_default();
    let image = host.image_plan();
    let request = image.build_request(labels, annotations, event.source.commit.time);
    let progress = session.progress();
    let built = host.builder()?.build(&request, &progress).await?;
    drop(progress);
    if session.format == Format::Json {
        output::json(&serde_json::json!({
            "digest": built.digest.to_string(),
            "size": built.size,
            "layout": image.layout.to_str().ok_or_else(|| Failure::new(FailureClass::User, "the layout's path is not UTF-8"))?,
        }))?;
    } else {
        say!("built {} in {}", built.digest, image.layout.display());
    }
    Ok(Ending::Done)
}
