//! What the commands share that act on releases and environments: who acts, on what, and until when.

use std::time::Duration;

use jiff::SignedDuration;
use plimsoll_app::{commit_files::CommitFiles, host::Host, views};
use plimsoll_core::{
    contract::{Intent, Justification},
    names::EnvironmentName,
    ports::{FailureClass, Journal},
    release::ReleaseState,
};

use super::event;
use crate::{
    arguments::ExceptionArguments,
    failure::Failure,
    session::{Session, time},
};

/// Who acts: as said, else whoever started the CI run, else git's `user.name`, under which their commits
/// are known too: so that an author's own approval is seen to be one.
pub(super) fn actor(session: &Session, host: &Host, said: Option<&str>) -> Result<String, Failure> {
    let variable =
        || ["GITHUB_ACTOR", "GITLAB_USER_LOGIN"].iter().find_map(|name| session.world.variable(name));
    let found = said.map(str::to_owned).or_else(variable).or_else(|| plimsoll_app::events::user(host));
    let found = found.filter(|name| !name.trim().is_empty() && !name.chars().any(char::is_control));
    found.ok_or_else(|| {
        Failure::new(FailureClass::Configuration, "nobody knows who you are: the journal says who did what")
            .hint("say it with --by NAME, or set git's user.name")
    })
}

/// The release that a word means.
pub(super) async fn release(journal: &dyn Journal, wanted: &str) -> Result<ReleaseState, Failure> {
    views::find(journal, Some(wanted)).await?.ok_or_else(|| {
        Failure::new(FailureClass::User, format!("the journal has no release `{wanted}`"))
            .hint("`plimsoll history` lists the releases")
    })
}

/// The environment of this name in the configuration.
pub(super) fn environment(host: &Host, wanted: &str) -> Result<EnvironmentName, Failure> {
    let names = host.environment_names();
    if let Some(name) = names.iter().find(|name| name.as_str() == wanted) {
        return Ok(name.clone());
    }
    let known: Vec<String> = names.iter().map(ToString::to_string).collect();
    Err(Failure::new(FailureClass::Configuration, format!("there is no environment `{wanted}`"))
        .hint(format!("the configuration has {}", known.join(", "))))
}

/// A time in the future: a time, or a span from now.
pub(super) fn until(session: &Session, flag: &str, text: &str) -> Result<i64, Failure> {
    let now = session.clock.now();
    let at = match text.parse::<SignedDuration>() {
        Ok(span) if text.parse::<i64>().is_err() => now.saturating_add(span.as_secs()),
        _ => time(flag, text)?,
    };
    if at > now {
        return Ok(at);
    }
    Err(Failure::new(FailureClass::Configuration, format!("{flag} is `{text}`, which is over already"))
        .hint("give a time to come, or a span such as 2h"))
}

/// A span of time.
pub(super) fn span(flag: &str, text: &str) -> Result<Duration, Failure> {
    let span = text.parse::<SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
    span.ok_or_else(|| {
        Failure::new(FailureClass::Configuration, format!("{flag} is `{text}`, which is no span of time"))
            .hint("write it as 90s, 15m or 2h")
    })
}

/// Why something should go somewhere: the ordinary way, or the exception that is asked for.
pub(super) fn intent(session: &Session, host: &Host, asked: &ExceptionArguments) -> Result<Intent, Failure> {
    if !asked.hotfix && !asked.break_glass {
        return Ok(Intent::Promote);
    }
    let expires = asked.expires.as_deref().map(|text| until(session, "--expires", text)).transpose()?;
    let justification = Justification {
        by: actor(session, host, asked.by.as_deref())?,
        // clap demands it with either flag.
        reason: asked.reason.clone().unwrap_or_default(),
        expires,
    };
    Ok(if asked.hotfix { Intent::Hotfix(justification) } else { Intent::BreakGlass(justification) })
}

/// The host, working with the files of a release's own commit, whatever the working tree holds.
pub(super) fn host_of_commit(session: &Session, state: &ReleaseState) -> Result<Host, Failure> {
    let host = session.host()?;
    let files = CommitFiles::unchanged(&host, &state.opening.source)?;
    Ok(host.with_files(files))
}

/// The host, working with the files of a release's own commit.
pub(super) fn host_for(session: &Session, state: &ReleaseState, allow_dirty: bool) -> Result<Host, Failure> {
    let host = session.host()?;
    let files = CommitFiles::of(&host, &state.opening.source)?;
    if files.is_none() {
        let changed = plimsoll_app::events::changed(&host)?.is_some();
        event::require_committed(changed && !allow_dirty && !state.opening.source.dirty)?;
    }
    Ok(host.with_files(files))
}
