//! `plimsoll why`

use plimsoll_app::{report::ReleaseReport, views};
use plimsoll_core::ports::FailureClass;

use crate::{
    arguments::{Format, WhyArguments},
    failure::{Ending, Failure},
    output,
    session::{Access, Session},
};

pub(crate) async fn run(session: &Session, arguments: &WhyArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let journal = host.journal(Access::Read).await?;
    let names = host.environment_names();
    // `why production` asks about the newest release in one environment.
    let (wanted, environment) = match (&arguments.release, &arguments.environment) {
        (Some(word), None) if names.iter().any(|name| name.as_str() == word) => (None, Some(word)),
        (wanted, environment) => (wanted.as_deref(), environment.as_ref()),
    };
    let Some(state) = views::find(journal.as_ref(), wanted).await? else {
        let message = wanted.map_or("the journal has no release yet".to_owned(), |wanted| {
            format!("the journal has no release `{wanted}`")
        });
        return Err(Failure::new(FailureClass::User, message).hint("`plimsoll history` lists the releases"));
    };
    let mut report = ReleaseReport::of(&state);
    if let Some(environment) = environment {
        report.environments.retain(|row| row.name == *environment);
        if report.environments.is_empty() {
            let known: Vec<String> = names.iter().map(ToString::to_string).collect();
            return Err(Failure::new(
                FailureClass::User,
                format!("the release has no environment `{environment}`"),
            )
            .hint(format!("its configuration has {}", known.join(", "))));
        }
    }
    match session.format {
        Format::Json => output::json(&report)?,
        Format::Text => output::report::why(&report),
    }
    Ok(Ending::Done)
}
