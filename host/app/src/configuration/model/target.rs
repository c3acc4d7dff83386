//! How environments are deployed to.

use std::{path::PathBuf, time::Duration};

// What a target takes is what the configuration says.
pub use plimsoll_deploy::{
    ClusterAccess, GitOpsWait, GitOpsWrite, ImagePath, Impersonation, ManifestSource, OnFailure, ReadyWhen,
};

/// How an environment is deployed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Rendered manifests in a folder.
    Directory {
        /// The folder that is written.
        path: PathBuf,
        /// The manifests that are rendered.
        manifests: PathBuf,
    },
    /// A Kubernetes cluster.
    Kubernetes(Box<KubernetesTarget>),
    /// A repository that a cluster follows.
    GitOps(Box<GitOpsTarget>),
}

/// A Kubernetes cluster that manifests are applied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesTarget {
    /// How the cluster is reached.
    pub access: ClusterAccess,
    /// The namespace of objects that name none; the context's when absent.
    pub namespace: Option<String>,
    /// Where the manifests come from.
    pub manifests: ManifestSource,
    /// Where custom resources name images.
    pub image_paths: Vec<ImagePath>,
    /// What tells that custom resources are healthy.
    pub ready_when: Vec<ReadyWhen>,
    /// How long a rollout may take.
    pub rollout_timeout: Duration,
    /// What happens when a rollout fails.
    pub on_failure: OnFailure,
    /// Whether objects that were applied earlier and are gone from the manifests are deleted.
    pub prune: bool,
    /// Whether fields that others own are taken.
    pub force_conflicts: bool,
}

/// A repository that a cluster follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitOpsTarget {
    /// The repository: an address as git takes it, or a path.
    pub repository: String,
    /// The branch that the cluster follows.
    pub branch: String,
    /// The place in the repository: relative, without `..`.
    pub path: PathBuf,
    /// What stands there.
    pub write: GitOpsWrite,
    /// The branch that the change is pushed to instead, [`ENVIRONMENT_PLACEHOLDER`] in it unreplaced.
    pub pull_request: Option<String>,
    /// The author of the commit: `NAME <MAIL>`.
    pub author: Option<String>,
    /// The cluster that is watched until it runs the digest.
    pub wait: Option<GitOpsWait>,
}

/// What becomes the environment's name in [`GitOpsTarget::pull_request`].
pub const ENVIRONMENT_PLACEHOLDER: &str = "{environment}";
