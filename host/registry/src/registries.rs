//! All registries, and base images from them.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    ports::{BaseImages, Platform, PortFailure, Progress},
    reference::{ImageReference, RepositoryName},
};
use plimsoll_layout::Layout;
use rustls::pki_types::CertificateDer;

use crate::{
    certificates::{authorities, trust},
    connection::Connection,
    error::RegistryError,
    options::RegistryOptions,
    proxies::proxies,
    repository::RegistryRepository,
};

/// The way to all registries. Cheap to clone; connections, credentials and tokens are shared.
#[derive(Debug, Clone)]
pub struct Registries {
    authorities: Arc<[CertificateDer<'static>]>,
    options: RegistryOptions,
    connections: Arc<Mutex<HashMap<String, Arc<Connection>>>>,
}

impl Registries {
    /// Prepares the way; nothing is sent yet.
    ///
    /// # Errors
    /// A file with certificates or a key cannot be used, or a proxy has no address.
    pub fn new(options: RegistryOptions) -> Result<Self, RegistryError> {
        let authorities = authorities(&options.certificate_authorities)?;
        for host in options.hosts.keys() {
            trust(host, &[], &options)?;
        }
        proxies(&options.proxies)?;
        Ok(Self { authorities: authorities.into(), options, connections: Arc::default() })
    }

    /// A repository in its registry.
    #[must_use]
    pub fn repository(&self, name: RepositoryName) -> RegistryRepository {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = connections.entry(name.registry().to_owned()).or_insert_with(|| {
            let authorities = Arc::clone(&self.authorities);
            Arc::new(Connection::new(name.registry(), authorities, self.options.clone()))
        });
        RegistryRepository { connection: Arc::clone(connection), name }
    }
}

#[async_trait]
impl BaseImages for Registries {
    async fn fetch(
        &self,
        reference: &ImageReference,
        platforms: &[Platform],
        layout: &Path,
        progress: &dyn Progress,
    ) -> Result<Vec<Digest>, PortFailure> {
        let layout = Layout::open_or_create(layout)?;
        let repository = self.repository(reference.repository.clone());
        Ok(repository.pull(reference, platforms, &layout, progress).await?)
    }
}
