//! Pushing an image or an index: first every blob that is not there, then the manifests, under their digests.

use std::path::Path;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use plimsoll_core::{
    digest::Digest,
    ports::{Activity, Progress, PushReport},
};
use plimsoll_layout::{
    Contents, Layout, LayoutError,
    manifest::{Blob, LARGEST_MANIFEST},
};
use reqwest::header::CONTENT_LENGTH;

use crate::{error::RegistryError, repository::RegistryRepository, upload::Arrival};

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
            .buffer_unordered(self.connection.options.transfers.max(1))
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
        let _permit = self.connection.traffic.transfer().await;
        match self.connection.retrying(|| self.has_blob(&blob)).await {
            Ok(true) => return Ok(PushReport::present()),
            // Some registries deny to look into a repository that is not there yet. If more than that is denied, the
            // upload says so, and why, which the answer to a look cannot.
            Ok(false) | Err(RegistryError::Denied { .. }) => {}
            Err(error) => return Err(error),
        }
        let arrival = self.upload(layout, &blob, progress).await?;
        let what = blob.digest.to_string();
        progress.activity(Activity::Transfer { what: &what, done: blob.size, total: blob.size });
        Ok(match arrival {
            Arrival::Sent => PushReport::sent(blob.size),
            Arrival::Mounted => PushReport::present(),
        })
    }

    /// Whether the repository has a blob, whole ("Checking if content exists in the registry").
    pub(crate) async fn has_blob(&self, blob: &Blob) -> Result<bool, RegistryError> {
        let connection = &self.connection;
        let (what, target) = (self.call_blob(&blob.digest), blob.digest.to_string());
        let url = connection.url(&format!("{}/blobs/{target}", self.name.path())).await?;
        let answer = connection.request(&self.pulling(&what), |http| http.head(url.clone())).await;
        let Some(answer) = RegistryError::optional(answer)? else { return Ok(false) };
        connection.same(&what, &blob.digest, answer.headers())?;
        let size = answer.headers().get(CONTENT_LENGTH).and_then(|size| size.to_str().ok()?.parse().ok());
        Ok(size.is_none_or(|size: u64| size == blob.size))
    }
}
