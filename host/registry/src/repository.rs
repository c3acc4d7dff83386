//! One repository in a registry.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    sync::Arc,
};

use async_trait::async_trait;
use oci_client::{Reference, RegistryOperation};
use plimsoll_core::{
    digest::Digest,
    names::Tag,
    ports::{ImageRepository, PortFailure, Progress, PushReport},
    reference::RepositoryName,
};
use plimsoll_layout::manifest::{self, LARGEST_CONFIGURATION, Manifest};

use crate::{
    connection::{Ask, Connection},
    error::RegistryError,
};

/// Tags per page, and the most pages that are read.
const PAGE: usize = 1000;
const MOST_PAGES: usize = 1000;

/// A repository in a registry as the place where images go.
#[derive(Debug, Clone)]
pub struct RegistryRepository {
    pub(crate) connection: Arc<Connection>,
    pub(crate) name: RepositoryName,
}

impl RegistryRepository {
    /// A tag or a digest in this repository.
    pub(crate) fn reference(&self, target: &str) -> Reference {
        let (registry, path) = (self.name.registry().to_owned(), self.name.path().to_owned());
        match target.parse::<Digest>() {
            Ok(digest) => Reference::with_digest(registry, path, digest.to_string()),
            Err(_) => Reference::with_tag(registry, path, target.to_owned()),
        }
    }

    /// How a manifest is called in messages.
    pub(crate) fn call(&self, target: &str) -> String {
        let separator = if target.contains(':') { '@' } else { ':' };
        format!("{}{separator}{target}", self.name.path())
    }

    /// How a blob is called in messages.
    pub(crate) fn call_blob(&self, digest: &Digest) -> String {
        format!("blob {digest} of {}", self.name.path())
    }

    /// Understands a manifest of this repository.
    pub(crate) fn parse(&self, target: &str, bytes: &[u8]) -> Result<Manifest, RegistryError> {
        manifest::parse(bytes).map_err(|source| self.unusable(target, source))
    }

    pub(crate) fn unusable(&self, target: &str, source: manifest::ManifestError) -> RegistryError {
        RegistryError::Manifest { what: format!("{}/{}", self.name.registry(), self.call(target)), source }
    }

    async fn put_tag(&self, tag: &Tag, digest: &Digest) -> Result<(), RegistryError> {
        let (bytes, _) = self.manifest(&digest.to_string()).await?;
        self.put_manifest(tag.as_str(), &bytes, digest).await
    }

    /// All tags. The client does not say whether there is another page, so the end is a page with nothing new.
    async fn list(&self) -> Result<Vec<String>, RegistryError> {
        let connection = &self.connection;
        let session = connection.session().await?;
        let what = format!("tags of {}", self.name.path());
        let reference = self.reference("latest");
        let ask = Ask { reference: &reference, operation: RegistryOperation::Pull, what: &what };
        let (mut tags, mut known) = (Vec::new(), HashSet::new());
        for _ in 0..MOST_PAGES {
            let last = tags.last().map(String::as_str);
            let list = || session.client.list_tags(&reference, &session.authentication, Some(PAGE), last);
            let page = connection.retrying(|| connection.ask(&ask, list)).await;
            // A repository that nothing was pushed to is not there yet.
            let Some(page) = RegistryError::optional(page)? else { return Ok(tags) };
            let new: Vec<_> = page.tags.into_iter().filter(|tag| known.insert(tag.clone())).collect();
            if new.is_empty() {
                return Ok(tags);
            }
            tags.extend(new);
        }
        Err(connection.nonsense(&what, format!("more than {MOST_PAGES} pages")))
    }

    async fn read_labels(&self, digest: &Digest) -> Result<Option<BTreeMap<String, String>>, RegistryError> {
        let target = digest.to_string();
        let Some((bytes, _)) = RegistryError::optional(self.manifest(&target).await)? else {
            return Ok(None);
        };
        let Manifest::Image(image) = self.parse(&target, &bytes)? else { return Ok(Some(BTreeMap::new())) };
        let configuration =
            manifest::digest(image.config()).map_err(|source| self.unusable(&target, source))?;
        let bytes = self.blob(&configuration, LARGEST_CONFIGURATION).await?;
        manifest::labels(&bytes).map(Some).map_err(|source| self.unusable(&target, source))
    }
}

#[async_trait]
impl ImageRepository for RegistryRepository {
    async fn push(
        &self,
        layout: &Path,
        digest: &Digest,
        progress: &dyn Progress,
    ) -> Result<PushReport, PortFailure> {
        Ok(self.push_image(layout, digest, progress).await?)
    }

    async fn push_blob(
        &self,
        layout: &Path,
        digest: &Digest,
        progress: &dyn Progress,
    ) -> Result<PushReport, PortFailure> {
        Ok(self.push_ahead(layout, digest, progress).await?)
    }

    async fn resolve(&self, tag: &Tag) -> Result<Option<Digest>, PortFailure> {
        Ok(self.find(tag.as_str()).await?)
    }

    async fn set_tag(&self, tag: &Tag, digest: &Digest) -> Result<(), PortFailure> {
        Ok(self.put_tag(tag, digest).await?)
    }

    async fn tags(&self) -> Result<Vec<String>, PortFailure> {
        Ok(self.list().await?)
    }

    async fn labels(&self, digest: &Digest) -> Result<Option<BTreeMap<String, String>>, PortFailure> {
        Ok(self.read_labels(digest).await?)
    }
}
