//! The image that is to be verified, as people name it.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use plimsoll_core::{
    digest::Digest,
    names::Tag,
    ports::{FailureClass, ImageRepository, PortFailure, Referrers},
    reference::{ImageReference, RepositoryName},
};
use plimsoll_registry::{LayoutRepository, Registries};

use crate::configuration::Destination;

/// The tag that a name without one means.
const DEFAULT_TAG: &str = "latest";

/// An image by its name: `REPOSITORY[:TAG][@DIGEST]` in a registry, or `oci:FOLDER[:TAG][@DIGEST]` in a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedImage {
    place: Place,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Registry(RepositoryName),
    Layout(PathBuf),
}

/// An image that is there.
pub struct ImageToVerify {
    /// Its name, with the digest.
    pub name: String,
    /// Its digest.
    pub digest: Digest,
    /// The tag that it was named by, if it was.
    pub tag: Option<Tag>,
    /// Its repository.
    pub(super) repository: Arc<dyn ImageRepository>,
    /// What lies beside it.
    pub(super) referrers: Arc<dyn Referrers>,
}

/// There is no such image.
#[derive(Debug, thiserror::Error)]
enum NoImage {
    #[error("there is no image {0}")]
    NotThere(String),
    #[error("{name} is {found} now, not the digest that stands there")]
    Moved { name: String, found: Digest },
}

/// A repository as where images go, and as what lies beside them.
pub(crate) fn both<Repository: ImageRepository + Referrers + 'static>(
    repository: Repository,
) -> (Arc<dyn ImageRepository>, Arc<dyn Referrers>) {
    let repository = Arc::new(repository);
    (Arc::clone(&repository) as _, repository)
}

impl FromStr for NamedImage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(layout) = text.strip_prefix("oci:") else {
            let ImageReference { repository, tag, digest } = text
                .strip_prefix("docker://")
                .unwrap_or(text)
                .parse()
                .map_err(|error: plimsoll_core::reference::InvalidReference| error.to_string())?;
            return Ok(Self { place: Place::Registry(repository), tag, digest });
        };
        let (layout, digest) = match layout.split_once('@') {
            Some((layout, digest)) => {
                let digest = digest
                    .parse()
                    .map_err(|error: plimsoll_core::digest::InvalidDigest| error.to_string())?;
                (layout, Some(digest))
            }
            None => (layout, None),
        };
        let (folder, tag) = match layout.rsplit_once(':') {
            Some((folder, tag)) if !tag.contains('/') => {
                (folder, Some(Tag::new(tag).map_err(|error| error.to_string())?))
            }
            _ => (layout, None),
        };
        if folder.is_empty() {
            return Err(format!("`{text}` names no folder: write `oci:FOLDER:TAG`"));
        }
        Ok(Self { place: Place::Layout(folder.into()), tag, digest })
    }
}

impl NamedImage {
    /// Whether a configuration's images go where this one is.
    #[must_use]
    pub fn is_of(&self, destination: &Destination) -> bool {
        let same = |one: &Path, other: &Path| match (one.canonicalize(), other.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => one == other,
        };
        match (&self.place, destination) {
            (Place::Registry(name), Destination::Registry(other)) => name == other,
            (Place::Layout(path), Destination::Layout { path: other, .. }) => same(path, other),
            _ => false,
        }
    }

    /// Finds the image.
    ///
    /// # Errors
    /// It is not there, or the repository could not be asked.
    pub async fn find(&self, registries: &Registries) -> Result<ImageToVerify, PortFailure> {
        let (repository, referrers) = match &self.place {
            Place::Registry(name) => both(registries.repository(name.clone())),
            Place::Layout(path) => both(LayoutRepository::new(path.clone())),
        };
        let missing = |problem: NoImage| {
            PortFailure::new(FailureClass::Configuration, problem)
                .hint("`plimsoll history` lists the images of releases")
        };
        let place = self.written();
        let default =
            || Tag::new(DEFAULT_TAG).map_err(|error| PortFailure::new(FailureClass::Internal, error));
        let tag = match (&self.tag, self.digest) {
            (None, None) => Some(default()?),
            (tag, _) => tag.clone(),
        };
        let digest = match &tag {
            Some(tag) => {
                let name = || format!("{place}:{tag}");
                let found =
                    repository.resolve(tag).await?.ok_or_else(|| missing(NoImage::NotThere(name())))?;
                if self.digest.is_some_and(|digest| digest != found) {
                    return Err(missing(NoImage::Moved { name: name(), found }));
                }
                found
            }
            None => self.digest.ok_or_else(|| missing(NoImage::NotThere(place.clone())))?,
        };
        if tag.is_none() && repository.labels(&digest).await?.is_none() {
            return Err(missing(NoImage::NotThere(format!("{place}@{digest}"))));
        }
        let name = match &tag {
            Some(tag) => format!("{place}:{tag}@{digest}"),
            None => format!("{place}@{digest}"),
        };
        Ok(ImageToVerify { name, digest, tag, repository, referrers })
    }

    fn written(&self) -> String {
        match &self.place {
            Place::Registry(name) => name.to_string(),
            Place::Layout(path) => format!("oci:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn images_are_named_in_registries_and_layouts() {
        let digest = Digest::of(b"image");
        for (text, place, tag, exact) in [
            ("ghcr.io/contoso/website:v1", "ghcr.io/contoso/website", Some("v1"), false),
            ("docker://localhost:5000/website", "localhost:5000/website", None, false),
            (&format!("oci:images/website@{digest}"), "oci:images/website", None, true),
            (&format!("oci:images/website:v1@{digest}"), "oci:images/website", Some("v1"), true),
            ("oci:/a:b/website", "oci:/a:b/website", None, false),
            ("oci:website:v1", "oci:website", Some("v1"), false),
        ] {
            let named: NamedImage = text.parse().unwrap();
            assert_eq!(named.written(), place, "{text}");
            assert_eq!(named.tag.as_ref().map(Tag::as_str), tag, "{text}");
            assert_eq!(named.digest.is_some(), exact, "{text}");
        }
        for bad in ["", "oci:", "oci::v1", "oci:a:", "oci:a@sha256:0", "A/B"] {
            assert!(bad.parse::<NamedImage>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_survived(text in "(oci:)?(\\PC|[:@/]){0,20}") {
            let _ = text.parse::<NamedImage>();
        }
    }
}
