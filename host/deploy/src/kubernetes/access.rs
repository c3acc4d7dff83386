//! Reaching a cluster.

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use super::options::ClusterAccess;

/// A cluster that can be asked.
#[derive(Clone)]
pub(crate) struct Cluster {
    /// The client.
    pub(crate) client: Client,
    /// The namespace of the context, or of the pod.
    pub(crate) namespace: String,
}

/// A cluster that cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    /// This is no pod with a service account.
    #[error("the service account of this pod cannot be used")]
    InCluster(#[from] kube::config::InClusterError),
    /// The kubeconfig does not tell how.
    #[error("the kubeconfig cannot be used")]
    Kubeconfig(#[from] KubeconfigError),
    /// No client can be made of it.
    #[error("the cluster cannot be asked")]
    Client(#[from] kube::Error),
}

/// Makes a client.
pub(crate) async fn connect(access: &ClusterAccess) -> Result<Cluster, AccessError> {
    let options = KubeConfigOptions { context: access.context.clone(), ..KubeConfigOptions::default() };
    let mut config = match &access.kubeconfig {
        _ if access.in_cluster => Config::incluster()?,
        Some(path) => Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?,
        None => Config::from_kubeconfig(&options).await?,
    };
    if let Some(impersonation) = &access.impersonate {
        config.auth_info.impersonate = Some(impersonation.user.clone());
        config.auth_info.impersonate_groups = Some(impersonation.groups.clone());
    }
    let namespace = config.default_namespace.clone();
    Ok(Cluster { client: Client::try_from(config)?, namespace })
}
