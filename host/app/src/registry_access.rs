//! How registries are reached: for images, and for policies.

use std::sync::Arc;

use plimsoll_core::ports::PortFailure;

pub use plimsoll_registry::{
    AzureAssertion, AzureWorkload, Proxies, Registries, RegistryOptions, WorkflowToken,
};

use crate::{
    configuration,
    host::{HostError, HostOptions},
    sharing::PolicySource,
};

/// A client for registries.
///
/// # Errors
/// A certificate authority cannot be read.
pub fn registries(
    options: &HostOptions,
    written: &configuration::Registries,
) -> Result<Arc<Registries>, HostError> {
    let registries = Registries::new(registry_options(options, written));
    Ok(Arc::new(registries.map_err(PortFailure::from)?))
}

/// Where policies are looked for, nothing pinned.
#[must_use]
pub fn policy_source(options: &HostOptions, written: &configuration::Registries) -> PolicySource {
    PolicySource { cache: options.cache.clone(), registries: registry_options(options, written), lock: None }
}

/// What the surroundings say, and what is written.
fn registry_options(options: &HostOptions, written: &configuration::Registries) -> RegistryOptions {
    let given = &options.registries;
    RegistryOptions {
        transfers: written.transfers.unwrap_or(given.transfers),
        upload_piece: written.upload_piece.unwrap_or(given.upload_piece),
        busy_timeout: written.busy_timeout.unwrap_or(given.busy_timeout),
        certificate_authorities: written.certificate_authorities.clone(),
        certificate_folders: written.certificate_folders.clone(),
        plain_http: written.plain_http.clone(),
        hosts: written.hosts.clone(),
        ..given.clone()
    }
}
