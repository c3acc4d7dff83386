//! `plimsoll evidence add`

use plimsoll_app::{evidence, release::Acts};
use plimsoll_core::{
    contract::{Evidence, EvidenceOutcome},
    ports::Checked,
};

use super::{act, told};
use crate::{
    arguments::{EvidenceArguments, OutcomeKind},
    failure::{Ending, Failure},
    session::{Access, Session},
};

pub(crate) async fn add(session: &Session, arguments: &EvidenceArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let said = Checked { outcome: outcome(arguments.outcome), value: None };
    let found = match &arguments.file {
        Some(file) => evidence::from_file(file, arguments.report, arguments.threshold)?,
        None => said,
    };
    let evidence = Evidence {
        name: arguments.name.clone(),
        outcome: found.outcome,
        value: arguments.value.clone().or(found.value),
        at: session.clock.now(),
    };
    let origin = arguments.file.as_ref().and_then(|file| file.file_name());
    let origin = origin.map(|name| name.to_string_lossy().into_owned());
    let journal = host.journal(Access::Write).await?;
    let state = act::release(journal.as_ref(), &arguments.release).await?;
    let acts = Acts { journal: journal.as_ref(), clock: session.clock };
    let entry = acts.add_evidence(&state.release, evidence, origin).await?;
    told::act(session, &entry, Some("`plimsoll tick` or `plimsoll resume` takes the release up"))
}

/// clap demands an outcome where there is no file.
const fn outcome(said: Option<OutcomeKind>) -> EvidenceOutcome {
    match said {
        Some(OutcomeKind::Passed) => EvidenceOutcome::Passed,
        Some(OutcomeKind::Failed) => EvidenceOutcome::Failed,
        Some(OutcomeKind::Unknown) | None => EvidenceOutcome::Unknown,
    }
}
