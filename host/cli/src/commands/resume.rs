//! `plimsoll resume`

use plimsoll_app::{events, release::Executor, views};
use plimsoll_core::ports::FailureClass;

use super::{event, release};
use crate::{
    arguments::ResumeArguments,
    failure::{Ending, Failure},
    session::{Access, Session},
};

pub(crate) async fn run(session: &Session, arguments: &ResumeArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let application = host.application(Access::Write).await?;
    let journal = application.journal.as_ref();
    let found = match &arguments.release {
        Some(wanted) => views::find(journal, Some(wanted)).await?,
        None => views::newest_open(journal).await?,
    };
    let Some(state) = found else {
        return Err(match &arguments.release {
            Some(wanted) => {
                Failure::new(FailureClass::User, format!("the journal has no release `{wanted}`"))
                    .hint("`plimsoll history` lists the releases")
            }
            None => Failure::new(FailureClass::User, "no release waits, and none failed")
                .hint("`plimsoll status`"),
        });
    };
    // Whatever is left to do reads the checkout: the build its context, a deployment its manifests.
    event::require_checkout(&host, &state.opening.source)?;
    event::require_committed(!arguments.allow_dirty && events::changed(&host)?.is_some())?;
    let progress = session.progress();
    let state = Executor::new(&application, &progress).resume(&state.release).await?;
    drop(progress);
    release::tell(session, &state)
}
