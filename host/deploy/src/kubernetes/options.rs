//! What a Kubernetes target is told.

use std::{path::PathBuf, time::Duration};

use plimsoll_core::names::EnvironmentName;

/// What a Kubernetes target deploys, where to, and how it goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesOptions {
    /// The environment that it is the target of; objects are labelled with it.
    pub environment: EnvironmentName,
    /// How the cluster is reached.
    pub access: ClusterAccess,
    /// Where objects without a namespace go, and where the record of the deployment is kept; without it, the
    /// namespace of the context, or of the pod.
    pub namespace: Option<String>,
    /// Where the manifests come from.
    pub manifests: ManifestSource,
    /// Where custom resources name images.
    pub image_paths: Vec<ImagePath>,
    /// Which conditions custom resources have to report before the deployment is done.
    pub ready_when: Vec<ReadyWhen>,
    /// How long the cluster may take until everything that was applied is healthy.
    pub rollout_timeout: Duration,
    /// What to do when it does not become healthy.
    pub on_failure: OnFailure,
    /// Whether objects that were deployed before and are gone from the manifests are deleted.
    pub prune: bool,
    /// Whether fields that somebody else owns are taken over instead of being reported.
    pub force_conflicts: bool,
}

/// How a cluster is reached, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterAccess {
    /// The kubeconfig; without it the usual places: `KUBECONFIG`, `~/.kube/config`, the pod's own service account.
    pub kubeconfig: Option<PathBuf>,
    /// The context in it; without it the current one.
    pub context: Option<String>,
    /// Whether to use the service account of the pod that this runs in, and nothing else.
    pub in_cluster: bool,
    /// Who to act as.
    pub impersonate: Option<Impersonation>,
}

/// Somebody to act as: see the Kubernetes documentation on user impersonation.
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
    /// A folder: every `*.yaml`, `*.yml` and `*.json` below it.
    Folder(PathBuf),
    /// A kustomization, built by `kustomize build` or `kubectl kustomize`.
    Kustomization(PathBuf),
    /// A Helm chart, rendered by `helm template`.
    Chart {
        /// The chart: a folder or a packed chart.
        path: PathBuf,
        /// The name of the Helm release; without it, the last part of the image's repository.
        release: Option<String>,
        /// Files with values, later ones over earlier ones.
        values: Vec<PathBuf>,
    },
    /// A command that prints YAML or JSON. No shell reads it.
    Command {
        /// The program and its arguments.
        words: Vec<String>,
        /// The folder that it runs in.
        folder: PathBuf,
    },
}

/// Where a kind of custom resource names an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePath {
    /// The kind, such as `Rollout`.
    pub kind: String,
    /// The way to the image: keys joined by dots, `[*]` for every element of a list, `[0]` for one:
    /// `spec.template.spec.containers[*].image`.
    pub path: String,
}

/// When a kind of custom resource is healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyWhen {
    /// The kind, such as `Certificate`.
    pub kind: String,
    /// The type of the condition in `status.conditions`, such as `Ready`.
    pub condition: String,
    /// The status that the condition has to have: `True`, `False` or `Unknown`.
    pub status: String,
}

/// What to do with a deployment that does not become healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Bring back what was healthy before.
    RollBack,
    /// Leave everything as it is, to be looked at.
    Keep,
}
