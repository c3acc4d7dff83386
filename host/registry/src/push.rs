//! Pushing an image: first every blob that is not there, then the manifest, under its digest.

use std::path::Path;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use plimsoll_core::{
    digest::Digest,
    ports::{Activity, Progress, PushReport},
};
use plimsoll_layout::{
    Layout,
    manifest::{self, Blob, LARGEST_MANIFEST, Manifest},
};
use reqwest::{
    Body, Method, Response, Url,
    header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION},
};
use tokio_util::io::ReaderStream;

use crate::{
    connection::Ask,
    error::RegistryError,
    repository::{RegistryRepository, stated_digest},
    waiting::Meter,
};

/// Blobs on their way at the same time.
const SIDE_BY_SIDE: usize = 4;
/// Bytes read from a file at a time. Together with the number of transfers it bounds the memory that a push takes.
const PIECE: usize = 128 << 10;

impl RegistryRepository {
    /// See `ImageRepository::push`.
    pub(crate) async fn push_image(
        &self,
        layout: &Path,
        digest: &Digest,
        progress: &dyn Progress,
    ) -> Result<PushReport, RegistryError> {
        let layout = Layout::open(layout)?;
        let bytes = layout.read_blob(digest, LARGEST_MANIFEST)?;
        let target = digest.to_string();
        let Manifest::Image(image) = self.parse(&target, &bytes)? else {
            return Err(RegistryError::IsIndex { digest: *digest });
        };
        let blobs = manifest::blobs(&image).map_err(|source| self.unusable(&target, source))?;
        let report = stream::iter(blobs)
            .map(|blob| self.push_blob(&layout, blob, progress))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_fold(PushReport::default(), |report, sent| async move { Ok(counted(report, sent)) })
            .await?;
        self.put_manifest(&target, &bytes, digest).await?;
        Ok(report)
    }

    /// Sends a blob unless it is there; answers the bytes that were sent.
    async fn push_blob(
        &self,
        layout: &Layout,
        blob: Blob,
        progress: &dyn Progress,
    ) -> Result<Option<u64>, RegistryError> {
        if self.connection.retrying(|| self.has_blob(&blob.digest)).await? {
            return Ok(None);
        }
        match layout.has_blob(&blob.digest)? {
            Some(found) if found != blob.size => {
                return Err(RegistryError::WrongSize { digest: blob.digest, expected: blob.size, found });
            }
            _ => self.connection.retrying(|| self.upload(layout, &blob, progress)).await?,
        }
        let what = blob.digest.to_string();
        progress.activity(Activity::Transfer { what: &what, done: blob.size, total: blob.size });
        Ok(Some(blob.size))
    }

    async fn has_blob(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let scope = self.scope(true);
        let url = self.url(&format!("blobs/{digest}")).await?;
        let ask = Ask { scope: &scope, what: &self.call_blob(digest) };
        let answer = self.connection.ask(&ask, (Method::HEAD, url), |request| request).await;
        Ok(RegistryError::optional(answer)?.is_some())
    }

    /// One upload from beginning to end (OCI distribution specification 1.1, "POST then PUT"). A failed one is left to
    /// the registry, which forgets it in time.
    async fn upload(
        &self,
        layout: &Layout,
        blob: &Blob,
        progress: &dyn Progress,
    ) -> Result<(), RegistryError> {
        let (scope, target) = (self.scope(true), blob.digest.to_string());
        let what = self.call_blob(&blob.digest);
        let ask = Ask { scope: &scope, what: &what };
        let url = self.url("blobs/uploads/").await?;
        let begun = self
            .connection
            .ask(&ask, (Method::POST, url.clone()), |request| request.header(CONTENT_LENGTH, 0))
            .await?;
        let mut location = self.location(&begun, &url, &what)?;
        location.query_pairs_mut().append_pair("digest", &target);

        let file = tokio::fs::File::from_std(layout.open_blob(&blob.digest)?);
        let meter = Meter::default();
        let counter = meter.clone();
        let pieces =
            ReaderStream::with_capacity(file, PIECE).inspect_ok(move |piece| counter.add(piece.len()));
        let request = self
            .connection
            .authorized(&scope, Method::PUT, &location)
            .header(CONTENT_LENGTH, blob.size)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(Body::wrap_stream(pieces));
        let answer = meter
            .watch(request.send(), self.connection.options.idle_timeout, (&target, blob.size), progress)
            .await
            .map_err(|_| self.connection.stalled())?
            .map_err(|error| self.connection.transport(error))?;
        let answer = self.connection.check(&ask, answer).await?;
        self.same(&what, &blob.digest, stated_digest(&answer))
    }

    /// Where the registry wants the content, which may be relative, or on another server.
    fn location(&self, begun: &Response, asked: &Url, what: &str) -> Result<Url, RegistryError> {
        begun
            .headers()
            .get(LOCATION)
            .and_then(|location| asked.join(location.to_str().ok()?).ok())
            .ok_or_else(|| self.connection.nonsense(what, "no place to send it to".to_owned()))
    }
}

fn counted(mut report: PushReport, sent: Option<u64>) -> PushReport {
    match sent {
        Some(bytes) => {
            report.blobs_sent += 1;
            report.bytes_sent += bytes;
        }
        None => report.blobs_present += 1,
    }
    report
}
