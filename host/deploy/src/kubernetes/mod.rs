//! Kubernetes clusters.

mod access;
mod job_check;
mod options;
#[cfg_attr(not(test), expect(dead_code, reason = "the target asks for health and hints"))]
mod rollout;
#[cfg(test)]
mod test_server;

pub use job_check::{JobCheck, JobCheckOptions};
pub use options::{ClusterAccess, Impersonation, ReadyWhen};
pub use rollout::{Failure, RolloutError};
