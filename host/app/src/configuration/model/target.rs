//! How environments are deployed to.

use std::{path::PathBuf, time::Duration};

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

/// How a cluster is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterAccess {
    /// The kubeconfig file; the usual places when absent.
    pub kubeconfig: Option<PathBuf>,
    /// The context; the current one when absent.
    pub context: Option<String>,
    /// Whether it is the cluster that Plimsoll runs in. Then the two above are absent.
    pub in_cluster: bool,
    /// Whom to act as.
    pub impersonate: Option<Impersonation>,
}

/// Somebody to act as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impersonation {
    /// The user.
    pub user: String,
    /// The user's groups.
    pub groups: Vec<String>,
}

/// Where manifests come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestSource {
    /// A folder of them.
    Folder(PathBuf),
    /// The folder of a kustomization.
    Kustomization(PathBuf),
    /// A Helm chart.
    Chart {
        /// Its folder.
        path: PathBuf,
        /// The name of the release; the environment's when absent.
        release: Option<String>,
        /// Files with values, later ones over earlier ones.
        values: Vec<PathBuf>,
    },
    /// A command that prints them.
    Command {
        /// The command, word by word; at least one.
        words: Vec<String>,
        /// The folder that it runs in.
        folder: PathBuf,
    },
}

/// Where a kind of custom resource names images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePath {
    /// The kind of object.
    pub kind: String,
    /// Names with dots between, `[*]` behind one for each item of a list.
    pub path: String,
}

/// What tells that a kind of custom resource is healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyWhen {
    /// The kind of object.
    pub kind: String,
    /// The type of the condition.
    pub condition: String,
    /// The status that it must have.
    pub status: String,
}

/// What happens when a rollout fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// What ran before is brought back.
    RollBack,
    /// Everything stays as it is.
    Keep,
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

/// What stands at the place in the repository and gets the digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitOpsWrite {
    /// A folder of manifests.
    Manifests,
    /// The folder of a kustomization.
    Kustomization,
    /// A file with values.
    Values {
        /// The way to the image: names with dots between.
        path: String,
    },
}

/// A cluster that is watched until it runs the digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitOpsWait {
    /// How the cluster is reached.
    pub access: ClusterAccess,
    /// The namespace; the context's when absent.
    pub namespace: Option<String>,
    /// How long that may take.
    pub timeout: Duration,
}
