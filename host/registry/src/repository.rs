//! One repository in a registry.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    names::Tag,
    ports::{ImageRepository, PortFailure, Progress, PushReport},
    reference::RepositoryName,
};
use plimsoll_layout::manifest::{self, LARGEST_CONFIGURATION, Manifest};

use crate::{
    authentication::Scopes,
    connection::{Ask, Connection},
    error::RegistryError,
};

/// A repository in a registry as the place where images go.
#[derive(Debug, Clone)]
pub struct RegistryRepository {
    pub(crate) connection: Arc<Connection>,
    pub(crate) name: RepositoryName,
}

impl RegistryRepository {
    /// A request that reads here.
    pub(crate) fn pulling<'a>(&self, what: &'a str) -> Ask<'a> {
        Ask { scopes: Scopes::pull(self.name.path()), what }
    }

    /// A request that writes here.
    pub(crate) fn pushing<'a>(&self, what: &'a str) -> Ask<'a> {
        Ask { scopes: Scopes::push(self.name.path()), what }
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

    async fn read_labels(&self, digest: &Digest) -> Result<Option<BTreeMap<String, String>>, RegistryError> {
        let target = digest.to_string();
        let Some((bytes, _)) = RegistryError::optional(self.manifest(&target).await)? else {
            return Ok(None);
        };
        let image = match self.parse(&target, &bytes)? {
            Manifest::Image(image) => image,
            Manifest::Index(index) => {
                let Some(first) = manifest::first_image(&index) else { return Ok(Some(BTreeMap::new())) };
                let first = manifest::digest(first).map_err(|source| self.unusable(&target, source))?;
                return Box::pin(self.read_labels(&first)).await;
            }
        };
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
