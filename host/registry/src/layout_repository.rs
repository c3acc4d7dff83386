//! An image layout on disk as the place where images go.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    names::Tag,
    ports::{Activity, ImageRepository, PortFailure, Progress, PushReport},
};
use plimsoll_layout::{
    Contents, Layout, LayoutError,
    manifest::{self, Blob, LARGEST_CONFIGURATION, LARGEST_MANIFEST, Manifest},
};

use crate::{error::RegistryError, waiting::blocking};

/// A layout as a repository. It is made when the first image goes into it; until then it has no tags.
#[derive(Debug, Clone)]
pub struct LayoutRepository {
    root: PathBuf,
}

impl LayoutRepository {
    /// The repository in a folder.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Reads something from the layout on a blocking thread; `None` when there is no layout yet.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Layout) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<Option<T>, RegistryError> {
        let root = self.root.clone();
        blocking(move || if is_to_be(&root)? { Ok(None) } else { read(&Layout::open(&root)?).map(Some) })
            .await
    }
}

#[async_trait]
impl ImageRepository for LayoutRepository {
    async fn push(
        &self,
        layout: &Path,
        digest: &Digest,
        progress: &dyn Progress,
    ) -> Result<PushReport, PortFailure> {
        let (from, to, digest) = (layout.to_owned(), self.root.clone(), *digest);
        let (from, to) = blocking(move || open(&from, &to)).await?;
        let Contents { blobs, manifests } = from.contents(&digest)?;
        let mut report = PushReport::default();
        for blob in blobs {
            report = report + copy_one(&from, &to, blob, progress).await?;
        }
        blocking(move || {
            for manifest in manifests {
                to.write_blob(&from.read_blob(&manifest, LARGEST_MANIFEST)?)?;
            }
            to.add_manifest(&digest)
        })
        .await?;
        Ok(report)
    }

    async fn push_blob(
        &self,
        layout: &Path,
        digest: &Digest,
        progress: &dyn Progress,
    ) -> Result<PushReport, PortFailure> {
        let (from, to, digest) = (layout.to_owned(), self.root.clone(), *digest);
        let (from, to) = blocking(move || open(&from, &to)).await?;
        let missing = || LayoutError::BlobMissing { digest, root: from.root().to_owned() };
        let size = from.has_blob(&digest)?.ok_or_else(missing)?;
        Ok(copy_one(&from, &to, Blob { digest, size }, progress).await?)
    }

    async fn resolve(&self, tag: &Tag) -> Result<Option<Digest>, PortFailure> {
        let tag = tag.clone();
        Ok(self.read(move |layout| Ok(layout.resolve(tag.as_str())?)).await?.flatten())
    }

    async fn set_tag(&self, tag: &Tag, digest: &Digest) -> Result<(), PortFailure> {
        let (root, tag, digest) = (self.root.clone(), tag.clone(), *digest);
        Ok(blocking(move || Layout::open(&root)?.set_reference(tag.as_str(), &digest)).await?)
    }

    async fn tags(&self) -> Result<Vec<String>, PortFailure> {
        let tags =
            self.read(|layout| Ok(layout.references()?.into_iter().filter_map(|(tag, _)| tag).collect()));
        Ok(tags.await?.unwrap_or_default())
    }

    async fn labels(&self, digest: &Digest) -> Result<Option<BTreeMap<String, String>>, PortFailure> {
        let digest = *digest;
        Ok(self.read(move |layout| labels(layout, &digest)).await?.flatten())
    }
}

/// Whether the folder is missing or empty: a layout to be. A folder with something else in it is a mistake.
fn is_to_be(root: &Path) -> Result<bool, LayoutError> {
    match std::fs::read_dir(root) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(source) => Err(LayoutError::Io { action: "read", path: root.to_owned(), source }),
    }
}

/// Opens what is copied from and to.
fn open(from: &Path, to: &Path) -> Result<(Layout, Layout), LayoutError> {
    Ok((Layout::open(from)?, Layout::open_or_create(to)?))
}

/// Copies a blob on a blocking thread, unless it is there.
async fn copy_one(
    from: &Layout,
    to: &Layout,
    blob: Blob,
    progress: &dyn Progress,
) -> Result<PushReport, RegistryError> {
    let (what, total) = (blob.digest.to_string(), blob.size);
    let (from, to) = (from.clone(), to.clone());
    if !blocking(move || copy(&from, &to, &blob)).await? {
        return Ok(PushReport::present());
    }
    progress.activity(Activity::Transfer { what: &what, done: total, total });
    Ok(PushReport::sent(total))
}

/// Copies a blob, verified, unless it is there; answers whether it had to.
fn copy(from: &Layout, to: &Layout, blob: &Blob) -> Result<bool, RegistryError> {
    if to.has_blob(&blob.digest)? == Some(blob.size) {
        return Ok(false);
    }
    let mut writer = to.blob_writer()?;
    io::copy(&mut from.open_blob(&blob.digest)?, &mut writer).map_err(|source| LayoutError::Io {
        action: "copy a blob into",
        path: to.root().to_owned(),
        source,
    })?;
    writer.finish_verified(&blob.digest)?;
    Ok(true)
}

fn labels(layout: &Layout, digest: &Digest) -> Result<Option<BTreeMap<String, String>>, RegistryError> {
    if layout.has_blob(digest)?.is_none() {
        return Ok(None);
    }
    let unusable = |source| RegistryError::Manifest { what: digest.to_string(), source };
    let image = match layout.read_manifest(digest)? {
        Manifest::Image(image) => image,
        Manifest::Index(index) => {
            let Some(first) = manifest::first_image(&index) else { return Ok(Some(BTreeMap::new())) };
            return labels(layout, &manifest::digest(first).map_err(unusable)?);
        }
    };
    let configuration = manifest::digest(image.config()).map_err(unusable)?;
    let bytes = layout.read_blob(&configuration, LARGEST_CONFIGURATION)?;
    manifest::labels(&bytes).map(Some).map_err(unusable)
}
