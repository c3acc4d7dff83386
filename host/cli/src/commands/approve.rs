//! `plimsoll approve`

use plimsoll_app::release::Acts;
use plimsoll_core::{contract::Approval, names::RuleName, ports::FailureClass};

use super::{act, told};
use crate::{
    arguments::ApproveArguments,
    failure::{Ending, Failure},
    session::{Access, Session},
};

pub(crate) async fn run(session: &Session, arguments: &ApproveArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let environment =
        arguments.environment.as_deref().map(|name| act::environment(&host, name)).transpose()?;
    let rule = arguments.rule.as_deref().map(RuleName::new).transpose();
    let rule = rule.map_err(|error| Failure::new(FailureClass::Configuration, error.to_string()))?;
    let expires = arguments.until.as_deref().map(|text| act::until(session, "--until", text)).transpose()?;
    let by = act::actor(session, &host, arguments.by.as_deref())?;
    let journal = host.journal(Access::Write).await?;
    let state = act::release(journal.as_ref(), &arguments.release).await?;
    let approval = Approval {
        by,
        at: session.clock.now(),
        environment: environment.map(String::from),
        rule: rule.map(String::from),
        expires,
    };
    let acts = Acts { journal: journal.as_ref(), clock: session.clock };
    let entry = acts.approve(&state.release, approval).await?;
    told::act(session, &entry, Some("`plimsoll tick` or `plimsoll resume` takes the release up"))
}
