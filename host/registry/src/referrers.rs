//! Artifacts that refer to another one, such as signatures (OCI distribution specification 1.1, "Listing Referrers").

use std::collections::BTreeMap;

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    ports::{Attached, Attachment, PortFailure, Referrer, Referrers},
};
use plimsoll_layout::{
    LayoutError,
    manifest::{LARGEST_MANIFEST, OCI_INDEX},
};
use reqwest::{
    Url,
    header::{ACCEPT, HeaderMap, LINK},
};
use serde::Deserialize;

use crate::{
    artifact::Artifact, attach, error::RegistryError, layout_repository::LayoutRepository,
    repository::RegistryRepository,
};

/// The largest page of a list that is read, bytes, and the most pages.
const LARGEST_LIST: u64 = 16 << 20;
const MOST_PAGES: usize = 64;

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
    annotations: Option<BTreeMap<String, String>>,
}

impl RegistryRepository {
    /// The artifacts that refer to the one with this digest: from the registry's list, or from the tag that stands for the list
    /// where a registry has none. None at all where neither is there. An entry whose digest is not SHA-256 is left out.
    ///
    /// # Errors
    /// The registry could not be asked, or answers with something else.
    pub async fn referrers(&self, digest: &Digest) -> Result<Vec<Referrer>, RegistryError> {
        let what = format!("what refers to {digest} in {}", self.name.path());
        let mut url = self.connection.url(&format!("{}/referrers/{digest}", self.name.path())).await?;
        let mut all = Vec::new();
        for page in 0..MOST_PAGES {
            let listed = self.connection.retrying(|| self.list_referrers(&url, &what)).await;
            let Some((bytes, next)) = RegistryError::optional(listed)? else {
                return if page == 0 { self.referrers_under_tag(digest, &what).await } else { Ok(all) };
            };
            all.extend(self.entries(&bytes, &what)?);
            match next {
                Some(next) => url = next,
                None => return Ok(all),
            }
        }
        Err(self.connection.nonsense(&what, format!("more than {MOST_PAGES} pages")))
    }

    /// A page of the registry's own list, and the address of the next.
    async fn list_referrers(&self, url: &Url, what: &str) -> Result<(Vec<u8>, Option<Url>), RegistryError> {
        let connection = &self.connection;
        let make = |http: &reqwest::Client| http.get(url.clone()).header(ACCEPT, OCI_INDEX);
        let mut answer = connection.request(&self.pulling(what), make).await?;
        let next = next_page(answer.headers(), url);
        let too_large = || connection.nonsense(what, format!("more than {LARGEST_LIST} bytes"));
        Ok((connection.read(&mut answer, LARGEST_LIST).await?.ok_or_else(too_large)?, next))
    }

    async fn referrers_under_tag(&self, digest: &Digest, what: &str) -> Result<Vec<Referrer>, RegistryError> {
        match RegistryError::optional(self.manifest(&attach::tag(digest)).await)? {
            Some((bytes, _)) => self.entries(&bytes, what),
            None => Ok(Vec::new()),
        }
    }

    fn entries(&self, bytes: &[u8], what: &str) -> Result<Vec<Referrer>, RegistryError> {
        let no_list = |_| self.connection.nonsense(what, "something that is no list".to_owned());
        let List { manifests } = serde_json::from_slice(bytes).map_err(no_list)?;
        let referrer = |entry: Entry| {
            Some(Referrer {
                digest: entry.digest.parse().ok()?,
                artifact_type: entry.artifact_type,
                annotations: entry.annotations.unwrap_or_default(),
            })
        };
        Ok(manifests.into_iter().filter_map(referrer).collect())
    }
}

/// Where the list goes on (RFC 8288, "Link Header Fields"); never at another server.
fn next_page(headers: &HeaderMap, url: &Url) -> Option<Url> {
    let links = headers.get_all(LINK).iter().filter_map(|link| link.to_str().ok());
    let (address, _) = links
        .flat_map(|links| links.split(','))
        .filter_map(|link| link.trim().strip_prefix('<')?.split_once('>'))
        .find(|(_, parameters)| parameters.contains("rel=\"next\"") || parameters.contains("rel=next"))?;
    url.join(address).ok().filter(|next| next.origin() == url.origin() && next != url)
}

#[async_trait]
impl Referrers for RegistryRepository {
    async fn attach(&self, subject: &Digest, attachment: &Attachment) -> Result<Digest, PortFailure> {
        Ok(self.put_beside(subject, attachment).await?)
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>, PortFailure> {
        Ok(self.referrers(subject).await?)
    }

    async fn attached(&self, referrer: &Digest, most: u64) -> Result<Option<Attached>, PortFailure> {
        let artifact = usable(self.artifact(&referrer.to_string()).await)?.flatten();
        let Some((digest, attached)) = artifact.and_then(|it| only_part(it, most)) else { return Ok(None) };
        let content = usable(self.blob(&digest, most).await)?;
        Ok(content.map(|content| Attached { content, ..attached }))
    }
}

#[async_trait]
impl Referrers for LayoutRepository {
    async fn attach(&self, subject: &Digest, attachment: &Attachment) -> Result<Digest, PortFailure> {
        Ok(self.put_beside(*subject, attachment.clone()).await?)
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>, PortFailure> {
        let subject = *subject;
        Ok(self.read(move |layout| Ok(layout.referrers(&subject)?)).await?.unwrap_or_default())
    }

    async fn attached(&self, referrer: &Digest, most: u64) -> Result<Option<Attached>, PortFailure> {
        let referrer = *referrer;
        let read = self.read(move |layout| {
            let read = |digest, most| usable(layout.read_blob(digest, most).map_err(RegistryError::from));
            let artifact = read(&referrer, LARGEST_MANIFEST)?.and_then(|bytes| Artifact::parse(bytes).ok());
            let Some((digest, attached)) = artifact.and_then(|it| only_part(it, most)) else {
                return Ok(None);
            };
            Ok(read(&digest, most)?.map(|content| Attached { content, ..attached }))
        });
        Ok(read.await?.flatten())
    }
}

/// `None` for what is listed and is not there, or is something else than what it is listed as. Anybody may put such a thing beside an
/// image: it is that one's trouble and no obstacle for the others. That nothing could be asked is still an error.
fn usable<T>(result: Result<T, RegistryError>) -> Result<Option<T>, RegistryError> {
    match result {
        Err(
            RegistryError::NotFound { .. }
            | RegistryError::Nonsense { .. }
            | RegistryError::WrongDigest { .. }
            | RegistryError::Layout(
                LayoutError::BlobMissing { .. }
                | LayoutError::BlobTooLarge { .. }
                | LayoutError::WrongDigest { .. },
            ),
        ) => Ok(None),
        result => result.map(Some),
    }
}

/// The digest of an artifact's only part, when it is not larger than that, and what is known of it without its content.
fn only_part(artifact: Artifact, most: u64) -> Option<(Digest, Attached)> {
    let Artifact { subject, layers, .. } = artifact;
    let [layer] = <[_; 1]>::try_from(layers).ok()?;
    (layer.size <= most)
        .then(|| (layer.digest, Attached { subject, media_type: layer.media_type, content: Vec::new() }))
}
