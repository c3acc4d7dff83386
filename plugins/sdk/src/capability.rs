//! What a policy may ask beyond its request.
//!
//! Each capability is a permission that the binding in `plimsoll.toml` must grant (`grants = ["history"]`). A policy
//! imports only what it calls: one that calls none of these functions needs no grant. Every call is recorded with the
//! decision, so that it can be replayed. In native tests a stand-in answers, see
//! `testing::with`.

pub use crate::types::{Deployment, Label, Level, LookupFailure, PastRelease};

/// Lines for whoever operates the host. They are recorded with the decision and decide nothing.
pub mod log {
    use super::{Level, host};

    /// Writes one line.
    ///
    /// ```
    /// use plimsoll_sdk::capability::{Level, log};
    /// log::write(Level::Info, "asked for the third time today");
    /// ```
    pub fn write(level: Level, message: &str) {
        host::log(level, message);
    }
}

/// Looks into the image repositories of the request, and no others.
pub mod registry {
    use super::{Label, LookupFailure, host};

    /// All tags of a repository, in the registry's order.
    ///
    /// ```
    /// use plimsoll_sdk::{Failure, capability::registry};
    ///
    /// fn has_tag(repository: &str, tag: &str) -> Result<bool, Failure> {
    ///     Ok(registry::tags(repository)?.iter().any(|found| found == tag))
    /// }
    /// ```
    ///
    /// # Errors
    /// The repository is not one of the request's, or the registry could not be asked.
    pub fn tags(repository: &str) -> Result<Vec<String>, LookupFailure> {
        host::tags(repository)
    }

    /// The digest that a tag points to; `None` when there is no such tag.
    ///
    /// ```
    /// use plimsoll_sdk::{Failure, capability::registry};
    ///
    /// fn is_latest(repository: &str, digest: &str) -> Result<bool, Failure> {
    ///     Ok(registry::digest(repository, "latest")?.is_some_and(|latest| latest == digest))
    /// }
    /// ```
    ///
    /// # Errors
    /// The repository is not one of the request's, or the registry could not be asked.
    pub fn digest(repository: &str, tag: &str) -> Result<Option<String>, LookupFailure> {
        host::digest(repository, tag)
    }

    /// The labels of the image with this digest; `None` when there is no such image.
    ///
    /// ```
    /// use plimsoll_sdk::{Failure, capability::registry};
    ///
    /// fn count_labels(repository: &str, digest: &str) -> Result<usize, Failure> {
    ///     Ok(registry::labels(repository, digest)?.map_or(0, |labels| labels.len()))
    /// }
    /// ```
    ///
    /// # Errors
    /// The repository is not one of the request's, or the registry could not be asked.
    pub fn labels(repository: &str, digest: &str) -> Result<Option<Vec<Label>>, LookupFailure> {
        host::labels(repository, digest)
    }
}

/// Earlier releases and deployments of this application, newest first.
pub mod history {
    use super::{Deployment, LookupFailure, PastRelease, host};

    /// Earlier releases, newest first, at most `limit`.
    ///
    /// ```
    /// use plimsoll_sdk::{Failure, capability::history};
    ///
    /// fn last_version() -> Result<Option<String>, Failure> {
    ///     Ok(history::releases(20)?.into_iter().find_map(|release| release.version))
    /// }
    /// ```
    ///
    /// # Errors
    /// The journal could not be read.
    pub fn releases(limit: u32) -> Result<Vec<PastRelease>, LookupFailure> {
        host::releases(limit)
    }

    /// Deployments into an environment, newest first, at most `limit`.
    ///
    /// ```
    /// use plimsoll_sdk::{Failure, PassageState, capability::history};
    ///
    /// fn last_one_failed(environment: &str) -> Result<bool, Failure> {
    ///     let last = history::deployments(environment, 1)?;
    ///     Ok(last.first().is_some_and(|deployment| deployment.state == PassageState::Failed))
    /// }
    /// ```
    ///
    /// # Errors
    /// There is no such environment, or the journal could not be read.
    pub fn deployments(environment: &str, limit: u32) -> Result<Vec<Deployment>, LookupFailure> {
        host::deployments(environment, limit)
    }
}

/// In a component the host answers.
#[cfg(target_arch = "wasm32")]
mod host {
    use crate::guest::bindings::capabilities::plimsoll::policy::history;
    pub(super) use crate::guest::bindings::capabilities::plimsoll::policy::{
        log::write as log,
        registry::{digest, labels, tags},
    };

    use super::{Deployment, LookupFailure, PastRelease};

    pub(super) fn releases(limit: u32) -> Result<Vec<PastRelease>, LookupFailure> {
        history::releases(limit).map_err(same_failure)
    }

    pub(super) fn deployments(environment: &str, limit: u32) -> Result<Vec<Deployment>, LookupFailure> {
        history::deployments(environment, limit).map_err(same_failure)
    }

    /// The contract has a failure type per capability, all alike.
    fn same_failure(failure: history::LookupFailure) -> LookupFailure {
        match failure {
            history::LookupFailure::Denied(message) => LookupFailure::Denied(message),
            history::LookupFailure::Unavailable(message) => LookupFailure::Unavailable(message),
        }
    }
}

/// In a native test the test answers.
#[cfg(not(target_arch = "wasm32"))]
mod host {
    use super::{Deployment, Label, Level, LookupFailure, PastRelease};
    use crate::testing::current;

    pub(super) fn log(level: Level, message: &str) {
        current().log(level, message);
    }

    pub(super) fn tags(repository: &str) -> Result<Vec<String>, LookupFailure> {
        current().tags(repository)
    }

    pub(super) fn digest(repository: &str, tag: &str) -> Result<Option<String>, LookupFailure> {
        current().digest(repository, tag)
    }

    pub(super) fn labels(repository: &str, digest: &str) -> Result<Option<Vec<Label>>, LookupFailure> {
        current().labels(repository, digest)
    }

    pub(super) fn releases(limit: u32) -> Result<Vec<PastRelease>, LookupFailure> {
        current().releases(limit)
    }

    pub(super) fn deployments(environment: &str, limit: u32) -> Result<Vec<Deployment>, LookupFailure> {
        current().deployments(environment, limit)
    }
}
