//! What the caller chooses.

use std::{path::PathBuf, time::Duration};

/// How registries are spoken to.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// The Docker configuration file with credentials and helpers, usually `~/.docker/config.json`; a missing file means
    /// no credentials.
    pub docker_config: Option<PathBuf>,
    /// PEM files with certificate authorities to trust beside those of the system.
    pub certificate_authorities: Vec<PathBuf>,
    /// Registries that are spoken to without TLS: `host` for all its ports, or `host:port`. Loopback needs no mention.
    pub plain_http: Vec<String>,
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

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            docker_config: None,
            certificate_authorities: Vec::new(),
            plain_http: Vec::new(),
            tries: 4,
            first_pause: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            helper_timeout: Duration::from_secs(30),
            busy_timeout: Duration::from_secs(600),
            transfers: 4,
            upload_piece: 32 << 20,
        }
    }
}
