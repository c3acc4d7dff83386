//! What a Kubernetes target is told.

use std::path::PathBuf;

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
