//! Which images a reference means on which platforms.

use std::collections::VecDeque;

use plimsoll_core::{digest::Digest, names::Tag, ports::Platform, reference::ImageReference};
use plimsoll_layout::{
    Layout,
    manifest::{self, Descriptor, ImageIndex, ImageManifest, LARGEST_MANIFEST, Manifest},
};

use crate::{error::RegistryError, repository::RegistryRepository};

/// The tag that a reference without one means.
const DEFAULT_TAG: &str = "latest";
/// The most indexes inside an index that are looked into. Those in use have none or a few.
const MOST_INNER_INDEXES: usize = 32;

/// An image that was chosen.
pub(crate) struct Chosen {
    pub(crate) digest: Digest,
    /// The manifest as the registry has it.
    pub(crate) bytes: Vec<u8>,
    pub(crate) manifest: Box<ImageManifest>,
}

impl RegistryRepository {
    /// The image for each platform, all from one look at the reference. An image that is in no index is taken for every
    /// platform: it is up to the caller whether it fits.
    pub(crate) async fn choose(
        &self,
        reference: &ImageReference,
        platforms: &[Platform],
        layout: &Layout,
    ) -> Result<Vec<Chosen>, RegistryError> {
        let target = match (&reference.digest, &reference.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.as_ref().map_or(DEFAULT_TAG, Tag::as_str).to_owned(),
        };
        let (bytes, digest) = self.manifest_for(&target, layout).await?;
        let index = match self.parse(&target, &bytes)? {
            Manifest::Image(manifest) => {
                let chosen = || Chosen { digest, bytes: bytes.clone(), manifest: manifest.clone() };
                return Ok(platforms.iter().map(|_| chosen()).collect());
            }
            Manifest::Index(index) => index,
        };
        let images = self.images(&target, *index, layout).await?;
        let mut all = Vec::with_capacity(platforms.len());
        for platform in platforms {
            let images = images.iter().map(|(platform, entry)| (platform.clone(), entry));
            let entry = manifest::for_platform(images, platform)
                .map_err(|source| RegistryError::Platform { what: reference.to_string(), source })?;
            all.push(self.chosen(&target, entry, layout).await?);
        }
        Ok(all)
    }

    /// The images of an index and of the indexes inside it.
    async fn images(
        &self,
        target: &str,
        index: ImageIndex,
        layout: &Layout,
    ) -> Result<Vec<(Platform, Descriptor)>, RegistryError> {
        let (mut images, mut looked_into) = (Vec::new(), 0);
        let mut open = VecDeque::from([index]);
        while let Some(index) = open.pop_front() {
            images.extend(manifest::images(&index).map(|(platform, entry)| (platform, entry.clone())));
            for inner in manifest::inner_indexes(&index) {
                looked_into += 1;
                if looked_into > MOST_INNER_INDEXES {
                    return Err(self.unusable(target, manifest::ManifestError::TooDeep));
                }
                match self.entry(target, inner, layout).await?.2 {
                    Manifest::Index(inner) => open.push_back(*inner),
                    Manifest::Image(_) => return Err(self.mistaken(target, inner)),
                }
            }
        }
        Ok(images)
    }

    async fn chosen(
        &self,
        target: &str,
        entry: &Descriptor,
        layout: &Layout,
    ) -> Result<Chosen, RegistryError> {
        let (digest, bytes, manifest) = self.entry(target, entry, layout).await?;
        match manifest {
            Manifest::Image(manifest) => Ok(Chosen { digest, bytes, manifest }),
            Manifest::Index(_) => Err(self.mistaken(target, entry)),
        }
    }

    async fn entry(
        &self,
        target: &str,
        entry: &Descriptor,
        layout: &Layout,
    ) -> Result<(Digest, Vec<u8>, Manifest), RegistryError> {
        let digest = manifest::digest(entry).map_err(|source| self.unusable(target, source))?;
        let (bytes, _) = self.manifest_for(&digest.to_string(), layout).await?;
        let manifest = self.parse(&digest.to_string(), &bytes)?;
        Ok((digest, bytes, manifest))
    }

    fn mistaken(&self, target: &str, entry: &Descriptor) -> RegistryError {
        let problem = format!("{} is not the `{}` that it is said to be", entry.digest(), entry.media_type());
        self.connection.nonsense(&self.call(target), problem)
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
}
