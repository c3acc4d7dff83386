//! Targets: how an environment is deployed to.
//!
//! [`DirectoryTarget`] renders Kubernetes manifests into a folder, for `kubectl apply` or a GitOps agent to take from there.

mod diff;
mod directory;
mod error;
mod files;
mod kubernetes;
mod output;
mod render;
mod workloads;
mod yaml;

pub use directory::{DirectoryOptions, DirectoryTarget};
pub use error::DeployError;
pub use kubernetes::{
    ClusterAccess, Failure, Impersonation, JobCheck, JobCheckOptions, ReadyWhen, RolloutError,
};
