//! `plimsoll resume`

use plimsoll_app::{release::Executor, views};
use plimsoll_core::ports::FailureClass;

use super::{act, release};
use crate::{
    arguments::ResumeArguments,
    failure::{Ending, Failure},
    session::{Access, Session},
};

pub(crate) async fn run(session: &Session, arguments: &ResumeArguments) -> Result<Ending, Failure> {
    let journal = session.host()?.journal(Access::Write).await?;
    let journal = journal.as_ref();
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
    // Whatever is left to do reads the release's own files: the build its context, a deployment its manifests.
    let host = act::host_for(session, &state, arguments.allow_dirty)?;
    let application = host.application(Access::Write).await?;
    let progress = session.watch(&host)?;
    let state = Executor::new(&application, &progress).resume(&state.release).await?;
    progress.finish().await;
    release::tell(session, &state)
}
