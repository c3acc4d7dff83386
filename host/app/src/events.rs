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
/// # Errors
/// There is no such event, it does not say enough, or it cannot be read.
pub fn read(
    host: &Host,
    from: &EventSource,
    variables: &dyn Fn(&str) -> Option<String>,
    overrides: &Overrides,
) -> Result<Event, PortFailure> {
    let mut event = match from {
        EventSource::Flags => return Ok(flags::read(overrides)?),
        EventSource::Git => git::read(host.root(), &git::Options { ignore: own_folders(host) })?,
        EventSource::Github { repository } => github::read(
            variables,
            &github::Options {
                repository: repository.clone(),
                commit_date: overrides.commit_date,
                checkout: Some(host.root().to_owned()),
            },
        )?,
    };
    overrides.apply(&mut event)?;
    Ok(event)
}

/// The commit that is checked out where the configuration is, when it is another one than the event's. Without a git
/// repository there is nothing to compare.
///
/// # Errors
/// The repository cannot be read.
pub fn other_checkout(host: &Host, source: &Source) -> Result<Option<String>, PortFailure> {
    match git::head(host.root()) {
        Ok(head) if head == source.commit.id => Ok(None),
        Ok(head) => Ok(Some(head)),
        Err(SourceError::NoRepository { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The folders that the host itself writes, wherever the process was started.
fn own_folders(host: &Host) -> Vec<PathBuf> {
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| Path::new(path).to_owned());
    host.own_folders().iter().map(absolute).collect()
}
