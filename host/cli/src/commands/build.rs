//! `plimsoll build`

use plimsoll_app::release::derive_tags;
use plimsoll_core::{
    contract::Derivation,
    decision::Outcome,
    plan::TagPlan,
    ports::{FailureClass, Platforms},
};

use super::event;
use crate::{
    arguments::{BuildArguments, Format},
    failure::{Ending, Failure},
    output,
    session::Session,
};

pub(crate) async fn run(session: &Session, arguments: &BuildArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let event = event::read(session, &host, &arguments.event)?;
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
    let mut image = host.image_plan();
    if !arguments.platform.is_empty() {
        image.platforms = Platforms::new(arguments.platform.clone())
            .map_err(|error| Failure::new(FailureClass::User, error.to_string()))?;
    }
    let request = image.build_request(labels, annotations, event.source.commit.time);
    let progress = session.progress();
    let built = host.builder()?.build(&request, &progress).await?;
    drop(progress);
    if session.format == Format::Json {
        output::json(&serde_json::json!({
            "digest": built.digest.to_string(),
            "size": built.size,
            "platforms": image.platforms.as_slice().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "layout": image.layout.to_str().ok_or_else(|| Failure::new(FailureClass::User, "the layout's path is not UTF-8"))?,
        }))?;
    } else {
        say!("built {} for {} in {}", built.digest, image.platforms, image.layout.display());
    }
    Ok(Ending::Done)
}
