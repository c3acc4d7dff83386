//! The programs of a control plane and its clients.

use std::path::PathBuf;

use crate::go_tools::GoTools;

/// What is built.
pub(crate) static TOOLS: GoTools = GoTools {
    name: "kubernetes",
    module: include_str!("../../../cluster/go.mod"),
    folder: "cluster",
    versions: &[
        ("kubernetes", KUBERNETES),
        ("etcd", "go.etcd.io/etcd/server/v3"),
        ("kwok", "sigs.k8s.io/kwok"),
        ("helm", "helm.sh/helm/v3"),
    ],
    programs: &[
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kwok",
        "kubectl",
        "helm",
    ],
    variables,
};

const KUBERNETES: &str = "k8s.io/kubernetes";

/// Builds the programs where they are missing, which is announced first, and answers with the folder that they are in. What
/// `go` has to say goes to standard error.
///
/// # Errors
/// They cannot be built: why.
pub fn build_cluster_tools(announce: impl FnOnce()) -> Result<PathBuf, String> {
    TOOLS.build(announce)
}

/// Clients and feature gates go by these; the published sources say v0.0.0.
fn variables(tools: &GoTools) -> Vec<(&'static str, String)> {
    let version = tools.version(KUBERNETES).unwrap_or("0.0.0");
    let mut parts = version.split('.');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    vec![
        ("k8s.io/component-base/version.gitVersion", format!("v{version}")),
        ("k8s.io/component-base/version.gitMajor", part()),
        ("k8s.io/component-base/version.gitMinor", part()),
    ]
}
