//! What a GitOps target is told.

use std::{path::PathBuf, time::Duration};

use plimsoll_core::names::EnvironmentName;

use crate::kubernetes::ClusterAccess;

/// Where a GitOps target writes digests to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitOpsOptions {
    /// The environment that it is the target of; commits name it.
    pub environment: EnvironmentName,
    /// The repository: a URL that git reads, or an absolute path.
    pub repository: String,
    /// The branch that Argo CD or Flux follows.
    pub branch: String,
    /// A file or folder in the repository, relative to its root.
    pub path: PathBuf,
    /// What is at the path.
    pub write: GitOpsWrite,
    /// The branch that is pushed to instead, for a pull request. `{environment}`, `{release}` and `{version}` stand for
    /// what they say.
    pub pull_request: Option<String>,
    /// Who commits, in the form `Name <address>`; without it, `Plimsoll <plimsoll@localhost>`.
    pub author: Option<String>,
    /// A folder for the host's own clone, which is kept between deployments; made when missing.
    pub checkout: PathBuf,
    /// The cluster to wait for; without it, what is on the branch counts as deployed.
    pub wait: Option<GitOpsWait>,
}

/// What a GitOps target writes the digest into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitOpsWrite {
    /// Kubernetes manifests: the images of containers.
    Manifests,
    /// The `images` of a kustomization.
    Kustomization,
    /// A file of values, as of a Helm chart.
    Values {
        /// The way to the value: keys joined by dots, numbers for elements of lists, `\.` for a dot in a key.
        path: String,
    },
}

/// Which cluster has to report the digest, and for how long it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitOpsWait {
    /// How the cluster is reached.
    pub access: ClusterAccess,
    /// The namespace of the workloads; without it, that of the context.
    pub namespace: Option<String>,
    /// How long it may take from the push on.
    pub timeout: Duration,
}
