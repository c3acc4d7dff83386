//! Requests that are made without oci-client, for it hides the headers of answers: those of blobs and manifests, where they say
//! how far an upload came, how long the registry wants to be left alone, and what was really stored.

use plimsoll_core::{digest::Digest, ports::Progress};
use reqwest::{
    RequestBuilder, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};

use crate::{
    address,
    connection::{Ask, Connection},
    error::RegistryError,
    failure::reason,
    retry_after::retry_after,
    waiting::Meter,
};

/// The largest text of an error that is read, bytes.
const LARGEST_TEXT: u64 = 64 << 10;
/// The digest of what an answer is about (OCI distribution specification 1.1, "Legacy Docker support HTTP headers").
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// How an answer is waited for.
pub(crate) enum Wait<'a> {
    /// For as long as nothing may happen on a connection.
    Shortly,
    /// For as long as the request's body gets on.
    WhileSending { meter: &'a Meter, what: &'a str, total: u64, progress: &'a dyn Progress },
}

impl Connection {
    /// The address of something below `/v2/`.
    pub(crate) async fn url(&self, path: &str) -> Result<Url, RegistryError> {
        let scheme = if self.session().await?.is_plain { "http" } else { "https" };
        let text = format!("{scheme}://{}/v2/{path}", address::host(&self.registry));
        Url::parse(&text).map_err(|_| self.nonsense(path, "no address".to_owned()))
    }

    /// Makes a request without a body, or with a small one, and expects success.
    pub(crate) async fn request(
        &self,
        ask: &Ask<'_>,
        make: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let answer = self.answer(ask, |http| Ok(make(http)), &Wait::Shortly).await?;
        self.success(ask.what, answer).await
    }

    /// Makes a request, and once more when what was shown is refused; answers whatever the registry does.
    pub(crate) async fn answer(
        &self,
        ask: &Ask<'_>,
        make: impl Fn(&reqwest::Client) -> Result<RequestBuilder, RegistryError>,
        wait: &Wait<'_>,
    ) -> Result<Response, RegistryError> {
        // A token that did not come may not be needed; when it is, the reason comes to light with the second attempt.
        let shown = match self.shown(ask).await {
            Err(RegistryError::Unauthorised { .. }) => None,
            shown => shown?,
        };
        let answer = self.attempt(shown, &make, wait).await?;
        if answer.status() != StatusCode::UNAUTHORIZED || self.session().await?.challenge.is_none() {
            return Ok(answer);
        }
        self.forget(ask);
        let shown = self.shown(ask).await?;
        self.attempt(shown, &make, wait).await
    }

    async fn attempt(
        &self,
        shown: Option<HeaderValue>,
        make: impl Fn(&reqwest::Client) -> Result<RequestBuilder, RegistryError>,
        wait: &Wait<'_>,
    ) -> Result<Response, RegistryError> {
        let session = self.session().await?;
        let mut request = make(&session.http)?.build().map_err(|error| self.transport(error))?;
        // What is secret is for the registry alone, also where it sends us elsewhere (OCI distribution specification 1.1, "API").
        if self.is_at_home(request.url(), session.is_plain)
            && let Some(shown) = shown
        {
            request.headers_mut().insert(AUTHORIZATION, shown);
        }
        let answer = session.http.execute(request);
        let answer = match *wait {
            Wait::Shortly => self.in_time(answer).await?,
            Wait::WhileSending { meter, what, total, progress } => meter
                .watch(answer, self.options.idle_timeout, (what, total), progress)
                .await
                .map_err(|_| self.stalled())?,
        };
        answer.map_err(|error| self.transport(error))
    }

    /// Whether an address is the registry's own.
    pub(crate) fn is_at_home(&self, url: &Url, is_plain: bool) -> bool {
        let scheme = if is_plain { "http" } else { "https" };
        Url::parse(&format!("{scheme}://{}", address::host(&self.registry)))
            .is_ok_and(|home| home.origin() == url.origin())
    }

    /// Makes an error of an answer that is no success.
    pub(crate) async fn success(&self, what: &str, mut answer: Response) -> Result<Response, RegistryError> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        // The status says enough when the text does not come.
        let text = self.read(&mut answer, LARGEST_TEXT).await.unwrap_or_default().unwrap_or_default();
        Err(self.refusal(what, status, reason(&text)).later(retry_after(answer.headers())))
    }

    /// The content of an answer; `None` when there is more than `most` bytes of it.
    pub(crate) async fn read(
        &self,
        answer: &mut Response,
        most: u64,
    ) -> Result<Option<Vec<u8>>, RegistryError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.in_time(answer.chunk()).await?.map_err(|error| self.transport(error))? {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > most {
                return Ok(None);
            }
        }
        Ok(Some(bytes))
    }

    /// Fails when an answer states another digest than it should. It may state none, or one in another algorithm.
    pub(crate) fn same(
        &self,
        what: &str,
        expected: &Digest,
        headers: &HeaderMap,
    ) -> Result<(), RegistryError> {
        match stated(headers) {
            Some(found) if found != *expected => Err(self.other_digest(what, expected, &found)),
            _ => Ok(()),
        }
    }

    pub(crate) fn other_digest(&self, what: &str, expected: &Digest, found: &Digest) -> RegistryError {
        let (registry, what) = (self.registry.clone(), what.to_owned());
        RegistryError::WrongDigest { registry, what, expected: *expected, found: found.to_string() }
    }
}

/// The digest that an answer states.
pub(crate) fn stated(headers: &HeaderMap) -> Option<Digest> {
    headers.get(CONTENT_DIGEST)?.to_str().ok()?.parse().ok()
}
