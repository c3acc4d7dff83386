//! The requests of the OCI distribution specification 1.1, each once and as oci-client makes them, with its names and errors.
//!
//! They are made here because oci-client 0.18 makes its connections itself: it takes no certificate to show in TLS, asks for tokens
//! by itself and for one repository at a time, and keeps the headers of answers to itself.

use std::{io, sync::Arc};

use bytes::Bytes;
use futures_util::{Stream, stream};
use oci_client::{
    Reference, RegistryOperation,
    client::SizedStream,
    errors::{DigestError, OciDistributionError},
    manifest::{OCI_IMAGE_INDEX_MEDIA_TYPE, OciImageIndex},
};
use plimsoll_core::digest::Digest;
use plimsoll_layout::manifest::LARGEST_MANIFEST;
use reqwest::{
    Body, Method, RequestBuilder, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::{
    authentication::{Access, Scopes, challenge, lacks_scope},
    failure::is_passing,
    http::read_at_most,
};

/// The header in which registries state the digest of what they send.
const DIGEST: &str = "docker-content-digest";
/// How much is read of an error, and of a list, bytes.
const LARGEST_ERROR: usize = 64 << 10;
const LARGEST_LIST: usize = 16 << 20;

type Result<T> = std::result::Result<T, OciDistributionError>;

/// Makes requests of one registry. What they need to be allowed was got before: see `Connection::authorise`.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    /// Scheme, host and port of the registry.
    pub(crate) base: Url,
    pub(crate) access: Arc<Access>,
}

