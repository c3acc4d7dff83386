//! Targets: how an environment is deployed to.
//!
//! [`DirectoryTarget`] renders Kubernetes manifests into a folder, for `kubectl apply` or a GitOps agent to take from there.
//! [`GitOpsTarget`] writes digests into a Git repository that Argo CD or Flux follows.

mod diff;
mod directory;
mod error;
mod files;
mod gitops;
mod kubernetes;
mod output;
mod render;
mod workloads;
mod yaml;

pub use directory::{DirectoryOptions, DirectoryTarget};
pub use error::DeployError;
pub use gitops::{GitOpsError, GitOpsOptions, GitOpsTarget, GitOpsWait, GitOpsWrite};
pub use kubernetes::{ClusterAccess, Impersonation};
