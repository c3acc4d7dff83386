//! Reaching a cluster.

use std::time::Duration;

use kube::{
    Client, Config, Error,
    client::AuthError,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use super::{error::KubernetesError, options::ClusterAccess, refusal::said};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a program that gives credentials may take. It may have to ask somebody to log in.
const CREDENTIALS: Duration = Duration::from_secs(120);

/// A cluster that can be asked.
#[derive(Clone)]
pub(crate) struct Cluster {
    /// The client.
    pub(crate) client: Client,
    /// The namespace of the context, or of the pod.
    pub(crate) namespace: String,
    /// Its address, for people.
    pub(crate) server: String,
}

/// Makes a client. Nothing is asked yet, but for credentials.
pub(crate) async fn connect(access: &ClusterAccess) -> Result<Cluster, KubernetesError> {
    let mut config = configuration(access).await?;
    config.connect_timeout = Some(CONNECT);
    // Requests are tried again in one place: see `requests`.
    config.default_retry = false;
    if let Some(impersonation) = &access.impersonate {
        config.auth_info.impersonate = Some(impersonation.user.clone());
        config.auth_info.impersonate_groups = Some(impersonation.groups.clone());
    }
    let (server, namespace) = (config.cluster_url.to_string(), config.default_namespace.clone());
    let credentials = |problem: String| KubernetesError::Credentials { server: server.clone(), problem };
    // Making the client may run a program and wait for it.
    let making = tokio::task::spawn_blocking({
        let runtime = tokio::runtime::Handle::current();
        move || {
            let _guard = runtime.enter();
            Client::try_from(config)
        }
    });
    let client = match tokio::time::timeout(CREDENTIALS, making).await {
        Err(_) => {
            return Err(credentials(format!("it did not end within {} seconds", CREDENTIALS.as_secs())));
        }
        Ok(Err(panic)) => return Err(credentials(panic.to_string())),
        Ok(Ok(Err(error))) => return Err(unusable(&server, &error)),
        Ok(Ok(Ok(client))) => client,
    };
    Ok(Cluster { client, namespace, server })
}

/// The kubeconfig that is named, else what `kubectl` would use, else the pod's own service account.
async fn configuration(access: &ClusterAccess) -> Result<Config, KubernetesError> {
    let in_cluster = || Config::incluster().map_err(|source| KubernetesError::InCluster { source });
    if access.in_cluster {
        return in_cluster();
    }
    let options = KubeConfigOptions { context: access.context.clone(), ..KubeConfigOptions::default() };
    let read = match &access.kubeconfig {
        Some(path) => match Kubeconfig::read_from(path) {
            Ok(kubeconfig) => Config::from_custom_kubeconfig(kubeconfig, &options).await,
            Err(error) => Err(error),
        },
        None => Config::from_kubeconfig(&options).await,
    };
    read.or_else(|error| {
        let may_be_a_pod = access.kubeconfig.is_none()
            && access.context.is_none()
            && matches!(error, KubeconfigError::ReadConfig(..) | KubeconfigError::FindPath);
        if may_be_a_pod && let Ok(config) = in_cluster() {
            return Ok(config);
        }
        Err(KubernetesError::Kubeconfig {
            path: access.kubeconfig.clone(),
            context: access.context.clone(),
            source: Box::new(error),
        })
    })
}

/// Says why a cluster cannot be asked at all; anything else is about one request.
pub(crate) fn unusable(server: &str, error: &Error) -> KubernetesError {
    let server = server.to_owned();
    match error {
        Error::Auth(error) => KubernetesError::Credentials { server, problem: credentials_problem(error) },
        Error::Service(cause) if cause.downcast_ref::<AuthError>().is_some() => {
            let problem = cause.downcast_ref::<AuthError>().map(credentials_problem).unwrap_or_default();
            KubernetesError::Credentials { server, problem }
        }
        Error::Api(status) if status.code == 401 => {
            KubernetesError::Unauthorized { server, problem: said(error) }
        }
        error => KubernetesError::Unreachable { server, problem: said(error) },
    }
}

/// What a program that gives credentials said. The library would print its bytes as numbers.
fn credentials_problem(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { cmd, out } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said = said.trim();
            let said = if said.is_empty() { "it said nothing" } else { said };
            format!("{cmd} ended with {}: {said}", out.status)
        }
        other => other.to_string(),
    }
}
