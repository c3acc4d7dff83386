//! `plimsoll hold` and `plimsoll free`

use plimsoll_app::release::{Acts, Hold};

use super::{act, told};
use crate::{
    arguments::{FreeArguments, HoldArguments},
    failure::{Ending, Failure},
    output::{PLAIN, WAITING},
    session::{Access, Session},
};

pub(crate) async fn hold(session: &Session, arguments: &HoldArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let hold = Hold {
        environment: act::environment(&host, &arguments.environment)?,
        by: act::actor(session, &host, arguments.by.as_deref())?,
        reason: arguments.reason.clone(),
        until: arguments.until.as_deref().map(|text| act::until(session, "--until", text)).transpose()?,
    };
    let journal = host.journal(Access::Write).await?;
    let acts = Acts { journal: journal.as_ref(), clock: session.clock };
    let entry = acts.hold(hold).await?;
    told::act(session, &entry, None)
}

pub(crate) async fn free(session: &Session, arguments: &FreeArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let environment = act::environment(&host, &arguments.environment)?;
    let by = act::actor(session, &host, arguments.by.as_deref())?;
    let journal = host.journal(Access::Write).await?;
    let acts = Acts { journal: journal.as_ref(), clock: session.clock };
    match acts.free(&environment, by, arguments.reason.clone()).await? {
        Some(entry) => told::act(session, &entry, Some("`plimsoll tick` takes up what waits")),
        None => {
            tell!("{WAITING}note:{PLAIN} nobody holds {environment}");
            Ok(Ending::Done)
        }
    }
}
