//! Watching what was applied until it is healthy, has failed, or the time is up.
//!
//! One list and one watch for all objects of a kind in a namespace; pods, replica sets and refused pods of a namespace are
//! followed only once something in it is unfinished. What the objects report decides when they are done ([`status`]).
//! Their pods only tell sooner that they never will be ([`pods`]), and why ([`evidence`]).

mod error;
mod evidence;
mod feed;
mod groups;
mod health;
mod logs;
mod pods;
mod revision;
mod state;
mod status;
mod text;
mod unblock;
mod verdict;
mod watching;

#[cfg(test)]
pub(super) mod tests;

use std::{fmt, time::Duration};

use kube::core::ApiResource;

use super::options::ReadyWhen;

pub use error::{Failure, RolloutError};
pub(crate) use health::health;
pub(super) use logs::{Log, tail};
pub(super) use text::with_causes;
pub(crate) use unblock::unblock;
pub(crate) use watching::watch;

/// An object that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Its kind, as the cluster serves it.
    pub(crate) kind: ApiResource,
    /// Its namespace; none for objects of the whole cluster.
    pub(crate) namespace: Option<String>,
    /// Its name.
    pub(crate) name: String,
    /// The generation that applying it was answered with. A status of an older one counts for nothing.
    pub(crate) generation: Option<i64>,
}

/// As people write it: `deployment/web`, and its namespace.
impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.kind.to_lowercase(), self.name)?;
        match &self.namespace {
            Some(namespace) => write!(f, " in {namespace}"),
            None => Ok(()),
        }
    }
}

/// How long to wait, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RolloutOptions {
    /// How long everything together may take.
    pub(crate) timeout: Duration,
    /// Conditions that custom resources have to report.
    pub(crate) ready_when: Vec<ReadyWhen>,
}
