//! Targets: how an environment is deployed to.
//!
//! [`DirectoryTarget`] renders Kubernetes manifests into a folder, for `kubectl apply` or a GitOps agent to take from there.
//! [`GitOpsTarget`] writes digests into a Git repository that Argo CD or Flux follows.
//! [`KubernetesTarget`] applies them to a cluster and waits until it is healthy.

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
mod yaml_text;
mod yaml_value;

pub use directory::{DirectoryOptions, DirectoryTarget};
pub use error::DeployError;
pub use gitops::{GitOpsError, GitOpsOptions, GitOpsTarget, GitOpsWait, GitOpsWrite};
pub use kubernetes::{
    ClusterAccess, Failure, ImagePath, Impersonation, JobCheck, JobCheckOptions, KubernetesError,
    KubernetesOptions, KubernetesTarget, ManifestSource, OnFailure, ReadyWhen, Refusal, RolloutError,
};
