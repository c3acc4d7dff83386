//! What a build gets from elsewhere: each thing once, so that it is the same wherever it is used.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use plimsoll_core::{
    digest::Digest,
    ports::{GitSource, PortFailure, Progress, RemoteSources},
};
use plimsoll_layout::Layout;
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::error::ImageError;

/// Fetches from threads that may block.
pub(super) struct Elsewhere {
    sources: Arc<dyn RemoteSources>,
    runtime: Handle,
    /// Where checkouts are until the build ends.
    folder: TempDir,
    files: Mutex<BTreeMap<String, (Digest, u64)>>,
    repositories: Mutex<Vec<(GitSource, Checkout)>>,
}

/// A state of a git repository.
#[derive(Debug, Clone)]
pub(super) struct Checkout {
    pub(super) folder: PathBuf,
    pub(super) commit: String,
}

impl Elsewhere {
    /// For one build, in the runtime of the caller.
    pub(super) fn new(sources: Arc<dyn RemoteSources>, layout: &Layout) -> Result<Self, ImageError> {
        let folder = tempfile::Builder::new()
            .prefix(".elsewhere-")
            .tempdir_in(layout.root())
            .map_err(ImageError::io("write into", layout.root()))?;
        let (files, repositories) = (Mutex::default(), Mutex::default());
        Ok(Self { sources, runtime: Handle::current(), folder, files, repositories })
    }

    /// A file on the web, as a blob in the layout; answers its digest and size.
    pub(super) fn file(
        &self,
        url: &str,
        layout: &Layout,
        progress: &dyn Progress,
    ) -> Result<(Digest, u64), PortFailure> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = files.get(url) {
            return Ok(*known);
        }
        let mut blob = layout.blob_writer()?;
        self.runtime.block_on(self.sources.file(url, &mut blob, progress))?;
        let fetched = blob.finish()?;
        files.insert(url.to_owned(), fetched);
        Ok(fetched)
    }

    /// A state of a git repository, as a folder that is there until the build ends.
    pub(super) fn repository(
        &self,
        source: &GitSource,
        progress: &dyn Progress,
    ) -> Result<Checkout, PortFailure> {
        let mut known = self.repositories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, checkout)) = known.iter().find(|(earlier, _)| earlier == source) {
            return Ok(checkout.clone());
        }
        let folder = tempfile::tempdir_in(self.folder.path())
            .map_err(ImageError::io("write into", self.folder.path()))?
            // It goes with the folder that it is in.
            .keep();
        let commit = self.runtime.block_on(self.sources.repository(source, &folder, progress))?;
        let checkout = Checkout { folder, commit };
        known.push((source.clone(), checkout.clone()));
        Ok(checkout)
    }
}
