//! `plimsoll promote` and `plimsoll rollback`

use plimsoll_app::release::{Executor, Request, release_before};
use plimsoll_core::{
    names::EnvironmentName,
    ports::FailureClass,
    release::{ReleaseState, Stay},
};

use super::{act, release};
use crate::{
    arguments::{PromoteArguments, RollbackArguments},
    failure::{Ending, Failure},
    session::{Access, Session},
};

pub(crate) async fn promote(session: &Session, arguments: &PromoteArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let environment = act::environment(&host, &arguments.environment)?;
    let request = |state: &ReleaseState| {
        Ok::<_, Failure>(Request {
            release: state.release.clone(),
            environment: environment.clone(),
            intent: act::intent(session, &host, &arguments.exception)?,
            by: act::actor(session, &host, arguments.exception.by.as_deref())?,
            reason: arguments.exception.reason.clone(),
        })
    };
    let state = act::release(host.journal(Access::Write).await?.as_ref(), &arguments.release).await?;
    let application = act::host_for(session, &state, false)?.application(Access::Write).await?;
    let progress = session.watch(&host)?;
    let state = Executor::new(&application, &progress).request(request(&state)?).await?;
    progress.finish().await;
    end(session, &state, &environment)
}

pub(crate) async fn roll_back(session: &Session, arguments: &RollbackArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let environment = act::environment(&host, &arguments.environment)?;
    let by = act::actor(session, &host, arguments.by.as_deref())?;
    let journal = host.journal(Access::Write).await?;
    let state = match &arguments.to {
        Some(wanted) => act::release(journal.as_ref(), wanted).await?,
        None => release_before(journal.as_ref(), &environment).await?.ok_or_else(|| {
            Failure::new(FailureClass::User, format!("nothing else ran in {environment} before"))
                .hint("name a release with --to; `plimsoll history` lists them")
        })?,
    };
    let application = act::host_for(session, &state, false)?.application(Access::Write).await?;
    let progress = session.watch(&host)?;
    let executor = Executor::new(&application, &progress);
    let state = executor.roll_back(&state.release, &environment, &by, &arguments.reason).await?;
    progress.finish().await;
    end(session, &state, &environment)
}

/// A direct question gets a direct answer: whether the release is in the environment now.
fn end(session: &Session, state: &ReleaseState, environment: &EnvironmentName) -> Result<Ending, Failure> {
    let told = release::tell(session, state)?;
    Ok(match state.environment(environment).map(|environment| &environment.stay) {
        Some(Stay::Deployed { .. }) => Ending::Done,
        Some(Stay::Failed(_)) => Ending::CouldNot,
        _ if matches!(told, Ending::CouldNot) => Ending::CouldNot,
        _ => Ending::No,
    })
}
