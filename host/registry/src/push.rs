//! Pushing an image or an index: first every blob that is not there, then the manifests, under their digests.

use std::path::Path;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use oci_client::{RegistryOperation, errors::OciDistributionError};
use plimsoll_core::{
    digest::Digest,
    ports::{Activity, Progress, PushReport},
};
use plimsoll_layout::{
    Contents, Layout, LayoutError,
    manifest::{Blob, LARGEST_MANIFEST},
};
use tokio_util::io::ReaderStream;

use crate::{
    connection::Ask, error::RegistryError, failure::contained, repository::RegistryRepository, waiting::Meter,
};

/// Blobs on their way at the same time.
const SIDE_BY_SIDE: usize = 4;
/// Bytes read from a file at a time. Together with the number of transfers it bounds the memory that a push takes.
const PIECE: usize = 128 << 10;

impl RegistryRepository {
    /// See `ImageRepository::push`. Blobs come first, then the manifests, and what a manifest names before it: whatever
    /// can be asked for by a digest of this image is complete.
    pub(crate) async fn push_image(
        &self,
        layout: &Path,
        digest: &Digest,
        progress: &dyn Progress,
    ) -> Result<PushReport, RegistryError> {
        let layout = Layout::open(layout)?;
        let Contents { blobs, manifests } = layout.contents(digest)?;
        let report = stream::iter(blobs)
            .map(|blob| self.push_one(&layout, blob, progress))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_fold(PushReport::default(), |report, sent| async move { Ok(report + sent) })
            .await?;
        for digest in manifests {
            let bytes = layout.read_blob(&digest, LARGEST_MANIFEST)?;
            self.put_manifest(&digest.to_string(), &bytes, &digest).await?;
        }
        Ok(report)
    }

    /// See `ImageRepository::push_blob`.
    pub(crate) async fn push_ahead(
        &self,
        layout: &Path,
        digest: &Digest,
        progress: &dyn Progress,
    ) -> Result<PushReport, RegistryError> {
        let layout = Layout::open(layout)?;
        let missing = || LayoutError::BlobMissing { digest: *digest, root: layout.root().to_owned() };
        let size = layout.has_blob(digest)?.ok_or_else(missing)?;
        self.push_one(&layout, Blob { digest: *digest, size }, progress).await
    }

    /// Sends a blob unless it is there.
    async fn push_one(
        &self,
        layout: &Layout,
        blob: Blob,
        progress: &dyn Progress,
    ) -> Result<PushReport, RegistryError> {
        if self.connection.retrying(|| self.has_blob(&blob.digest)).await? {
            return Ok(PushReport::present());
        }
        match layout.has_blob(&blob.digest)? {
            Some(found) if found != blob.size => {
                return Err(RegistryError::WrongSize { digest: blob.digest, expected: blob.size, found });
            }
            _ => self.connection.retrying(|| self.upload(layout, &blob, progress)).await?,
        }
        let what = blob.digest.to_string();
        progress.activity(Activity::Transfer { what: &what, done: blob.size, total: blob.size });
        Ok(PushReport::sent(blob.size))
    }

    /// Whether the repository has a blob.
    pub(crate) async fn has_blob(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let session = self.connection.session().await?;
        let (what, target) = (self.call_blob(digest), digest.to_string());
        let reference = self.reference(&target);
        let ask = Ask { reference: &reference, operation: RegistryOperation::Pull, what: &what };
        match self.connection.ask(&ask, || session.client.blob_exists(&reference, &target)).await {
            // Some registries deny to look into a repository that is not there yet. If more than that is denied, the
            // upload says so, and why, which the answer to a look cannot.
            Err(RegistryError::Denied { .. }) => Ok(false),
            answer => answer,
        }
    }

    /// One upload from beginning to end (OCI distribution specification 1.1, "POST then PUT"). A failed one is left to
    /// the registry, which forgets it in time.
    async fn upload(
        &self,
        layout: &Layout,
        blob: &Blob,
        progress: &dyn Progress,
    ) -> Result<(), RegistryError> {
        let connection = &self.connection;
        let session = connection.session().await?;
        let (what, target) = (self.call_blob(&blob.digest), blob.digest.to_string());
        let reference = self.reference(&target);
        let ask = Ask { reference: &reference, operation: RegistryOperation::Push, what: &what };
        let send = || async {
            let file = tokio::fs::File::from_std(layout.open_blob(&blob.digest)?);
            let meter = Meter::default();
            let counter = meter.clone();
            let pieces = ReaderStream::with_capacity(file, PIECE)
                .inspect_ok(move |piece| counter.add(piece.len()))
                .map_err(OciDistributionError::from);
            let transfer = session.client.push_blob_stream(&reference, pieces, &target, Some(blob.size));
            meter
                .watch(contained(transfer), connection.options.idle_timeout, (&target, blob.size), progress)
                .await
                .map_err(|_| connection.stalled())?
                .map_err(|error| connection.failure(&ask, error))
        };
        connection.authorised(&ask, send).await?;
        Ok(())
    }
}
