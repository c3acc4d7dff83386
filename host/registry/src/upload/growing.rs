//! Sending a blob while it is still being written. Its digest is only known at its end, so it is sent in pieces, and named with
//! the last request (OCI distribution specification 1.1, "Pushing a blob in chunks").

use std::{
    fs::File,
    io::{self, Read as _},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use plimsoll_core::{
    digest::Digest,
    ports::{Activity, GrowingBlob, Growth, Progress, PushReport},
};
use plimsoll_layout::{LayoutError, manifest::Blob};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use tokio::time::sleep;

use super::{
    BYTES,
    place::{Place, received},
};
use crate::{error::RegistryError, repository::RegistryRepository, waiting::blocking};

/// What is worth it, bytes: less is sent in no time once it is complete, and then not without need.
const WORTH_IT: u64 = 8 << 20;
/// How often one looks whether there is more.
const GLANCE: Duration = Duration::from_millis(10);
/// Bytes in a piece, which is held in memory, and the most for registries that want larger ones.
const PIECE: u64 = 4 << 20;
const LARGEST_PIECE: u64 = 64 << 20;
/// What it is called while nobody knows its digest.
const WHAT: &str = "a layer that is being built";

impl RegistryRepository {
    /// See `ImageRepository::push_growing`. There is one try: what fails here is sent again with the image.
    pub(crate) async fn push_along(
        &self,
        blob: &GrowingBlob,
        progress: &dyn Progress,
    ) -> Result<PushReport, RegistryError> {
        let nothing = Ok(PushReport::default());
        // Opened before anything else: the file moves away when the blob is complete.
        let file = Arc::new(File::open(blob.path()).map_err(|source| unreadable(blob, source))?);
        if !is_worth_it(blob).await {
            return nothing;
        }
        let mut place = self.begin_along().await?;
        let piece = PIECE.max(place.least);
        if piece > LARGEST_PIECE {
            return nothing;
        }
        let mut is_wanted = false;
        loop {
            let (size, digest) = match blob.growth() {
                Growth::Growing(size) => (size, None),
                Growth::Complete(digest, size) => (size, Some(digest)),
                Growth::Abandoned => return nothing,
            };
            if let Some(digest) = digest
                && !is_wanted
            {
                if self.has_blob(&Blob { digest, size }).await? {
                    return nothing;
                }
                is_wanted = true;
            }
            let left = size - place.offset;
            place = match digest {
                Some(digest) if left == 0 => {
                    self.close_along(&place, &digest).await?;
                    return Ok(PushReport::sent(size));
                }
                None if left < piece => {
                    sleep(GLANCE).await;
                    place
                }
                _ => {
                    let bytes = read(Arc::clone(&file), left.min(piece)).await;
                    let place =
                        self.send_along(place, bytes.map_err(|source| unreadable(blob, source))?).await?;
                    progress.activity(Activity::Transfer { what: WHAT, done: place.offset, total: 0 });
                    place
                }
            };
        }
    }

    async fn begin_along(&self) -> Result<Place, RegistryError> {
        let url = self.connection.url(&format!("{}/blobs/uploads/", self.name.path())).await?;
        let make = |http: &reqwest::Client| http.post(url.clone()).header(CONTENT_LENGTH, 0);
        let answer = self.connection.request(&self.pushing(WHAT), make).await?;
        let nowhere = || self.connection.nonsense(WHAT, "no place to send it to".to_owned());
        Place::begun(&answer).ok_or_else(nowhere)
    }

    async fn send_along(&self, place: Place, bytes: Bytes) -> Result<Place, RegistryError> {
        // For the time of one piece only: the build may itself wait for a transfer.
        let _permit = self.connection.traffic.transfer().await;
        let end = place.offset + bytes.len() as u64;
        let range = format!("{}-{}", place.offset, end.saturating_sub(1));
        let make = |http: &reqwest::Client| {
            let request = http.patch(place.location.clone()).header(CONTENT_TYPE, BYTES);
            request.header(CONTENT_RANGE, &range).body(bytes.clone())
        };
        let answer = self.connection.request(&self.pushing(WHAT), make).await?;
        if received(answer.headers(), end).unwrap_or(end) != end {
            return Err(self.connection.nonsense(WHAT, "only a part of what was sent".to_owned()));
        }
        Ok(place.moved(&answer, end))
    }

    async fn close_along(&self, place: &Place, digest: &Digest) -> Result<(), RegistryError> {
        let url = place.end(digest);
        let make = |http: &reqwest::Client| http.put(url.clone()).header(CONTENT_LENGTH, 0);
        let answer = self.connection.request(&self.pushing(WHAT), make).await?;
        self.connection.same(WHAT, digest, answer.headers())
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

/// The next bytes of a file; they are there.
async fn read(file: Arc<File>, length: u64) -> io::Result<Bytes> {
    let read = move || {
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        file.as_ref().take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == length { Ok(bytes.into()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    };
    blocking(read).await
}

fn unreadable(blob: &GrowingBlob, source: io::Error) -> LayoutError {
    LayoutError::Io { action: "read", path: blob.path().to_owned(), source }
}
