//! One repository in a registry.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    names::Tag,
    ports::{ImageRepository, PortFailure, Progress, PushReport},
    reference::RepositoryName,
};
use plimsoll_layout::manifest::{
    self, DOCKER_LIST, DOCKER_MANIFEST, LARGEST_CONFIGURATION, LARGEST_MANIFEST, Manifest, OCI_INDEX,
    OCI_MANIFEST,
};
use reqwest::{
    Method, Response, Url,
    header::{ACCEPT, CONTENT_TYPE, LINK},
};
use serde::Deserialize;

use crate::{
    authorization::Scope,
    connection::{Ask, Connection},
    error::RegistryError,
};

/// The header with the digest of what is answered (OCI distribution specification 1.1, "Pulling manifests").
const CONTENT_DIGEST: &str = "docker-content-digest";
/// The largest page of tags that is read, bytes, and the most pages.
const LARGEST_PAGE: u64 = 4 << 20;
const MOST_PAGES: usize = 1000;
/// Tags per page.
const PAGE: usize = 1000;

/// A repository in a registry as the place where images go.
#[derive(Debug, Clone)]
pub struct RegistryRepository {
    pub(crate) connection: Arc<Connection>,
    pub(crate) name: RepositoryName,
}

impl RegistryRepository {
    /// What a request to this repository needs permission for.
    pub(crate) fn scope(&self, writes: bool) -> Scope {
        Scope { repository: self.name.path().to_owned(), writes }
    }

    /// An address below this repository.
    pub(crate) async fn url(&self, path: &str) -> Result<Url, RegistryError> {
        self.connection.url(&format!("{}/{path}", self.name.path())).await
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

    /// Asks for a manifest without its content, or with it.
    async fn ask_manifest(&self, method: Method, target: &str) -> Result<Response, RegistryError> {
        let (scope, what) = (self.scope(false), self.call(target));
        let url = self.url(&format!("manifests/{target}")).await?;
        let accept = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(", ");
        let ask = Ask { scope: &scope, what: &what };
        self.connection.ask(&ask, (method, url), |request| request.header(ACCEPT, &accept)).await
    }

    /// A manifest, byte for byte, and its digest. One that is asked for by digest has that digest.
    pub(crate) async fn manifest(&self, target: &str) -> Result<(Vec<u8>, Digest), RegistryError> {
        let connection = &self.connection;
        connection
            .retrying(|| async {
                let what = self.call(target);
                let answer = self.ask_manifest(Method::GET, target).await?;
                let stated = stated_digest(&answer);
                let bytes = connection.read(answer, &what, LARGEST_MANIFEST).await?;
                let found = Digest::of(&bytes);
                match target.parse::<Digest>() {
                    Ok(wanted) => self.same(&what, &wanted, Some(found.to_string()))?,
                    Err(_) => self.same(&what, &found, stated)?,
                }
                Ok((bytes, found))
            })
            .await
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
        let media_type = self.parse(target, bytes)?.media_type().to_owned();
        let (scope, what) = (self.scope(true), self.call(target));
        let url = self.url(&format!("manifests/{target}")).await?;
        let ask = Ask { scope: &scope, what: &what };
        let answer = self
            .connection
            .retrying(|| {
                self.connection.ask(&ask, (Method::PUT, url.clone()), |request| {
                    request.header(CONTENT_TYPE, &media_type).body(bytes.to_vec())
                })
            })
            .await?;
        self.same(&what, digest, stated_digest(&answer))
    }

    async fn find(&self, tag: &str) -> Result<Option<Digest>, RegistryError> {
        let ask = || self.ask_manifest(Method::HEAD, tag);
        let Some(answer) = RegistryError::optional(self.connection.retrying(ask).await)? else {
            return Ok(None);
        };
        match stated_digest(&answer).and_then(|stated| stated.parse().ok()) {
            Some(digest) => Ok(Some(digest)),
            None => Ok(RegistryError::optional(self.manifest(tag).await)?.map(|(_, digest)| digest)),
        }
    }

    async fn put_tag(&self, tag: &Tag, digest: &Digest) -> Result<(), RegistryError> {
        let (bytes, _) = self.manifest(&digest.to_string()).await?;
        self.put_manifest(tag.as_str(), &bytes, digest).await?;
        // The registry's word on the request is one thing, what it serves from now on is another.
        let found = self.find(tag.as_str()).await?;
        self.same(
            tag.as_str(),
            digest,
            Some(found.map_or_else(|| "none".to_owned(), |found| found.to_string())),
        )
    }

    async fn list(&self) -> Result<Vec<String>, RegistryError> {
        #[derive(Deserialize)]
        struct Page {
            tags: Option<Vec<String>>,
        }
        let (scope, what) = (self.scope(false), format!("tags of {}", self.name.path()));
        let ask = Ask { scope: &scope, what: &what };
        let connection = &self.connection;
        let mut next = Some(self.url(&format!("tags/list?n={PAGE}")).await?);
        let mut tags = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(url) = next.take() else { return Ok(tags) };
            let page = connection.retrying(|| async {
                let answer = connection.ask(&ask, (Method::GET, url.clone()), |request| request).await?;
                let following = next_page(&answer, &url);
                Ok((connection.read(answer, &what, LARGEST_PAGE).await?, following))
            });
            // A repository that nothing was pushed to is not there yet.
            let Some((bytes, following)) = RegistryError::optional(page.await)? else { return Ok(tags) };
            let page: Page = serde_json::from_slice(&bytes)
                .map_err(|error| connection.nonsense(&what, format!("no list of tags: {error}")))?;
            tags.extend(page.tags.unwrap_or_default());
            next = following;
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
        let bytes = self.small_blob(&configuration).await?;
        manifest::labels(&bytes).map(Some).map_err(|source| self.unusable(&target, source))
    }

    /// A configuration, verified.
    async fn small_blob(&self, digest: &Digest) -> Result<Vec<u8>, RegistryError> {
        let (scope, what) = (self.scope(false), self.call_blob(digest));
        let url = self.url(&format!("blobs/{digest}")).await?;
        let ask = Ask { scope: &scope, what: &what };
        let connection = &self.connection;
        connection
            .retrying(|| async {
                let answer = connection.ask(&ask, (Method::GET, url.clone()), |request| request).await?;
                let bytes = connection.read(answer, &what, LARGEST_CONFIGURATION).await?;
                self.same(&what, digest, Some(Digest::of(&bytes).to_string()))?;
                Ok(bytes)
            })
            .await
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

/// The digest that the registry states for what it answers.
pub(crate) fn stated_digest(answer: &Response) -> Option<String> {
    Some(answer.headers().get(CONTENT_DIGEST)?.to_str().ok()?.to_owned())
}

/// The page that follows (RFC 8288), on the same registry only.
fn next_page(answer: &Response, current: &Url) -> Option<Url> {
    let link = answer.headers().get(LINK)?.to_str().ok()?;
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let next = current.join(target).ok()?;
    (parameters.contains("next") && next.origin() == current.origin()).then_some(next)
}
