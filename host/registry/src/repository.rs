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
    ports::{GrowingBlob, ImageRepository, PortFailure, Progress, PushReport},
    reference::RepositoryName,
};
use plimsoll_layout::manifest::{
    self, DOCKER_LIST, DOCKER_MANIFEST, LARGEST_CONFIGURATION, LARGEST_MANIFEST, Manifest, OCI_INDEX,
    OCI_MANIFEST,
};
use reqwest::header::HeaderValue;

use crate::{
    connection::{Ask, Connection},
    error::RegistryError,
};

/// Tags per page, and the most pages that are read.
const PAGE: usize = 1000;
const MOST_PAGES: usize = 1000;
/// The formats of manifests that are understood.
const FORMATS: [&str; 4] = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST];

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

    /// A manifest, byte for byte, and its digest. One that is asked for by digest has that digest.
    pub(crate) async fn manifest(&self, target: &str) -> Result<(Vec<u8>, Digest), RegistryError> {
        let connection = &self.connection;
        let session = connection.session().await?;
        let (reference, what) = (self.reference(target), self.call(target));
        let ask = Ask { reference: &reference, operation: RegistryOperation::Pull, what: &what };
        let pull = || session.client.pull_manifest_raw(&reference, &session.authentication, &FORMATS);
        let (bytes, _) = connection.retrying(|| connection.ask(&ask, pull)).await?;
        if bytes.len() as u64 > LARGEST_MANIFEST {
            return Err(connection.nonsense(&what, format!("more than {LARGEST_MANIFEST} bytes")));
        }
        let digest = Digest::of(&bytes);
        Ok((bytes.into(), digest))
    }

    /// Fails when the registry states another digest than it should; it may state none.
    pub(crate) fn same(
        &self,
        what: &str,
        expected: &Digest,
        stated: Option<String>,
    ) -> Result<(), RegistryError> {
        match stated {
            Some(found) if found != expected.to_string() => Err(RegistryError::WrongDigest {
                registry: self.connection.registry.clone(),
                what: what.to_owned(),
                expected: *expected,
                found,
            }),
            _ => Ok(()),
        }
    }

    /// Understands a manifest of this repository.
    pub(crate) fn parse(&self, target: &str, bytes: &[u8]) -> Result<Manifest, RegistryError> {
        manifest::parse(bytes).map_err(|source| self.unusable(target, source))
    }

    pub(crate) fn unusable(&self, target: &str, source: manifest::ManifestError) -> RegistryError {
        RegistryError::Manifest { what: format!("{}/{}", self.name.registry(), self.call(target)), source }
    }

    /// Puts a manifest under its digest or a tag.
    pub(crate) async fn put_manifest(
        &self,
        target: &str,
        bytes: &[u8],
        digest: &Digest,
    ) -> Result<(), RegistryError> {
        let connection = &self.connection;
        let session = connection.session().await?;
        let media_type = HeaderValue::from_str(self.parse(target, bytes)?.media_type())
            .map_err(|_| connection.nonsense(&self.call(target), "no media type".to_owned()))?;
        // Always as a tag, also a digest: the client panics when the registry does not say where a manifest that was
        // put under a digest is found. The address is the same.
        let (registry, path) = (self.name.registry().to_owned(), self.name.path().to_owned());
        let reference = Reference::with_tag(registry, path, target.to_owned());
        let what = self.call(target);
        let ask = Ask { reference: &reference, operation: RegistryOperation::Push, what: &what };
        let put = || session.client.push_manifest_raw(&reference, bytes.to_vec(), media_type.clone());
        connection.retrying(|| connection.ask(&ask, put)).await?;
        // The registry's word on the request is one thing, what it serves from now on is another.
        let found = self.find(target).await?;
        self.same(&what, digest, Some(found.map_or_else(|| "none".to_owned(), |found| found.to_string())))
    }

    /// The digest that a tag points to; `None` when there is none.
    async fn find(&self, target: &str) -> Result<Option<Digest>, RegistryError> {
        let connection = &self.connection;
        let session = connection.session().await?;
        let (reference, what) = (self.reference(target), self.call(target));
        let ask = Ask { reference: &reference, operation: RegistryOperation::Pull, what: &what };
        let fetch = || session.client.fetch_manifest_digest(&reference, &session.authentication);
        let answer = connection.retrying(|| connection.ask(&ask, fetch)).await;
        let Some(stated) = RegistryError::optional(answer)? else { return Ok(None) };
        match stated.parse() {
            Ok(digest) => Ok(Some(digest)),
            // In another algorithm.
            Err(_) => Ok(RegistryError::optional(self.manifest(target).await)?.map(|(_, digest)| digest)),
        }
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

    async fn push_growing(
        &self,
        blob: &Arc<GrowingBlob>,
        progress: &dyn Progress,
    ) -> Result<PushReport, PortFailure> {
        Ok(self.push_along(blob, progress).await?)
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
