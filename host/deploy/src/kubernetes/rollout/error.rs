//! Why a rollout is not done.

use std::{fmt, time::Duration};

/// Objects that did not become healthy.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    /// They never will, as they are.
    #[error("the rollout failed{}", listed(failures))]
    Failed {
        /// Every object that failed or is in trouble.
        failures: Vec<Failure>,
    },
    /// The time is up.
    #[error("the rollout was not done within {} seconds{}{}", limit.as_secs(), listed(failures), interrupted(interruption.as_ref()))]
    TimedOut {
        /// How long it had.
        limit: Duration,
        /// Every object that is not done.
        failures: Vec<Failure>,
        /// Why the cluster could not be watched in the end, when it could not.
        interruption: Option<String>,
    },
    /// The cluster does not let this user look.
    #[error("whether {what} became healthy cannot be watched: {said}")]
    Refused {
        /// The kind of the objects, and their namespace.
        what: String,
        /// What the cluster says.
        said: String,
    },
}

/// An object that did not become healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The object, such as `deployment/web in website`.
    pub object: String,
    /// Why, a line each.
    pub reasons: Vec<String>,
    /// What was found out about it, a line each: events, and the last lines of logs.
    pub evidence: Vec<String>,
}

impl RolloutError {
    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "correct what the object complains about, then release again",
            Self::TimedOut { interruption: Some(_), .. } => {
                "see that the API server answers, then resume the release"
            }
            Self::TimedOut { .. } => {
                "see what the objects wait for, or give them longer with `rollout-timeout`"
            }
            Self::Refused { .. } => "give the user the rights `get`, `list` and `watch` for these objects",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, reason) in self.reasons.iter().enumerate() {
            let between = if place == 0 { "" } else { "\n" };
            write!(f, "{between}{}: {reason}", self.object)?;
        }
        for line in &self.evidence {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

fn listed(failures: &[Failure]) -> String {
    failures.iter().map(|failure| format!("\n{failure}")).collect()
}

fn interrupted(why: Option<&String>) -> String {
    why.map(|why| format!("\nthe cluster could not be watched in the end: {why}")).unwrap_or_default()
}
