//! What can go wrong with a source.

use std::{io, path::PathBuf};

use plimsoll_core::ports::{FailureClass, PortFailure};

use crate::event::listed;

/// An event that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no git repository.
    #[error("{} is in no git repository", directory.display())]
    NoRepository {
        /// Where it was looked for, upwards.
        directory: PathBuf,
        /// What was found instead.
        source: Box<gix::Error>,
    },
    /// There is a git repository, but it cannot be opened.
    #[error("the git repository that {} is in cannot be opened", directory.display())]
    NotOpened {
        /// Where it was looked for, upwards.
        directory: PathBuf,
        /// Why not.
        source: Box<gix::Error>,
    },
    /// The repository has no commit yet.
    #[error("the git repository {} has no commit yet", repository.display())]
    NoCommit {
        /// The repository.
        repository: PathBuf,
    },
    /// A commit is not in the repository.
    #[error("the commit {commit} is not in the git repository {}", repository.display())]
    UnknownCommit {
        /// The commit.
        commit: String,
        /// The repository.
        repository: PathBuf,
        /// What git's object store says.
        source: Box<gix::Error>,
    },
    /// A tree of the repository holds a name that no file can have.
    #[error("the git repository {} holds a file that is called `{name}`", repository.display())]
    UnusableName {
        /// The name.
        name: String,
        /// The repository.
        repository: PathBuf,
    },
    /// A file of a commit cannot be written.
    #[error("the file {} cannot be written", file.display())]
    NotWritten {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The repository cannot be read.
    #[error("{what} of the git repository {} cannot be read", repository.display())]
    Unreadable {
        /// What was to be read.
        what: &'static str,
        /// The repository.
        repository: PathBuf,
        /// Why not.
        source: Box<gix::Error>,
    },
    /// Variables that CI sets are not there.
    #[error("{} not set", listed(variables))]
    MissingVariables {
        /// Their names.
        variables: Vec<String>,
    },
    /// Flags without which there is no event.
    #[error("an event that comes from flags also needs {}", listed(facts))]
    MissingFlags {
        /// What is missing.
        facts: Vec<&'static str>,
    },
    /// A file of the event cannot be read.
    #[error("the file {} cannot be read", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of the event holds no JSON object.
    #[error("the file {} holds no JSON object", file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// Where it is wrong, unless it is JSON but no object.
        source: Option<serde_json::Error>,
    },
    /// An event or a file lacks something that all of its kind have.
    #[error("{place} has no `{field}`")]
    MissingField {
        /// The event or file.
        place: String,
        /// Path of the field.
        field: &'static str,
    },
    /// The event removed what it is about.
    #[error("the event removed {reference}: there is nothing to release")]
    Removed {
        /// The branch or tag.
        reference: String,
    },
    /// A text that is no reference.
    #[error(
        "`{text}` is not a git reference: expected `refs/heads/NAME`, `refs/tags/NAME` or `refs/pull/NUMBER/merge`"
    )]
    InvalidRef {
        /// The text.
        text: String,
    },
    /// A text that is no commit id.
    #[error("`{text}` is not a commit id: expected 40 or 64 hexadecimal digits")]
    InvalidCommit {
        /// The text.
        text: String,
    },
    /// A text that is no point in time.
    #[error("`{text}` in `{field}` is not a time as in RFC 3339, such as 2026-01-31T12:00:00Z")]
    InvalidTime {
        /// The field of the event.
        field: &'static str,
        /// The text.
        text: String,
        /// What is wrong with it.
        source: jiff::Error,
    },
    /// The event does not say when its commit was made.
    #[error("the event does not say when the commit {commit} was made")]
    UnknownCommitTime {
        /// The commit.
        commit: String,
    },
}

impl SourceError {
    /// What to do next.
    fn hint(&self) -> &'static str {
        match self {
            Self::NoRepository { .. } => {
                "run this inside a git repository, make one with `git init`, or give the event with `--event github` or by flags"
            }
            Self::NoCommit { .. } => "make a first commit: `git add` the files and `git commit`",
            Self::UnknownCommit { .. } => {
                "fetch it; in a shallow clone `git fetch --unshallow` brings the whole history"
            }
            Self::UnusableName { .. } => "do not trust this repository: git itself makes no such name",
            Self::NotWritten { .. } => "see that this user may write there, and that the disk is not full",
            Self::NotOpened { .. } | Self::Unreadable { .. } => {
                "see what `git fsck` says, and whether this user may read the repository"
            }
            Self::MissingVariables { .. } => {
                "run this in a GitHub Actions workflow, or set the variables as it does"
            }
            Self::MissingFlags { .. } => "give them too, or take the event from git with `--event git`",
            Self::File { .. } | Self::Json { .. } => {
                "see that the file is the one that GitHub wrote, whole and readable"
            }
            Self::MissingField { .. } => {
                "see that the file is the one that GitHub wrote for the event that GITHUB_EVENT_NAME names"
            }
            Self::Removed { .. } => "leave such events out of the workflow's triggers",
            Self::InvalidRef { .. } | Self::InvalidCommit { .. } | Self::InvalidTime { .. } => {
                "correct it where it comes from: a flag, a GITHUB_* variable or the event file"
            }
            Self::UnknownCommitTime { .. } => {
                "give the time with `--commit-date`, or run this where the repository is checked out"
            }
        }
    }
}

impl From<SourceError> for PortFailure {
    fn from(error: SourceError) -> Self {
        let class = match &error {
            SourceError::NotOpened { .. }
            | SourceError::Unreadable { .. }
            | SourceError::NotWritten { .. } => FailureClass::Outside,
            _ => FailureClass::User,
        };
        let hint = error.hint();
        Self::new(class, error).hint(hint)
    }
}