impl Client {
    pub(crate) async fn blob_exists(&self, image: &Reference, digest: &str) -> Result<bool> {
        let request = self.request(Method::HEAD, self.url(image, &["blobs", digest])?, image, PULL);
        match self.send(request, image).await {
            Ok(_) => Ok(true),
            Err(OciDistributionError::ServerError { code: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A page of tags: at most `count`, after `last`.
    pub(crate) async fn list_tags(
        &self,
        image: &Reference,
        count: usize,
        last: Option<&str>,
    ) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Page {
            tags: Option<Vec<String>>,
        }
        let mut url = self.url(image, &["tags", "list"])?;
        url.query_pairs_mut().append_pair("n", &count.to_string());
        if let Some(last) = last {
            url.query_pairs_mut().append_pair("last", last);
        }
        let mut answer = self.send(self.request(Method::GET, url, image, PULL), image).await?;
        let page: Page = serde_json::from_slice(&read_at_most(&mut answer, LARGEST_LIST).await?)?;
        Ok(page.tags.unwrap_or_default())
    }

    /// A manifest in one of these formats, byte for byte. More than the largest one there may be is cut off.
    pub(crate) async fn pull_manifest_raw(&self, image: &Reference, accept: &[&str]) -> Result<Bytes> {
        let url = self.url(image, &["manifests", target(image)])?;
        let request = self.request(Method::GET, url, image, PULL).header(ACCEPT, accept.join(", "));
        let mut answer = self.send(request, image).await?;
        let most = usize::try_from(LARGEST_MANIFEST).unwrap_or(usize::MAX);
        let bytes = read_at_most(&mut answer, most.saturating_add(1)).await?;
        if bytes.len() <= most {
            verify(&Digest::of(&bytes), image.digest(), answer.headers())?;
        }
        Ok(bytes.into())
    }

    /// The digest of a manifest, as the registry states it, or else that of its content.
    pub(crate) async fn fetch_manifest_digest(&self, image: &Reference, accept: &[&str]) -> Result<String> {
        let url = self.url(image, &["manifests", target(image)])?;
        let request = self.request(Method::HEAD, url, image, PULL).header(ACCEPT, accept.join(", "));
        match self.send(request, image).await {
            Ok(answer) => {
                if let Some(stated) = stated(answer.headers()) {
                    return match image.digest() {
                        Some(asked) if asked != stated => Err(wrong(asked, stated)),
                        _ => Ok(stated.to_owned()),
                    };
                }
            }
            Err(OciDistributionError::ServerError { code, message, url })
                if code == 404 || StatusCode::from_u16(code).is_ok_and(is_passing) =>
            {
                return Err(OciDistributionError::ServerError { code, message, url });
            }
            Err(error @ OciDistributionError::RequestError(_)) => return Err(error),
            // The answer to this request has no content that could say why.
            Err(_) => {}
        }
        Ok(Digest::of(&self.pull_manifest_raw(image, accept).await?).to_string())
    }

    pub(crate) async fn push_manifest_raw(
        &self,
        image: &Reference,
        body: Vec<u8>,
        media_type: HeaderValue,
    ) -> Result<()> {
        let url = self.url(image, &["manifests", target(image)])?;
        let request = self.request(Method::PUT, url, image, PUSH).header(CONTENT_TYPE, media_type).body(body);
        expect(&self.send(request, image).await?, StatusCode::CREATED)
    }

    /// Sends a blob of a known size in one piece ("POST then PUT").
    pub(crate) async fn push_blob_stream(
        &self,
        image: &Reference,
        content: impl Stream<Item = Result<Bytes>> + Send + 'static,
        digest: &str,
        size: u64,
    ) -> Result<()> {
        let url = self.url(image, &["blobs", "uploads", ""])?;
        let begin = self.request(Method::POST, url, image, PUSH).header(CONTENT_LENGTH, 0);
        let answer = self.send(begin, image).await?;
        expect(&answer, StatusCode::ACCEPTED)?;
        let mut url = self.location(answer.headers())?;
        url.query_pairs_mut().append_pair("digest", digest);
        let request = self
            .request(Method::PUT, url, image, PUSH)
            .header(CONTENT_LENGTH, size)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(Body::wrap_stream(content));
        expect(&self.send(request, image).await?, StatusCode::CREATED)
    }

    /// The content of a blob. The stream ends with an error when it does not have the digest.
    pub(crate) async fn pull_blob_stream(&self, image: &Reference, digest: &str) -> Result<SizedStream> {
        let request = self.request(Method::GET, self.url(image, &["blobs", digest])?, image, PULL);
        let answer = self.send(request, image).await?;
        Ok(SizedStream {
            content_length: answer.content_length(),
            digest_header_value: stated(answer.headers()).map(str::to_owned),
            stream: Box::pin(verified(answer, digest.to_owned())),
        })
    }

    /// What refers to a manifest, from the registry's list, or from the tag that stands for it ("Referrers Tag Schema").
    pub(crate) async fn pull_referrers(&self, image: &Reference) -> Result<OciImageIndex> {
        let digest = image.digest().unwrap_or_default();
        let request = self.request(Method::GET, self.url(image, &["referrers", digest])?, image, PULL);
        let bytes = match self.send(request.header(ACCEPT, OCI_IMAGE_INDEX_MEDIA_TYPE), image).await {
            Ok(mut answer) => read_at_most(&mut answer, LARGEST_LIST).await?.into(),
            Err(OciDistributionError::ServerError { code: 404, .. }) => {
                let (registry, repository) = (image.registry().to_owned(), image.repository().to_owned());
                let tag = Reference::with_tag(registry, repository, digest.replace(':', "-"));
                self.pull_manifest_raw(&tag, &[OCI_IMAGE_INDEX_MEDIA_TYPE]).await?
            }
            Err(error) => return Err(error),
        };
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// The address of something in a repository.
    pub(crate) fn url(&self, image: &Reference, path: &[&str]) -> Result<Url> {
        let mut url = self.base.clone();
        let no_base = || OciDistributionError::UrlParseError(self.base.to_string());
        let mut segments = url.path_segments_mut().map_err(|()| no_base())?;
        segments.clear().push("v2").extend(image.repository().split('/')).extend(path);
        drop(segments);
        Ok(url)
    }

    /// A request with what it needs to be allowed. Nobody but the registry itself is shown that.
    pub(crate) fn request(
        &self,
        method: Method,
        url: Url,
        image: &Reference,
        operation: RegistryOperation,
    ) -> RequestBuilder {
        let shown = self.is_own(&url).then(|| self.access.header(&Scopes::of(image, operation))).flatten();
        let request = self.http.request(method, url);
        match shown {
            Some(header) => request.header(AUTHORIZATION, header),
            None => request,
        }
    }

    /// Sends a request; anything but success is an error.
    pub(crate) async fn send(&self, request: RequestBuilder, image: &Reference) -> Result<Response> {
        let mut answer = request.send().await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let mut code = status.as_u16();
        if status == StatusCode::UNAUTHORIZED && self.is_own(answer.url()) {
            if let Ok(Some(challenge)) = challenge(answer.headers()) {
                self.access.learn(challenge);
            }
            let known = self.access.credential(image.repository());
            if lacks_scope(answer.headers()) && known.is_some_and(|known| !known.credential.is_anonymous()) {
                // Who it is was understood: another password would not help.
                code = StatusCode::FORBIDDEN.as_u16();
            }
        }
        let message = read_at_most(&mut answer, LARGEST_ERROR).await?;
        let message = String::from_utf8_lossy(&message).into_owned();
        Err(OciDistributionError::ServerError { code, url: String::new(), message })
    }

    /// Where an upload goes on.
    fn location(&self, headers: &HeaderMap) -> Result<Url> {
        let location = headers.get(LOCATION).ok_or(OciDistributionError::RegistryNoLocationError)?;
        self.base
            .join(location.to_str()?)
            .map_err(|error| OciDistributionError::UrlParseError(error.to_string()))
    }

    fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }
}

pub(crate) const PULL: RegistryOperation = RegistryOperation::Pull;
pub(crate) const PUSH: RegistryOperation = RegistryOperation::Push;

fn target(image: &Reference) -> &str {
    image.digest().or_else(|| image.tag()).unwrap_or("latest")
}

fn expect(answer: &Response, status: StatusCode) -> Result<()> {
    let found = answer.status();
    if found == status {
        return Ok(());
    }
    Err(OciDistributionError::SpecViolationError(format!(
        "status {} in place of {}",
        found.as_u16(),
        status.as_u16()
    )))
}

/// The digest that a registry states, as far as it is one of ours.
fn stated(headers: &HeaderMap) -> Option<&str> {
    headers.get(DIGEST).and_then(|header| header.to_str().ok())
}

fn wrong(expected: &str, actual: &str) -> OciDistributionError {
    DigestError::VerificationError { expected: expected.to_owned(), actual: actual.to_owned() }.into()
}

/// Compares content with what was asked for, and with what the registry claims in the same algorithm.
fn verify(digest: &Digest, asked: Option<&str>, headers: &HeaderMap) -> Result<()> {
    let actual = digest.to_string();
    let claims = stated(headers).filter(|stated| stated.parse::<Digest>().is_ok());
    match asked.into_iter().chain(claims).find(|expected| *expected != actual) {
        Some(expected) => Err(wrong(expected, &actual)),
        None => Ok(()),
    }
}

/// The pieces of an answer, and at the end an error when it is not what was asked for.
fn verified(answer: Response, digest: String) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((answer, Sha256::new(), digest), |(mut answer, mut hash, digest)| async move {
        match answer.chunk().await.map_err(io::Error::other)? {
            Some(piece) => {
                hash.update(&piece);
                Ok(Some((piece, (answer, hash, digest))))
            }
            None => {
                let actual = Digest::from_bytes(hash.finalize().into());
                match verify(&actual, Some(&digest), answer.headers()) {
                    Ok(()) => Ok(None),
                    Err(OciDistributionError::DigestError(error)) => Err(io::Error::other(error)),
                    Err(error) => Err(io::Error::other(error)),
                }
            }
        }
    })
}
