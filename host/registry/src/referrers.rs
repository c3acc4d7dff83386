//! Artifacts that refer to another one, such as signatures (OCI distribution specification 1.1, "Listing Referrers").

use plimsoll_core::digest::Digest;
use plimsoll_layout::manifest::OCI_INDEX;
use reqwest::header::ACCEPT;
use serde::Deserialize;

use crate::{error::RegistryError, repository::RegistryRepository};

/// The largest list that is read, bytes.
const LARGEST_LIST: u64 = 16 << 20;

/// What the registry answers: an index, of which this much is of interest.
#[derive(Deserialize)]
struct List {
    manifests: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    digest: String,
    artifact_type: Option<String>,
}

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
        let what = format!("what refers to {digest} in {}", self.name.path());
        let listed = self.connection.retrying(|| self.list_referrers(digest, &what)).await;
        let bytes = match RegistryError::optional(listed)? {
            Some(bytes) => bytes,
            None => {
                match RegistryError::optional(self.manifest(&digest.to_string().replace(':', "-")).await)? {
                    Some((bytes, _)) => bytes,
                    None => return Ok(Vec::new()),
                }
            }
        };
        let no_list = |_| self.connection.nonsense(&what, "something that is no list".to_owned());
        let List { manifests } = serde_json::from_slice(&bytes).map_err(no_list)?;
        let referrer = |entry: Entry| {
            Some(Referrer { digest: entry.digest.parse().ok()?, artifact_type: entry.artifact_type })
        };
        Ok(manifests.into_iter().filter_map(referrer).collect())
    }

    async fn list_referrers(&self, digest: &Digest, what: &str) -> Result<Vec<u8>, RegistryError> {
        let connection = &self.connection;
        let url = connection.url(&format!("{}/referrers/{digest}", self.name.path())).await?;
        let make = |http: &reqwest::Client| http.get(url.clone()).header(ACCEPT, OCI_INDEX);
        let mut answer = connection.request(&self.pulling(what), make).await?;
        let too_large = || connection.nonsense(what, format!("more than {LARGEST_LIST} bytes"));
        connection.read(&mut answer, LARGEST_LIST).await?.ok_or_else(too_large)
    }
}
