//! The connection to one registry, and what all requests over it share.

use std::{future::Future, sync::Arc};

use rustls::pki_types::CertificateDer;
use tokio::{sync::OnceCell, time::timeout};

use crate::{
    address::{self, Protocol},
    authentication::{Access, Scopes},
    credentials::Sources,
    error::RegistryError,
    options::RegistryOptions,
    session::Session,
    traffic::Traffic,
};

/// What is asked of a token server, for messages.
pub(crate) const TOKEN: &str = "a token";
/// What the first request is about, for messages.
pub(crate) const GREETING: &str = "a first request";

/// One registry.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) registry: String,
    pub(crate) options: RegistryOptions,
    pub(crate) protocol: Protocol,
    /// Where its credentials are found.
    pub(crate) sources: Sources,
    pub(crate) authorities: Arc<[CertificateDer<'static>]>,
    pub(crate) traffic: Traffic,
    session: OnceCell<Session>,
}

/// What a request is about.
pub(crate) struct Ask<'a> {
    /// What it needs permission for.
    pub(crate) scopes: Scopes,
    /// What it asks for, for messages.
    pub(crate) what: &'a str,
}

impl Connection {
    pub(crate) fn new(
        registry: &str,
        authorities: Arc<[CertificateDer<'static>]>,
        options: RegistryOptions,
    ) -> Self {
        Self {
            registry: registry.to_owned(),
            protocol: address::protocol(registry, &options.plain_http),
            sources: Sources::new(registry, &options),
            authorities,
            traffic: Traffic::new(options.transfers),
            session: OnceCell::new(),
            options,
        }
    }

    /// What is known of the registry, found out on first use.
    pub(crate) async fn session(&self) -> Result<&Session, RegistryError> {
        self.session.get_or_try_init(|| self.retrying(|| self.open())).await
    }

    /// What is known of showing the registry who asks.
    pub(crate) fn known_access(&self) -> Option<&Access> {
        self.session.get().map(|session| &session.access)
    }

    /// Waits for something that must not take longer than nothing may happen on a connection.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, RegistryError> {
        timeout(self.options.idle_timeout, work).await.map_err(|_| self.stalled())
    }
}
