//! `plimsoll plan`

use plimsoll_app::{release::preview, report::ReleaseReport};
use plimsoll_core::release::Standing;

use super::event;
use crate::{
    arguments::{Format, ReleaseArguments},
    failure::{Ending, Failure},
    output,
    session::{Access, Session},
};

pub(crate) async fn run(session: &Session, arguments: &ReleaseArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let event = event::read(session, &host, &arguments.event)?;
    let application = host.application(Access::Read).await?;
    let progress = session.progress();
    let preview = preview(&application, event, &progress).await?;
    drop(progress);
    let report = ReleaseReport::with_digest(&preview.state, preview.digest);
    match session.format {
        Format::Json => output::json(&report)?,
        Format::Text => output::report::plan(&report, &preview),
    }
    Ok(if preview.state.standing() == Standing::Failed { Ending::CouldNot } else { Ending::Done })
}
