//! Sending a blob (OCI distribution specification 1.1, "Pushing blobs"): with one request when it is small, else piece by piece,
//! so that a broken connection costs one piece at most. After a failure the registry is asked how far it came; an upload that it
//! has forgotten begins anew, and a registry that takes no pieces gets the blob whole.

mod content;
mod place;

use std::mem;

use plimsoll_core::ports::Progress;
use plimsoll_layout::{Layout, manifest::Blob};
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE},
};

use crate::{
    connection::{Ask, Connection},
    error::RegistryError,
    repository::RegistryRepository,
    request::Wait,
    retries::Retries,
    waiting::Meter,
};
use content::Content;
use place::{Place, received};

/// The media type of what is sent.
const BYTES: &str = "application/octet-stream";

/// How a blob got there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It was sent.
    Sent,
    /// The registry had it in another repository.
    Mounted,
}

/// One blob on its way.
struct Upload<'a> {
    repository: &'a RegistryRepository,
    layout: &'a Layout,
    content: Content<'a>,
    what: String,
    progress: &'a dyn Progress,
    state: State,
    /// The registry does not take pieces.
    whole: bool,
    /// Another repository of the registry that may have it.
    origin: Option<String>,
    /// The most that the registry ever had of it.
    best: u64,
    /// It was not found after it was sent, which a registry of many machines may need a moment for.
    is_missed: bool,
}

/// How far an upload is.
#[derive(Debug, Clone)]
enum State {
    /// The registry knows nothing of it.
    Unknown,
    /// The registry has a part of it, which may be nothing, and takes more.
    Open(Place),
    /// A request failed: nobody knows how much the registry has.
    InDoubt(Place),
    /// The registry says that it has everything.
    Closed(Arrival),
}

impl RegistryRepository {
    /// Sends a blob that is not there, and sees to it that it is.
    pub(crate) async fn upload(
        &self,
        layout: &Layout,
        blob: &Blob,
        progress: &dyn Progress,
    ) -> Result<Arrival, RegistryError> {
        let connection = &self.connection;
        let mut upload = Upload {
            repository: self,
            layout,
            content: Content::new(layout, blob),
            what: self.call_blob(&blob.digest),
            progress,
            state: State::Unknown,
            whole: false,
            origin: connection.traffic.origins.other_than(self.name.path(), &blob.digest),
            best: 0,
            is_missed: false,
        };
        let mut retries = Retries::new(connection);
        loop {
            connection.traffic.gate.pass().await;
            match upload.advance().await {
                Ok(Some(arrival)) => return Ok(arrival),
                Ok(None) if upload.is_better() => retries.renew(),
                Ok(None) => {}
                Err(error) => {
                    if let Err(error) = upload.fall_back(error) {
                        retries.after(error).await?;
                    }
                }
            }
        }
    }
}

