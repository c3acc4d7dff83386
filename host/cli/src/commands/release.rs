//! `plimsoll release`

use plimsoll_app::{
    release::{self, Executor},
    report::ReleaseReport,
};
use plimsoll_core::release::{ReleaseState, Standing};

use super::{act, event};
use tokio::time::Instant;

use crate::{
    arguments::{Format, ReleaseArguments},
    failure::{Ending, Failure},
    output,
    session::{Access, Session},
};

pub(crate) async fn run(session: &Session, arguments: &ReleaseArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let wait = arguments.wait.as_deref().map(|text| act::span("--wait", text)).transpose()?;
    let mut event = event::read(session, &host, &arguments.event)?;
    event.intent = act::intent(session, &host, &arguments.exception)?;
    event::require_committed(event.source.dirty && !arguments.allow_dirty)?;
    event::require_checkout(&host, &event.source)?;
    let application = host.application(Access::Write).await?;
    let progress = session.watch(&host)?;
    let executor = Executor::new(&application, &progress);
    let mut state = executor.release(event).await?;
    if let Some(span) = wait {
        let deadline = Instant::now() + span;
        while let Some(due) = release::wait(&application, state.clone(), deadline).await? {
            state = executor.resume(&due.release).await?;
        }
    }
    progress.finish().await;
    tell(session, &state)
}

/// Tells what came of a release, and how the command ends.
pub(super) fn tell(session: &Session, state: &ReleaseState) -> Result<Ending, Failure> {
    let report = ReleaseReport::of(state);
    match session.format {
        Format::Json => output::json(&report)?,
        Format::Text => output::report::release(&report),
    }
    if session.world.variable("GITHUB_ACTIONS").is_some() {
        output::github::write(&session.world, &report)?;
    }
    Ok(match state.standing() {
        Standing::Done | Standing::Refused | Standing::Waiting => Ending::Done,
        Standing::Failed => Ending::CouldNot,
    })
}
