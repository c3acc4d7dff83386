//! `plimsoll evidence add`

use plimsoll_app::release::Acts;
use plimsoll_core::{
    contract::{Evidence, EvidenceOutcome},
    ports::FailureClass,
};

use super::{act, told};
use crate::{
    arguments::{EvidenceArguments, OutcomeKind},
    failure::{Ending, Failure},
    session::{Access, Session},
};

pub(crate) async fn add(session: &Session, arguments: &EvidenceArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let Some(outcome) = arguments.outcome else {
        return Err(Failure::new(FailureClass::Configuration, "the evidence says nothing")
            .hint("say how it came out: --outcome passed"));
    };
    let evidence = Evidence {
        name: arguments.name.clone(),
        outcome: match outcome {
            OutcomeKind::Passed => EvidenceOutcome::Passed,
            OutcomeKind::Failed => EvidenceOutcome::Failed,
            OutcomeKind::Unknown => EvidenceOutcome::Unknown,
        },
        value: arguments.value.clone(),
        at: session.clock.now(),
    };
    let journal = host.journal(Access::Write).await?;
    let state = act::release(journal.as_ref(), &arguments.release).await?;
    let acts = Acts { journal: journal.as_ref(), clock: session.clock };
    let entry = acts.add_evidence(&state.release, evidence, None).await?;
    told::act(session, &entry, Some("`plimsoll tick` or `plimsoll resume` takes the release up"))
}
