//! Everything that belongs to an image or an index in a layout.

use std::collections::BTreeSet;

use plimsoll_core::digest::Digest;

use crate::{
    error::LayoutError,
    layout::Layout,
    manifest::{self, Blob, Manifest, ManifestError},
};

/// How deep indexes may lie in one another. One level is usual.
const DEEPEST: usize = 4;

/// What has to be moved for an image or an index to be complete elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Configurations and layers, each once.
    pub blobs: Vec<Blob>,
    /// Manifests, each once. What a manifest names comes before it; the image or index itself is the last one.
    pub manifests: Vec<Digest>,
}

impl Layout {
    /// Everything that an image or an index consists of. Only the manifests are read.
    ///
    /// # Errors
    /// A manifest is missing, damaged or none that can be used, or indexes lie in one another too deep.
    pub fn contents(&self, digest: &Digest) -> Result<Contents, LayoutError> {
        let mut collection = Collection::default();
        collection.add(self, digest, DEEPEST)?;
        Ok(collection.contents)
    }
}

/// The contents so far, and what was seen of either kind.
#[derive(Default)]
struct Collection {
    contents: Contents,
    blobs: BTreeSet<Digest>,
    manifests: BTreeSet<Digest>,
}

impl Collection {
    fn add(&mut self, layout: &Layout, digest: &Digest, depth: usize) -> Result<(), LayoutError> {
        if !self.manifests.insert(*digest) {
            return Ok(());
        }
        let unusable = |source| LayoutError::Manifest { digest: *digest, source };
        match layout.read_manifest(digest)? {
            Manifest::Image(image) => {
                let blobs = manifest::blobs(&image).map_err(unusable)?;
                self.contents.blobs.extend(blobs.into_iter().filter(|blob| self.blobs.insert(blob.digest)));
            }
            Manifest::Index(_) if depth == 0 => return Err(unusable(ManifestError::TooDeep)),
            Manifest::Index(index) => {
                for entry in index.manifests() {
                    self.add(layout, &manifest::digest(entry).map_err(unusable)?, depth - 1)?;
                }
            }
        }
        self.contents.manifests.push(*digest);
        Ok(())
    }
}
