//! Manifests in a registry, verified both ways: what is fetched has the digest that it was asked for by, and what was put is
//! fetched again (OCI distribution specification 1.1, "Pulling manifests" and "Pushing Manifests").

use plimsoll_core::digest::Digest;
use plimsoll_layout::manifest::{DOCKER_LIST, DOCKER_MANIFEST, LARGEST_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use reqwest::{
    Method, Response,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap},
};

use crate::{error::RegistryError, repository::RegistryRepository, request::stated};

/// The formats of manifests that are understood.
const FORMATS: [&str; 4] = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST];

impl RegistryRepository {
    /// A manifest, byte for byte, and its digest. One that is asked for by digest has that digest.
    pub(crate) async fn manifest(&self, target: &str) -> Result<(Vec<u8>, Digest), RegistryError> {
        self.connection.retrying(|| self.fetch_manifest(target)).await
    }

    async fn fetch_manifest(&self, target: &str) -> Result<(Vec<u8>, Digest), RegistryError> {
        let (connection, what) = (&self.connection, self.call(target));
        let mut answer = self.ask_for_manifest(Method::GET, target, &what).await?;
        let bytes = connection.read(&mut answer, LARGEST_MANIFEST).await?;
        let too_large = || connection.nonsense(&what, format!("more than {LARGEST_MANIFEST} bytes"));
        let bytes = bytes.ok_or_else(too_large)?;
        let digest = Digest::of(&bytes);
        if let Ok(expected) = target.parse()
            && expected != digest
        {
            return Err(connection.other_digest(&what, &expected, &digest));
        }
        connection.same(&what, &digest, answer.headers())?;
        Ok((bytes, digest))
    }

    /// The digest that a tag points to; `None` when there is none.
    pub(crate) async fn find(&self, target: &str) -> Result<Option<Digest>, RegistryError> {
        let what = self.call(target);
        let look = || self.ask_for_manifest(Method::HEAD, target, &what);
        match self.connection.retrying(look).await {
            Err(RegistryError::NotFound { .. }) => return Ok(None),
            // The answer has no content that could say why: that to the question below does.
            Err(
                RegistryError::Unauthorised { .. }
                | RegistryError::Denied { .. }
                | RegistryError::Refused { .. },
            ) => {}
            Err(error) => return Err(error),
            Ok(answer) => {
                if let Some(digest) = stated(answer.headers()) {
                    return Ok(Some(digest));
                }
            }
        }
        // Not every registry says it, and some in another algorithm.
        Ok(RegistryError::optional(self.manifest(target).await)?.map(|(_, digest)| digest))
    }

    async fn ask_for_manifest(
        &self,
        method: Method,
        target: &str,
        what: &str,
    ) -> Result<Response, RegistryError> {
        let url = self.connection.url(&format!("{}/manifests/{target}", self.name.path())).await?;
        let make = |http: &reqwest::Client| {
            http.request(method.clone(), url.clone()).header(ACCEPT, FORMATS.join(", "))
        };
        self.connection.request(&self.pulling(what), make).await
    }

    /// Puts a manifest under its digest or a tag. Answers the headers with which the registry took it.
    pub(crate) async fn put_manifest(
        &self,
        target: &str,
        bytes: &[u8],
        digest: &Digest,
    ) -> Result<HeaderMap, RegistryError> {
        let (connection, what) = (&self.connection, self.call(target));
        let media_type = self.parse(target, bytes)?.media_type().to_owned();
        let url = connection.url(&format!("{}/manifests/{target}", self.name.path())).await?;
        let put = || async {
            let make = |http: &reqwest::Client| {
                http.put(url.clone()).header(CONTENT_TYPE, media_type.as_str()).body(bytes.to_vec())
            };
            let answer = connection.request(&self.pushing(&what), make).await?;
            connection.same(&what, digest, answer.headers())?;
            let headers = answer.headers().clone();
            // The registry's word on the request is one thing, what it serves from now on is another.
            match RegistryError::optional(self.fetch_manifest(target).await)? {
                Some((_, found)) if found == *digest => Ok(headers),
                Some((_, found)) => Err(connection.other_digest(&what, digest, &found)),
                None => Err(RegistryError::UploadLost {
                    registry: connection.registry.clone(),
                    what: what.clone(),
                }),
            }
        };
        connection.retrying(put).await
    }
}
