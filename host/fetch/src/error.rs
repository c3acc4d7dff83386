//! Why something could not be fetched.

use std::{io, time::Duration};

use plimsoll_core::ports::{FailureClass, PortFailure};

use crate::web::shown;

/// Why nothing came. Addresses are shown without names, passwords and queries.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection can be prepared.
    #[error("no connection for downloads can be prepared")]
    Client(#[source] reqwest::Error),
    /// The address is none.
    #[error("`{0}` is no address of a file on the web")]
    InvalidAddress(String),
    /// The server cannot be reached, or the connection broke.
    #[error("could not fetch {url}")]
    Transport {
        /// What was fetched.
        url: String,
        /// Why not.
        source: reqwest::Error,
    },
    /// The server does not give it.
    #[error("{url} answers {status}")]
    Status {
        /// What was fetched.
        url: String,
        /// The status.
        status: u16,
    },
    /// It is larger than anything that is fetched.
    #[error("{url} is larger than {limit} bytes, the most that ADD fetches")]
    TooLarge {
        /// What was fetched.
        url: String,
        /// The most, bytes.
        limit: u64,
    },
    /// It came too slowly.
    #[error("{what} took longer than {} s", patience.as_secs())]
    TimedOut {
        /// What took so long.
        what: String,
        /// How long it may take.
        patience: Duration,
    },
    /// What came could not be written.
    #[error("could not write what came from {url}")]
    Write {
        /// What was fetched.
        url: String,
        /// The system's reason.
        source: io::Error,
    },
    /// There is no git.
    #[error("the program `git` cannot be run")]
    NoGit(#[source] io::Error),
    /// git failed.
    #[error("git could not {action} {url}: {message}")]
    Git {
        /// What it was to do, a verb.
        action: &'static str,
        /// The repository.
        url: String,
        /// What it says.
        message: String,
    },
    /// The checkout could not be put in order.
    #[error("could not read the checkout of {url}")]
    Checkout {
        /// The repository.
        url: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// For `map_err`: a checkout could not be put in order.
pub(crate) fn unreadable(url: &str) -> impl FnOnce(io::Error) -> FetchError {
    move |source| FetchError::Checkout { url: shown(url), source }
}

impl From<FetchError> for PortFailure {
    fn from(error: FetchError) -> Self {
        use FailureClass::{Outside, User};
        let (class, hint) = match &error {
            FetchError::InvalidAddress(_) => (User, "Correct the address in the Dockerfile."),
            FetchError::Status { status: 400..=499, .. } => {
                (User, "Check the address, and whether it may be read without signing in.")
            }
            FetchError::TooLarge { .. } => (User, "Fetch it before the build and ADD it from the context."),
            FetchError::NoGit(_) => (
                Outside,
                "Install git, or fetch the repository before the build and COPY it from the context.",
            ),
            FetchError::Git { .. } => {
                (Outside, "Check the address and its `#branch`, and that git can read it without asking.")
            }
            FetchError::Write { .. } | FetchError::Checkout { .. } => {
                (Outside, "Check that the disk has space left, then run it again.")
            }
            FetchError::Client(_)
            | FetchError::Transport { .. }
            | FetchError::Status { .. }
            | FetchError::TimedOut { .. } => {
                (Outside, "Check the network and the server, then run it again.")
            }
        };
        Self::new(class, error).hint(hint)
    }
}
