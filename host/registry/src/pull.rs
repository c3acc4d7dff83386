//! Pulling an image for one platform into a layout.

use std::io::Write as _;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use plimsoll_core::{
    digest::Digest,
    names::Tag,
    ports::{Activity, Platform, Progress},
    reference::ImageReference,
};
use plimsoll_layout::{
    Layout, LayoutError,
    manifest::{self, Blob, LARGEST_CONFIGURATION, LARGEST_MANIFEST, Manifest, NoSuchPlatform},
};
use serde::Deserialize;

use crate::{error::RegistryError, repository::RegistryRepository, waiting::blocking};

/// Blobs on their way at the same time.
const SIDE_BY_SIDE: usize = 4;
/// A watcher is told of every so many bytes.
const STEP: u64 = 256 << 10;
/// The tag that a reference without one means.
const DEFAULT_TAG: &str = "latest";

impl RegistryRepository {
    /// See `BaseImages::fetch`. The manifest goes into the layout last: where it is, everything is.
    pub(crate) async fn pull(
        &self,
        reference: &ImageReference,
        platform: &Platform,
        layout: &Layout,
        progress: &dyn Progress,
    ) -> Result<Digest, RegistryError> {
        let target = match (&reference.digest, &reference.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.as_ref().map_or(DEFAULT_TAG, Tag::as_str).to_owned(),
        };
        let (mut bytes, mut digest) = self.manifest_for(&target, layout).await?;
        let mut parsed = self.parse(&target, &bytes)?;
        if let Manifest::Index(index) = &parsed {
            let chosen = manifest::for_platform(manifest::images(index), platform)
                .map_err(|source| RegistryError::Platform { what: reference.to_string(), source })?;
            digest = manifest::digest(chosen).map_err(|source| self.unusable(&target, source))?;
            (bytes, _) = self.manifest_for(&digest.to_string(), layout).await?;
            parsed = self.parse(&digest.to_string(), &bytes)?;
        }
        let Manifest::Image(image) = parsed else {
            return Err(self.connection.nonsense(&self.call(&target), "an index inside an index".to_owned()));
        };
        let blobs = manifest::blobs(&image).map_err(|source| self.unusable(&target, source))?;
        stream::iter(blobs)
            .map(|blob| self.pull_blob(blob, layout, progress))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect::<()>()
            .await?;
        let configuration =
            manifest::digest(image.config()).map_err(|source| self.unusable(&target, source))?;
        let found = platform_of(&layout.read_blob(&configuration, LARGEST_CONFIGURATION)?);
        fits(found, platform)
            .map_err(|source| RegistryError::Platform { what: reference.to_string(), source })?;
        layout.write_blob(&bytes)?;
        Ok(digest)
    }

    /// A manifest, from the layout when it is asked for by digest and there already.
    async fn manifest_for(&self, target: &str, layout: &Layout) -> Result<(Vec<u8>, Digest), RegistryError> {
        if let Ok(digest) = target.parse()
            && layout.has_blob(&digest)?.is_some()
            && let Ok(bytes) = layout.read_blob(&digest, LARGEST_MANIFEST)
        {
            return Ok((bytes, digest));
        }
        self.manifest(target).await
    }

    async fn pull_blob(
        &self,
        blob: Blob,
        layout: &Layout,
        progress: &dyn Progress,
    ) -> Result<(), RegistryError> {
        if layout.has_blob(&blob.digest)? == Some(blob.size) {
            return Ok(());
        }
        self.connection.retrying(|| self.fetch_blob(&blob, layout, progress)).await
    }

    async fn fetch_blob(
        &self,
        blob: &Blob,
        layout: &Layout,
        progress: &dyn Progress,
    ) -> Result<(), RegistryError> {
        let what = blob.digest.to_string();
        let mut download = self.download(&blob.digest, blob.size).await?;
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
        if writer.size() < blob.size {
            return Err(self.connection.interrupted(None));
        }
        let digest = blob.digest;
        // Making it durable may take a while.
        blocking(move || writer.finish_verified(&digest)).await?;
        Ok(())
    }
}

/// The platform in an image's configuration; `None` when it does not say.
fn platform_of(configuration: &[u8]) -> Option<Platform> {
    #[derive(Deserialize)]
    struct Configuration {
        os: String,
        architecture: String,
        variant: Option<String>,
    }
    let Configuration { os, architecture, variant } = serde_json::from_slice(configuration).ok()?;
    (!os.is_empty() && !architecture.is_empty())
        .then(|| Platform::new(&os, &architecture, variant.as_deref()))
}

/// An image without an index has one platform. Its variant is left aside: many images do not state theirs.
fn fits(found: Option<Platform>, wanted: &Platform) -> Result<(), Box<NoSuchPlatform>> {
    match found {
        Some(found) if (found.os(), found.architecture()) != (wanted.os(), wanted.architecture()) => {
            Err(Box::new(NoSuchPlatform { wanted: wanted.clone(), available: vec![found] }))
        }
        _ => Ok(()),
    }
}
