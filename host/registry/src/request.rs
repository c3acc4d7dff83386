//! Requests: with what they need to be allowed, in time, and what their answers mean.

use plimsoll_core::{digest::Digest, ports::Progress};
use reqwest::{
    RequestBuilder, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName},
};
use tokio::time::Instant;

use crate::{
    authentication::{Scopes, challenge, lacks_scope},
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
        let mut url = self.session().await?.base.clone();
        url.set_path(&format!("/v2/{path}"));
        Ok(url)
    }

    /// Makes a request without a body, or with a small one, and expects success.
    pub(crate) async fn request(
        &self,
        ask: &Ask<'_>,
        make: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let answer = self.call(ask, |http| Ok(make(http)), &Wait::Shortly).await?;
        self.success(ask, answer).await
    }

    /// Makes a request with what it needs to be allowed, and once more when the registry refuses what was shown and there may be
    /// something better: a token runs out, and is taken back, whenever its server likes. Answers whatever the registry does.
    pub(crate) async fn call(
        &self,
        ask: &Ask<'_>,
        make: impl Fn(&reqwest::Client) -> Result<RequestBuilder, RegistryError>,
        wait: &Wait<'_>,
    ) -> Result<Response, RegistryError> {
        let started = Instant::now();
        let shown = self.authorise(&ask.scopes).await?;
        let answer = self.attempt(&ask.scopes, &make, wait).await?;
        if !self.wants_to_know(&answer).await? || !self.is_outdated(&ask.scopes, shown, started) {
            return Ok(answer);
        }
        self.authorise(&ask.scopes).await?;
        self.attempt(&ask.scopes, &make, wait).await
    }

    async fn attempt(
        &self,
        scopes: &Scopes,
        make: impl Fn(&reqwest::Client) -> Result<RequestBuilder, RegistryError>,
        wait: &Wait<'_>,
    ) -> Result<Response, RegistryError> {
        let session = self.session().await?;
        let mut request = make(&session.http)?.build().map_err(|error| self.transport(error))?;
        // What is secret is for the registry alone, also where it sends us elsewhere (OCI distribution specification 1.1, "API").
        if session.is_own(request.url())
            && let Some(shown) = session.access.header(scopes)
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

    /// Whether the registry wants to know who asks, or somebody else to ask. What it wants to see is learnt.
    async fn wants_to_know(&self, answer: &Response) -> Result<bool, RegistryError> {
        let session = self.session().await?;
        if answer.status() != StatusCode::UNAUTHORIZED || !session.is_own(answer.url()) {
            return Ok(false);
        }
        if let Ok(Some(challenge)) = challenge(answer.headers()) {
            session.access.learn(challenge);
        }
        Ok(true)
    }

    /// Makes an error of an answer that is no success.
    pub(crate) async fn success(
        &self,
        ask: &Ask<'_>,
        mut answer: Response,
    ) -> Result<Response, RegistryError> {
        let mut status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        if status == StatusCode::UNAUTHORIZED && lacks_scope(answer.headers()) {
            let known = self.session().await?.access.credential(ask.scopes.repository());
            if known.is_some_and(|known| !known.credential.is_anonymous()) {
                // Who it is was understood: another password would not help.
                status = StatusCode::FORBIDDEN;
            }
        }
        // The status says enough when the text does not come.
        let text = self.read(&mut answer, LARGEST_TEXT).await.unwrap_or_default().unwrap_or_default();
        Err(self.refusal(ask.what, status, reason(&text)).later(retry_after(answer.headers())))
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