impl Upload<'_> {
    /// Makes the next request.
    async fn advance(&mut self) -> Result<Option<Arrival>, RegistryError> {
        self.state = match self.state.clone() {
            State::Unknown => self.begin().await?,
            State::InDoubt(place) => self.ask(place).await?,
            State::Open(place) if self.is_whole(&place) => self.close(&place, 0).await?,
            State::Open(place) if place.offset == self.size() => self.close(&place, place.offset).await?,
            State::Open(place) => self.send_piece(place).await?,
            State::Closed(arrival) => {
                self.confirm().await?;
                return Ok(Some(arrival));
            }
        };
        Ok(None)
    }

    /// Begins an upload, or has the registry take the blob from another of its repositories ("Mounting a blob from another
    /// repository").
    async fn begin(&mut self) -> Result<State, RegistryError> {
        let connection = self.connection();
        let name = self.repository.name.path();
        let mut url = connection.url(&format!("{name}/blobs/uploads/")).await?;
        if let Some(origin) = &self.origin {
            let digest = self.content.blob.digest.to_string();
            url.query_pairs_mut().append_pair("mount", &digest).append_pair("from", origin);
        }
        let answer = self.request(|http| http.post(url.clone()).header(CONTENT_LENGTH, 0)).await?;
        if answer.status() == StatusCode::CREATED && self.origin.is_some() {
            connection.same(&self.what, &self.content.blob.digest, answer.headers())?;
            return Ok(State::Closed(Arrival::Mounted));
        }
        let nowhere = || connection.nonsense(&self.what, "no place to send it to".to_owned());
        let place = Place::begun(&answer).ok_or_else(nowhere)?;
        (self.origin, self.is_missed) = (None, false);
        // What was handed out before may have changed since: it is hashed anew.
        self.content = Content::new(self.layout, self.content.blob);
        Ok(State::Open(place))
    }

    /// Asks how much of an upload has come ("Pushing a blob in chunks").
    async fn ask(&self, place: Place) -> Result<State, RegistryError> {
        let answer = self.request(|http| http.get(place.location.clone())).await?;
        match received(answer.headers(), 0) {
            Some(offset) if offset <= self.content.seen() => Ok(State::Open(place.moved(&answer, offset))),
            _ => Err(self.lost()),
        }
    }

    /// Sends the next piece.
    async fn send_piece(&self, place: Place) -> Result<State, RegistryError> {
        let size = self.size();
        let length = self.piece(&place).min(size - place.offset);
        let end = place.offset + length;
        let answer = self.send(Method::PATCH, &place.location, place.offset, length).await?;
        if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE && place.offset > 0 {
            return Err(self.out_of_step());
        }
        let answer = self.connection().success(&self.asking(), answer).await?;
        // It may have taken less.
        match received(answer.headers(), end).unwrap_or(end) {
            offset if offset > place.offset && offset <= end => Ok(State::Open(place.moved(&answer, offset))),
            _ => Err(self.lost()),
        }
    }

    /// Sends what is missing after `start`, and names the digest.
    async fn close(&self, place: &Place, start: u64) -> Result<State, RegistryError> {
        let digest = &self.content.blob.digest;
        let length = self.size() - start;
        let answer = self.send(Method::PUT, &place.end(digest), start, length).await?;
        let answer = self.connection().success(&self.asking(), answer).await?;
        self.connection().same(&self.what, digest, answer.headers())?;
        Ok(State::Closed(Arrival::Sent))
    }

    /// The registry's word is one thing, what it has from now on is another.
    async fn confirm(&mut self) -> Result<(), RegistryError> {
        match self.repository.has_blob(self.content.blob).await {
            Ok(false) => Err(self.lost()),
            // It may be written there, and not be read.
            Ok(true) | Err(RegistryError::Denied { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Sends a part of the content with a request.
    async fn send(
        &self,
        method: Method,
        url: &Url,
        start: u64,
        length: u64,
    ) -> Result<Response, RegistryError> {
        let meter = Meter::default();
        let target = self.content.blob.digest.to_string();
        let make = |http: &reqwest::Client| {
            meter.set(start);
            let mut request = http
                .request(method.clone(), url.clone())
                .header(CONTENT_TYPE, BYTES)
                .header(CONTENT_LENGTH, length);
            if method == Method::PATCH {
                request = request.header(CONTENT_RANGE, format!("{start}-{}", start + length - 1));
            }
            if length > 0 {
                request = request.body(self.content.part(start, length, &meter)?);
            }
            Ok(request)
        };
        let total = self.size();
        let wait = Wait::WhileSending { meter: &meter, what: &target, total, progress: self.progress };
        let answer = self.connection().call(&self.asking(), make, &wait).await;
        // Whatever came of it: nothing counts that was sent of something else.
        self.content.verify()?;
        answer
    }

    /// Decides what a failure means for the upload; fails when that is nothing that one can get over at once.
    fn fall_back(&mut self, error: RegistryError) -> Result<(), RegistryError> {
        match (mem::replace(&mut self.state, State::Unknown), error) {
            // Not every registry mounts, and not everything may be mounted.
            (State::Unknown, error) if !error.is_passing() && self.origin.take().is_some() => Ok(()),
            (closed @ State::Closed(_), error @ RegistryError::UploadLost { .. }) if !self.is_missed => {
                (self.state, self.is_missed) = (closed, true);
                Err(error)
            }
            (_, error @ RegistryError::UploadLost { .. }) => {
                // A mount that was promised and is not there is not asked for again.
                self.origin = None;
                Err(error)
            }
            // What cannot be asked for now may be there all the same.
            (closed @ State::Closed(_), error) => {
                self.state = closed;
                Err(error)
            }
            (State::Open(place) | State::InDoubt(place), error) if error.is_passing() => {
                if !self.is_whole(&place) {
                    self.state = State::InDoubt(place);
                }
                Err(error)
            }
            // The last piece came, only its answer did not: it is looked for.
            (State::InDoubt(place), RegistryError::NotFound { .. }) if place.offset == self.size() => {
                (self.state, self.is_missed) = (State::Closed(Arrival::Sent), true);
                Ok(())
            }
            // It was forgotten, such as by a registry that was started anew.
            (State::Open(_) | State::InDoubt(_), RegistryError::NotFound { .. })
            | (State::InDoubt(_), RegistryError::Refused { .. } | RegistryError::Denied { .. }) => {
                Err(self.lost())
            }
            (State::Open(place), RegistryError::Refused { .. }) if !self.is_whole(&place) => {
                tracing::info!(what = self.what, "the registry takes no pieces");
                self.whole = true;
                Ok(())
            }
            (_, error) => Err(error),
        }
    }

    /// Whether more has come than ever before.
    fn is_better(&mut self) -> bool {
        let offset = if let State::Open(place) = &self.state { place.offset } else { 0 };
        let is_better = offset > self.best;
        self.best = self.best.max(offset);
        is_better
    }

    /// Whether the blob goes with one request.
    fn is_whole(&self, place: &Place) -> bool {
        self.whole || self.size() <= self.piece(place)
    }

    /// How much goes with one request, bytes.
    fn piece(&self, place: &Place) -> u64 {
        self.connection().options.upload_piece.max(place.least).max(1)
    }

    /// The registry has another part of it than we believe. That passes once it was asked.
    fn out_of_step(&self) -> RegistryError {
        let (registry, what) = (self.connection().registry.clone(), self.what.clone());
        let (status, reason) = (StatusCode::RANGE_NOT_SATISFIABLE.as_u16(), String::new());
        RegistryError::Failing { registry, what, status, reason, retry_after: None }
    }

    fn lost(&self) -> RegistryError {
        let registry = self.connection().registry.clone();
        RegistryError::UploadLost { registry, what: self.what.clone() }
    }

    async fn request(
        &self,
        make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
    ) -> Result<Response, RegistryError> {
        self.connection().request(&self.asking(), make).await
    }

    /// What the requests are about. While the blob may come from another repository, that one is read.
    fn asking(&self) -> Ask<'_> {
        let ask = self.repository.pushing(&self.what);
        match &self.origin {
            Some(origin) => Ask { scopes: ask.scopes.and_pull(origin), ..ask },
            None => ask,
        }
    }

    fn size(&self) -> u64 {
        self.content.blob.size
    }

    fn connection(&self) -> &Connection {
        &self.repository.connection
    }
}
