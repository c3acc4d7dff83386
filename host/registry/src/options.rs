//! What the caller chooses, and what it knows of the surroundings. This crate looks at no environment itself.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;

/// How registries are spoken to.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// The Docker configuration file with credentials and helpers, usually `~/.docker/config.json`; a missing file means
    /// no credentials.
    pub docker_config: Option<PathBuf>,
    /// Podman's file of the same form, usually `$XDG_RUNTIME_DIR/containers/auth.json`; looked into after Docker's.
    pub podman_config: Option<PathBuf>,
    /// The token of the GitHub workflow that this process runs in, for GitHub's registry alone.
    pub workflow_token: Option<WorkflowToken>,
    /// The identity that this process has towards Azure.
    pub azure: AzureWorkload,
    /// PEM files with certificate authorities to trust beside those of the system.
    pub certificate_authorities: Vec<PathBuf>,
    /// Folders in which Docker keeps certificates, usually `/etc/docker/certs.d`: in each a folder `host` or `host:port`.
    pub certificate_folders: Vec<PathBuf>,
    /// Registries that are spoken to without TLS: `host` for all its ports, or `host:port`. Loopback needs no mention.
    pub plain_http: Vec<String>,
    /// What single registries need, by host and port.
    pub hosts: BTreeMap<String, RegistryHost>,
    /// Which proxies are gone through.
    pub proxies: Proxies,
    /// How often a request is tried in all while its failures are passing ones.
    pub tries: usize,
    /// The pause before the second try; it doubles with each further one.
    pub first_pause: Duration,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long nothing at all may happen on a connection.
    pub idle_timeout: Duration,
    /// How long a credential helper may take.
    pub helper_timeout: Duration,
    /// How long a registry that says when to come back is waited for with one request, in all.
    pub busy_timeout: Duration,
    /// Blobs on their way to and from one registry at the same time; at least one.
    pub transfers: usize,
    /// A blob that is larger is sent in pieces of this size, bytes. A registry may want larger ones.
    pub upload_piece: u64,
}

/// What one registry needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryHost {
    /// PEM files with further certificate authorities, trusted for this registry alone.
    pub certificate_authorities: Vec<PathBuf>,
    /// What is shown to the registry in TLS.
    pub client_certificate: Option<ClientCertificate>,
    /// It is one of Azure's, whatever it is called, and takes the workflow's identity.
    pub azure: Option<AzureClient>,
}

/// A certificate that says who we are, and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// A PEM file with the certificate, and what stands between it and its authority.
    pub certificate: PathBuf,
    /// A PEM file with the key, not encrypted.
    pub key: PathBuf,
}

/// The application that a workflow acts as. What is absent comes from the surroundings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AzureClient {
    /// Its client ID.
    pub client: Option<String>,
    /// The tenant that it is in: its ID, or a domain.
    pub tenant: Option<String>,
}

/// What the surroundings say of the identity towards Azure.
#[derive(Debug, Clone, Default)]
pub struct AzureWorkload {
    /// Who vouches for it; absent outside workflows.
    pub assertion: Option<AzureAssertion>,
    /// The application's client ID.
    pub client: Option<String>,
    /// The tenant that it is in.
    pub tenant: Option<String>,
    /// Where Microsoft Entra ID is found, an address; that of Azure's public cloud when absent.
    pub authority: Option<String>,
}

/// Where the proof comes from that a workflow is what it says.
#[derive(Debug, Clone)]
pub enum AzureAssertion {
    /// GitHub, on request.
    GitHub {
        /// Where to ask.
        url: String,
        /// What to show there.
        token: SecretString,
    },
    /// A file, which Kubernetes keeps fresh.
    File(PathBuf),
}

/// The token that GitHub gives a workflow.
#[derive(Debug, Clone)]
pub struct WorkflowToken {
    /// Who set the workflow off.
    pub actor: String,
    /// The token.
    pub token: SecretString,
}

/// Which proxies are gone through. Loopback is always reached without one.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// The address of the proxy for plain HTTP, with name and password where it wants them.
    pub http: Option<SecretString>,
    /// The address of the proxy for HTTPS; it is asked for a tunnel.
    pub https: Option<SecretString>,
    /// What is reached without a proxy, as in `NO_PROXY`: hosts, domains with all below them, addresses and ranges, commas between;
    /// `*` for everything.
    pub except: Option<String>,
}

impl RegistryOptions {
    /// What a registry needs that others do not.
    #[must_use]
    pub fn host(&self, registry: &str) -> Option<&RegistryHost> {
        self.hosts.iter().find(|(host, _)| host.eq_ignore_ascii_case(registry)).map(|(_, options)| options)
    }

    /// The files with credentials, in the order in which they are looked into.
    pub(crate) fn credential_files(&self) -> impl Iterator<Item = &Path> {
        self.docker_config.iter().chain(&self.podman_config).map(PathBuf::as_path)
    }
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            docker_config: None,
            podman_config: None,
            workflow_token: None,
            azure: AzureWorkload::default(),
            certificate_authorities: Vec::new(),
            certificate_folders: Vec::new(),
            plain_http: Vec::new(),
            hosts: BTreeMap::new(),
            proxies: Proxies::default(),
            tries: 4,
            first_pause: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            helper_timeout: Duration::from_secs(30),
            busy_timeout: Duration::from_secs(600),
            transfers: 4,
            upload_piece: 64 << 20,
        }
    }
}
