//! `plimsoll plan`

use plimsoll_app::{release::preview, report::ReleaseReport};
use plimsoll_core::release::Standing;
use serde::Serialize;

use super::{act, event};
use crate::{
    arguments::{Format, ReleaseArguments},
    failure::{Ending, Failure},
    output,
    session::{Access, Session},
};

/// What `--format json` prints: a release's report, and what sets it apart from one.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct DryRun<'a> {
    /// Always true.
    dry_run: bool,
    /// As `release` would print it.
    #[serde(flatten)]
    report: &'a ReleaseReport,
    /// The environments that the release would be deployed to.
    would_deploy: Vec<String>,
}

pub(crate) async fn run(session: &Session, arguments: &ReleaseArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let mut event = event::read(session, &host, &arguments.event)?;
    event.intent = act::intent(session, &host, &arguments.exception)?;
    let application = host.application(Access::Read).await?;
    let progress = session.progress();
    let preview = preview(&application, event, &progress).await?;
    drop(progress);
    let report = preview.report();
    let would_deploy = preview.changes.keys().map(ToString::to_string).collect();
    match session.format {
        Format::Json => output::json(&DryRun { dry_run: true, report: &report, would_deploy })?,
        Format::Text => output::report::plan(&report, &preview),
    }
    Ok(if preview.state.standing() == Standing::Failed { Ending::CouldNot } else { Ending::Done })
}
