//! How registries are reached: for images, and for policies.

use std::sync::Arc;

use plimsoll_core::ports::PortFailure;

pub use plimsoll_registry::{Registries, RegistryOptions};

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

fn registry_options(options: &HostOptions, written: &configuration::Registries) -> RegistryOptions {
    RegistryOptions {
        docker_config: options.docker_config.clone(),
        certificate_authorities: written.certificate_authorities.clone(),
        plain_http: written.plain_http.clone(),
        ..RegistryOptions::default()
    }
}
