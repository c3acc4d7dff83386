//! What can go wrong with a deployment through git.

use std::{io, path::PathBuf, time::Duration};

use plimsoll_core::{
    ports::{FailureClass, PortFailure},
    reference::RepositoryName,
};

use crate::error::DeployError;

/// A deployment through git that was not made. No text in it holds a secret of a URL.
#[derive(Debug, thiserror::Error)]
pub enum GitOpsError {
    /// A file in the repository cannot be edited.
    #[error(transparent)]
    Edit(#[from] DeployError),
    /// The program `git` cannot be run.
    #[error("the program `git` cannot be run")]
    NoGit(#[source] io::Error),
    /// git did not end in time.
    #[error("git did not end within {} seconds when it was to {action}", patience.as_secs())]
    TimedOut {
        /// What it was to do.
        action: &'static str,
        /// How long it had.
        patience: Duration,
    },
    /// git failed, and it is not known why.
    #[error("git could not {action}: {message}")]
    Git {
        /// What it was to do.
        action: &'static str,
        /// What it said.
        message: String,
    },
    /// The server did not let the host in.
    #[error("{repository} does not let Plimsoll in: {message}")]
    Authentication {
        /// The repository, without secrets.
        repository: String,
        /// What git said.
        message: String,
    },
    /// The server cannot be reached.
    #[error("{repository} cannot be reached: {message}")]
    Unreachable {
        /// The repository, without secrets.
        repository: String,
        /// What git said.
        message: String,
    },
    /// There is no such repository.
    #[error("there is no repository {repository}: {message}")]
    NoRepository {
        /// The repository, without secrets.
        repository: String,
        /// What git said.
        message: String,
    },
    /// There is no such branch.
    #[error("{repository} has no branch `{branch}`")]
    UnknownBranch {
        /// The repository, without secrets.
        repository: String,
        /// The branch.
        branch: String,
    },
    /// There is nothing to write into.
    #[error("the branch `{branch}` has no {what} at `{}`", path.display())]
    PathMissing {
        /// The branch.
        branch: String,
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// The value to write is not there, or is nothing that a digest can be written into.
    #[error("{}: the value `{value}` cannot be written: {problem}", file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// The dotted path.
        value: String,
        /// Why not.
        problem: &'static str,
    },
    /// The place to write into is of another repository.
    #[error("{}: `{found}` stands there, which is no image of {expected}", file.display())]
    OtherRepository {
        /// The file.
        file: PathBuf,
        /// What stands there.
        found: String,
        /// The repository that is released.
        expected: RepositoryName,
    },
    /// The branch is protected.
    #[error("the branch `{branch}` is protected: {message}")]
    Protected {
        /// The branch.
        branch: String,
        /// What the server said.
        message: String,
    },
    /// The server refused the push.
    #[error("the server refused the push to `{branch}`: {message}")]
    Refused {
        /// The branch.
        branch: String,
        /// What the server said.
        message: String,
    },
    /// Somebody else was faster each time.
    #[error("somebody else pushed to `{branch}` first, {tries} times")]
    Raced {
        /// The branch.
        branch: String,
        /// How often it was tried.
        tries: u32,
    },
    /// Somebody else went on from what was to be taken back.
    #[error("the branch `{branch}` holds another image by now")]
    MovedOn {
        /// The branch.
        branch: String,
    },
    /// Somebody else's work is on the branch of the pull request.
    #[error("the branch `{branch}` of the pull request holds a commit that Plimsoll did not make")]
    ForeignBranch {
        /// The branch.
        branch: String,
    },
    /// Another process uses the clone.
    #[error("another process has been using {} for {} seconds", checkout.display(), patience.as_secs())]
    Busy {
        /// The folder of the clone.
        checkout: PathBuf,
        /// How long it was waited for.
        patience: Duration,
    },
    /// A setting of the target is wrong.
    #[error("`{key}` of the target cannot be `{value}`: {problem}")]
    Setting {
        /// The key in the configuration.
        key: &'static str,
        /// What it says.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A file of the clone cannot be used.
    #[error("{} cannot be {verb}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was to be done.
        verb: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The cluster cannot be asked.
    #[error("the cluster cannot be asked")]
    Cluster(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The cluster does not report the image healthy.
    #[error("the cluster does not report the image healthy: {}", reasons.join("; "))]
    NotHealthy {
        /// Why not, a sentence each.
        reasons: Vec<String>,
    },
}

impl GitOpsError {
    /// Whether a fresh clone may help: git failed for a reason that has nothing to do with the server or the settings.
    pub(super) fn may_be_damage(&self) -> bool {
        matches!(self, Self::Git { .. } | Self::Io { .. })
    }

    /// What to do next.
    fn hint(&self) -> &'static str {
        match self {
            Self::Edit(_) => "correct the file in the repository, then resume the release",
            Self::NoGit(_) => "install git 2.30 or newer where Plimsoll runs",
            Self::TimedOut { .. } | Self::Unreachable { .. } => {
                "see that the server can be reached from here, then resume the release"
            }
            Self::Git { .. } | Self::Io { .. } => {
                "see what git says; the folder of the clone may be removed at any time, it is made anew"
            }
            Self::Authentication { .. } => {
                "give git credentials for it: a credential helper, or a key in the agent of ssh"
            }
            Self::NoRepository { .. } => {
                "correct `repository` in the target, or let Plimsoll's credentials read it"
            }
            Self::UnknownBranch { .. } => "correct `branch` in the target, or push the branch first",
            Self::PathMissing { .. } => {
                "correct `path` and `write` in the target, or push what belongs there"
            }
            Self::Value { .. } => {
                "let `value` lead to a text such as `repository@digest` or to a map with the keys `repository` and `digest`"
            }
            Self::OtherRepository { .. } => {
                "correct the repository there, or `repository` in the configuration, so that both name the same"
            }
            Self::Protected { .. } => {
                "let Plimsoll's user push to the branch, or set `pull-request` in the target"
            }
            Self::Refused { .. } => "do what the server's message asks for, then resume the release",
            Self::Raced { .. } => "resume the release once fewer others push to the branch",
            Self::MovedOn { .. } => "see who changed it",
            Self::ForeignBranch { .. } => {
                "merge or delete that branch, or name another one in `pull-request`, then resume the release"
            }
            Self::Busy { .. } => "wait until the other deployment is done, then resume the release",
            Self::Setting { .. } => "correct it in the configuration",
            Self::Cluster(_) => {
                "see that `wait` names a cluster and a namespace that Plimsoll may list workloads of"
            }
            Self::NotHealthy { .. } => "see what the workloads and their agent report in the cluster",
        }
    }

    fn class(&self) -> FailureClass {
        match self {
            Self::Edit(_) | Self::PathMissing { .. } | Self::Value { .. } | Self::OtherRepository { .. } => {
                FailureClass::User
            }
            Self::Setting { .. } | Self::UnknownBranch { .. } => FailureClass::Configuration,
            _ => FailureClass::Outside,
        }
    }
}

impl From<GitOpsError> for PortFailure {
    fn from(error: GitOpsError) -> Self {
        if let GitOpsError::Edit(error) = error {
            return error.into();
        }
        let (class, hint) = (error.class(), error.hint());
        Self::new(class, error).hint(hint)
    }
}
