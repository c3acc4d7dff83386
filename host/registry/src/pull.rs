//! Pulling the images for some platforms into a layout.

use std::{collections::BTreeMap, io::Write as _};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use plimsoll_core::{
    digest::Digest,
    ports::{Activity, Platform, Progress},
    reference::ImageReference,
};
use plimsoll_layout::{
    Layout, LayoutError,
    manifest::{self, Blob},
};

use crate::{error::RegistryError, repository::RegistryRepository, waiting::blocking};

/// A watcher is told of every so many bytes.
const STEP: u64 = 256 << 10;

impl RegistryRepository {
    /// See `BaseImages::fetch`. Manifests go into the layout last: where one is, everything of it is.
    pub(crate) async fn pull(
        &self,
        reference: &ImageReference,
        platforms: &[Platform],
        layout: &Layout,
        progress: &dyn Progress,
    ) -> Result<Vec<Digest>, RegistryError> {
        let chosen = self.choose(reference, platforms, layout).await?;
        let mut blobs = BTreeMap::new();
        for image in &chosen {
            let all = manifest::blobs(&image.manifest)
                .map_err(|source| self.unusable(&image.digest.to_string(), source))?;
            blobs.extend(all.into_iter().map(|blob| (blob.digest, blob)));
        }
        stream::iter(blobs.into_values())
            .map(|blob| self.pull_blob(blob, layout, progress))
            .buffer_unordered(self.connection.options.transfers.max(1))
            .try_collect::<()>()
            .await?;
        for image in &chosen {
            layout.write_blob(&image.bytes)?;
        }
        Ok(chosen.iter().map(|image| image.digest).collect())
    }

    async fn pull_blob(
        &self,
        blob: Blob,
        layout: &Layout,
        progress: &dyn Progress,
    ) -> Result<(), RegistryError> {
        self.connection.traffic.origins.remember(&blob.digest, self.name.path());
        if layout.has_blob(&blob.digest)? == Some(blob.size) {
            return Ok(());
        }
        let _permit = self.connection.traffic.transfer().await;
        let what = blob.digest.to_string();
        let mut download = self.download(&blob.digest, blob.size).await?.whole();
        let mut writer = layout.blob_writer()?;
        let mut told = 0;
        while let Some(piece) = download.next().await? {
            writer.write_all(&piece).map_err(|source| LayoutError::Io {
                action: "write into",
                path: layout.root().to_owned(),
                source,
            })?;
            if writer.size() - told >= STEP || writer.size() == blob.size {
                told = writer.size();
                progress.activity(Activity::Transfer { what: &what, done: told, total: blob.size });
            }
        }
        let digest = blob.digest;
        // Making it durable may take a while.
        let finished = blocking(move || writer.finish_verified(&digest)).await;
        finished.map(|_| ()).map_err(|error| match error {
            LayoutError::WrongDigest { expected, found } => {
                self.connection.other_digest(&self.call_blob(&digest), &expected, &found)
            }
            error => error.into(),
        })
    }
}
