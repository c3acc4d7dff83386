//! Where an application's events come from.

use std::path::{Path, PathBuf};

use plimsoll_core::{contract::Source, ports::PortFailure};
use plimsoll_source::{SourceError, flags, git, github};

pub use plimsoll_source::{Event, flags::Overrides, parse_ref};

use crate::host::Host;

/// Where an event comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSource {
    /// The git repository that the configuration is in: HEAD and the tags on it.
    Git,
    /// GitHub Actions.
    Github {
        /// A file with what GitHub's repository API says of the repository.
        repository: Option<PathBuf>,
    },
    /// Nothing but the overrides.
    Flags,
}

/// Reads an event. `variables` are the process's environment, `overrides` win over what the event says.
///
/// Whatever the event comes from: when the configuration is in a git repository, the working tree there says whether it is
/// dirty, for that is what the image is built from.
///
/// # Errors
/// There is no such event, it does not say enough, or it cannot be read.
pub fn read(
    host: &Host,
    from: &EventSource,
    variables: &dyn Fn(&str) -> Option<String>,
    overrides: &Overrides,
) -> Result<Event, PortFailure> {
    let options = git::Options { ignore: own_folders(host) };
    let mut event = match from {
        EventSource::Git => git::read(host.root(), &options)?,
        EventSource::Github { repository } => {
            let options = github::Options {
                repository: repository.clone(),
                commit_date: overrides.commit_date,
                checkout: Some(host.root().to_owned()),
            };
            github::read(variables, &options)?
        }
        EventSource::Flags => flags::read(overrides)?,
    };
    if *from != EventSource::Git
        && let Some(path) = where_there_is_a_repository(git::changed(host.root(), &options))?.flatten()
    {
        event.mark_changed(&path);
    }
    overrides.apply(&mut event)?;
    Ok(event)
}

/// Who uses the git repository that the configuration is in, by its `user.name`; `None` where git does not know.
#[must_use]
pub fn user(host: &Host) -> Option<String> {
    git::user(host.root())
}

/// The commit that is checked out where the configuration is, when it is another one than the event's. Without a git
/// repository there is nothing to compare.
///
/// # Errors
/// The repository cannot be read.
pub fn other_checkout(host: &Host, source: &Source) -> Result<Option<String>, PortFailure> {
    let head = where_there_is_a_repository(git::head(host.root()))?;
    Ok(head.filter(|head| *head != source.commit.id))
}

/// A path whose content is not in the commit that is checked out, if there is one. Without a git repository there is
/// nothing to compare.
///
/// # Errors
/// The repository cannot be read.
pub fn changed(host: &Host) -> Result<Option<String>, PortFailure> {
    let options = git::Options { ignore: own_folders(host) };
    Ok(where_there_is_a_repository(git::changed(host.root(), &options))?.flatten())
}

/// What git says, and nothing without a repository. One that cannot be read is an error: it would hide a difference.
fn where_there_is_a_repository<T>(answer: Result<T, SourceError>) -> Result<Option<T>, SourceError> {
    match answer {
        Err(SourceError::NoRepository { .. }) => Ok(None),
        answer => answer.map(Some),
    }
}

/// The folders that the host itself writes, wherever the process was started.
fn own_folders(host: &Host) -> Vec<PathBuf> {
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| Path::new(path).to_owned());
    host.own_folders().iter().map(absolute).collect()
}
