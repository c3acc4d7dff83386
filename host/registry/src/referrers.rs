//! Artifacts that refer to another one, such as signatures (OCI distribution specification 1.1, "Listing Referrers").

use oci_client::RegistryOperation;
use plimsoll_core::digest::Digest;

use crate::{connection::Ask, error::RegistryError, repository::RegistryRepository};

/// An artifact that refers to another one, as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Digest of its manifest.
    pub digest: Digest,
    /// What it says it is; absent when it does not say.
    pub artifact_type: Option<String>,
}

impl RegistryRepository {
    /// The artifacts that refer to the one with this digest: from the registry's list, or from the tag that stands for the list
    /// where a registry has none. None at all where neither is there. An entry whose digest is not SHA-256 is left out.
    ///
    /// # Errors
    /// The registry could not be asked, or answers with something else.
    pub async fn referrers(&self, digest: &Digest) -> Result<Vec<Referrer>, RegistryError> {
        let connection = &self.connection;
        let session = connection.session().await?;
        let what = format!("what refers to {digest} in {}", self.name.path());
        let reference = self.reference(&digest.to_string());
        let ask =
            Ask { reference: &reference, operation: RegistryOperation::Pull, source: None, what: &what };
        let list = || session.client.pull_referrers(&reference);
        let Some(index) = RegistryError::optional(connection.retrying(|| connection.ask(&ask, list)).await)?
        else {
            return Ok(Vec::new());
        };
        let referrer = |entry: oci_client::manifest::ImageIndexEntry| {
            Some(Referrer { digest: entry.digest.parse().ok()?, artifact_type: entry.artifact_type })
        };
        Ok(index.manifests.into_iter().filter_map(referrer).collect())
    }
}
