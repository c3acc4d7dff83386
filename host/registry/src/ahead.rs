//! Sending a blob while it is still being written. Its digest is only known at its end, so it is sent in chunks, and named
//! with the last request (OCI distribution specification 1.1, "Pushing a blob in chunks").

use std::{fs, io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _, stream};
use oci_client::{RegistryOperation, errors::OciDistributionError};
use plimsoll_core::ports::{GrowingBlob, Growth, Progress, PushReport};
use plimsoll_layout::LayoutError;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
    time::sleep,
};

use crate::{
    connection::Ask, error::RegistryError, failure::contained, repository::RegistryRepository, waiting::Meter,
};

/// What is worth it, bytes: less is sent in no time once it is complete, and then not without need.
const WORTH_IT: u64 = 8 << 20;
/// How often one looks whether there is more.
const GLANCE: Duration = Duration::from_millis(10);
/// Bytes in a chunk: as many as the client sends with one request.
const CHUNK: u64 = 4 << 20;
/// What it is called while nobody knows its digest.
const WHAT: &str = "a layer that is being built";

impl RegistryRepository {
    /// See `ImageRepository::push_growing`. There is one try: what fails here is sent again with the image.
    pub(crate) async fn push_along(
        &self,
        blob: &Arc<GrowingBlob>,
        progress: &dyn Progress,
    ) -> Result<PushReport, RegistryError> {
        let unreadable = |source| LayoutError::Io { action: "read", path: blob.path().to_owned(), source };
        // Opened before anything else: the file moves away when the blob is complete.
        let file = fs::File::open(blob.path()).map_err(unreadable)?;
        if !is_worth_it(blob).await {
            return Ok(PushReport::default());
        }
        let connection = &self.connection;
        let session = connection.session().await?;
        let reference = self.reference("latest");
        let ask = Ask { reference: &reference, operation: RegistryOperation::Push, what: WHAT };
        let send = || async {
            let file = File::from_std(file.try_clone().map_err(unreadable)?);
            let meter = Meter::default();
            let counter = meter.clone();
            let chunks = self.clone().chunks(file, Arc::clone(blob));
            let chunks = chunks.inspect_ok(move |chunk: &Bytes| counter.add(chunk.len()));
            let transfer = session.client.push_blob_stream_chunked(&reference, chunks);
            meter
                .watch(contained(transfer), connection.options.idle_timeout, (WHAT, 0), progress)
                .await
                .map_err(|_| connection.stalled())?
                .map_err(|error| connection.failure(&ask, error))
        };
        let sent = connection.authorised(&ask, send).await?;
        Ok(PushReport::sent(sent.size))
    }

    /// The blob's content as it comes. It breaks off when the blob is abandoned, and when the repository turns out to have
    /// it: that can only be asked once it is complete.
    fn chunks(
        self,
        file: File,
        blob: Arc<GrowingBlob>,
    ) -> impl Stream<Item = Result<Bytes, OciDistributionError>> + Send + 'static {
        let follower = Follower { repository: self, file, blob, sent: 0, is_wanted: false };
        stream::try_unfold(follower, |mut follower| async {
            Ok(follower.next().await?.map(|chunk| (chunk, follower)))
        })
    }
}

/// Whether a blob becomes large enough.
async fn is_worth_it(blob: &GrowingBlob) -> bool {
    loop {
        match blob.growth() {
            Growth::Growing(size) if size < WORTH_IT => sleep(GLANCE).await,
            Growth::Growing(_) => return true,
            Growth::Complete(..) | Growth::Abandoned => return false,
        }
    }
}

struct Follower {
    repository: RegistryRepository,
    file: File,
    blob: Arc<GrowingBlob>,
    sent: u64,
    /// The blob is complete, and the repository does not have it.
    is_wanted: bool,
}

impl Follower {
    async fn next(&mut self) -> Result<Option<Bytes>, OciDistributionError> {
        loop {
            let (size, is_complete) = match self.blob.growth() {
                Growth::Growing(size) => (size, false),
                Growth::Complete(digest, size) => {
                    if !self.is_wanted && self.repository.has_blob(&digest).await.unwrap_or(false) {
                        return Err(gone("the repository has the layer already"));
                    }
                    self.is_wanted = true;
                    (size, true)
                }
                Growth::Abandoned => return Err(gone("the build failed")),
            };
            let left = size - self.sent;
            match (left, is_complete) {
                (0, true) => return Ok(None),
                (CHUNK.., _) | (_, true) => return self.read(left.min(CHUNK)).await.map(Some),
                _ => sleep(GLANCE).await,
            }
        }
    }

    async fn read(&mut self, size: u64) -> Result<Bytes, OciDistributionError> {
        // The position is shared with an attempt before this one.
        self.file.seek(io::SeekFrom::Start(self.sent)).await?;
        let mut chunk = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        (&mut self.file).take(size).read_to_end(&mut chunk).await?;
        self.sent += chunk.len() as u64;
        Ok(chunk.into())
    }
}

fn gone(reason: &str) -> OciDistributionError {
    io::Error::other(reason).into()
}
