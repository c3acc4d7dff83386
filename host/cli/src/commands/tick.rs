//! `plimsoll tick`

use std::sync::Arc;

use plimsoll_app::{
    release::{Executor, due_releases},
    report::ReleaseReport,
};
use plimsoll_core::{ports::Activity, ports::Progress as _, release::Standing};

use super::act;
use crate::{
    arguments::{Format, TickArguments},
    failure::{Ending, Failure},
    output,
    session::{Access, Session},
};

pub(crate) async fn run(session: &Session, arguments: &TickArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let application = host.application(Access::Write).await?;
    let progress = session.watch(&host)?;
    let mut ending = Ending::Done;
    if !arguments.no_health {
        let lookout = host.lookout(Arc::clone(&application.journal));
        let seen = lookout.look().await?;
        lookout.record(&seen, &progress).await?;
        for observed in &seen {
            if let Err(failure) = &observed.observation {
                let text = format!("{} could not be looked at: {failure}", observed.environment);
                progress.activity(Activity::Warning(&text));
            }
        }
    }
    let mut reports = Vec::new();
    for state in due_releases(&application).await? {
        // What one release lacks, such as its commit in a shallow clone, is no reason to leave the others waiting.
        let taken_up = async {
            let application = act::host_of_commit(session, &state)?.application(Access::Write).await?;
            Ok::<_, Failure>(Executor::new(&application, &progress).resume_if_free(&state.release).await?)
        };
        match taken_up.await {
            // One that was over only lacked the fact that says so.
            Ok(Some(_)) if matches!(state.standing(), Standing::Done | Standing::Refused) => {}
            Ok(None) => {}
            Ok(Some(state)) => {
                if state.standing() == Standing::Failed {
                    ending = Ending::CouldNot;
                }
                reports.push(ReleaseReport::of(&state));
            }
            Err(failure) => {
                failure.print();
                ending = Ending::CouldNot;
            }
        }
    }
    progress.finish().await;
    match session.format {
        Format::Json => output::json(&reports)?,
        Format::Text => reports.iter().for_each(output::report::release),
    }
    Ok(ending)
}
