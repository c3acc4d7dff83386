//! `plimsoll tags`

use std::collections::BTreeMap;

use plimsoll_app::release::derive_tags;
use plimsoll_core::{contract::Derivation, decision::Outcome, plan::TagPlan, ports::FailureClass};
use serde::Serialize;

use super::event;
use crate::{
    arguments::{EventArguments, Format},
    failure::{Ending, Failure},
    output::{self, FAINT, PLAIN, STRONG},
    session::Session,
};

/// What `--format json` prints.
#[derive(Serialize)]
struct Tags {
    version: Option<String>,
    tags: Vec<String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

pub(crate) async fn run(session: &Session, arguments: &EventArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let event = event::read(session, &host, arguments)?;
    let binding = host.tagging().await?;
    let repository = host.repository();
    let record = derive_tags(&binding, &event.source, repository, session.clock).await?;
    let plan = match &record.outcome {
        Outcome::Answered(Derivation::Plan(proposal)) => {
            if session.format == Format::Text {
                output::report::findings(&proposal.findings);
            }
            TagPlan::check(proposal)
                .map_err(|problems| Failure::new(FailureClass::Policy, problems.join("; ")))?
        }
        Outcome::Answered(Derivation::Refusal(findings)) => {
            match session.format {
                Format::Json => output::json(&serde_json::json!({ "refused": findings }))?,
                Format::Text => {
                    say!("{STRONG}no tags{PLAIN}: {} refused the event", record.policy.reference);
                    output::report::findings(findings);
                }
            }
            return Ok(Ending::No);
        }
        other => {
            let reason = other.unanswered().unwrap_or_default();
            return Err(Failure::new(FailureClass::Policy, format!("{}: {reason}", record.policy.reference)));
        }
    };
    tell(session, plan, repository)?;
    Ok(Ending::Done)
}

fn tell(session: &Session, plan: TagPlan, repository: &str) -> Result<(), Failure> {
    let tags = plan.tags.iter().map(|planned| format!("{repository}:{}", planned.tag)).collect();
    let tags = Tags { version: plan.version, tags, labels: plan.labels, annotations: plan.annotations };
    if session.format == Format::Json {
        return output::json(&tags);
    }
    if let Some(version) = &tags.version {
        say!("version  {version}");
    }
    for tag in &tags.tags {
        say!("tag      {tag}");
    }
    for (name, value) in &tags.labels {
        say!("label    {FAINT}{name}={PLAIN}{value}");
    }
    Ok(())
}
