//! From the image layout that an engine writes, in an archive or a folder, to an image in ours. Nothing of it is believed: every
//! blob is hashed on its way, and an image counts only when all of it is there.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use oci_spec::image::{Descriptor, ImageIndex};
use plimsoll_core::{
    digest::Digest,
    ports::{BuiltImage, Platform},
};
use plimsoll_layout::{
    Layout, Manifest,
    manifest::{self, LARGEST_CONFIGURATION, LARGEST_MANIFEST, OCI_INDEX},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::EngineError;

/// The largest `index.json` that is read, bytes.
const LARGEST_INDEX: u64 = LARGEST_MANIFEST;
/// How deep indexes may lie in one another.
const DEEPEST: usize = 4;
/// The annotation of what BuildKit attaches to images (BuildKit's documentation, "Image attestation storage").
const ATTESTATION: &str = "vnd.docker.reference.type";

/// Takes in a layout that comes as a tar archive (OCI image specification 1.1, "Image Layout").
pub(crate) fn archive(
    archive: impl Read,
    layout: &Layout,
    platforms: &[Platform],
) -> Result<BuiltImage, EngineError> {
    let failed = |error: io::Error| unusable(&error.to_string());
    let mut archive = tar::Archive::new(archive);
    let mut index = None;
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(failed)?.into_owned();
        if path == Path::new("index.json") {
            index = Some(read_index(&mut entry)?);
        } else if let Some(digest) = digest_of(&path) {
            take_blob(&mut entry, &digest, layout)?;
        }
    }
    let mut rest = archive.into_inner();
    // What follows the archive's end is padding; whoever writes it is let finish.
    io::copy(&mut rest, &mut io::sink()).map_err(failed)?;
    offer(index, layout, platforms)
}

/// Takes in a layout that lies in a folder.
pub(crate) fn folder(
    folder: &Path,
    layout: &Layout,
    platforms: &[Platform],
) -> Result<BuiltImage, EngineError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| EngineError::Io { action: "read", path, source }
    };
    let blobs = folder.join("blobs/sha256");
    for entry in fs::read_dir(&blobs).map_err(io(&blobs))? {
        let path = entry.map_err(io(&blobs))?.path();
        if let Some(digest) = path.strip_prefix(folder).ok().and_then(digest_of) {
            take_blob(&mut File::open(&path).map_err(io(&path))?, &digest, layout)?;
        }
    }
    let path = folder.join("index.json");
    let index = read_index(&mut File::open(&path).map_err(io(&path))?)?;
    offer(Some(index), layout, platforms)
}

fn unusable(problem: &str) -> EngineError {
    EngineError::Unusable(problem.to_owned())
}

/// The digest of the blob that lies there.
fn digest_of(path: &Path) -> Option<Digest> {
    let name = path.strip_prefix("blobs/sha256").ok()?.to_str()?;
    format!("sha256:{name}").parse().ok()
}

fn read_index(from: &mut impl Read) -> Result<ImageIndex, EngineError> {
    let mut bytes = Vec::new();
    from.take(LARGEST_INDEX).read_to_end(&mut bytes).map_err(|error| unusable(&error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| unusable(&format!("its index.json: {error}")))
}

fn take_blob(from: &mut impl Read, digest: &Digest, layout: &Layout) -> Result<(), EngineError> {
    let mut blob = layout.blob_writer()?;
    io::copy(from, &mut blob).map_err(|error| unusable(&format!("the blob {digest}: {error}")))?;
    blob.finish_verified(digest)?;
    Ok(())
}

/// Finds what was built, looks whether it is all there, and offers it in the layout.
fn offer(
    index: Option<ImageIndex>,
    layout: &Layout,
    platforms: &[Platform],
) -> Result<BuiltImage, EngineError> {
    let index = index.ok_or_else(|| unusable("it has no index.json"))?;
    let index = innermost(index, layout)?;
    let (digest, images) = match platforms {
        [platform] => {
            let [image] = &index.images[..] else {
                let count = index.images.len();
                return Err(unusable(&format!("it holds {count} images, and one was asked for")));
            };
            let digest = digest(image)?;
            check_platform(&digest, platform, layout)?;
            (digest, vec![digest])
        }
        _ => {
            for platform in platforms {
                let image = manifest::for_platform(manifest::images(&index.all), platform);
                let image = image.map_err(|error| unusable(&error.to_string()))?;
                check_platform(&digest(image)?, platform, layout)?;
            }
            let images = index.images.iter().map(digest).collect::<Result<_, _>>()?;
            (index.digest(layout)?, images)
        }
    };
    let size = check(&images, layout)?;
    layout.add_manifest(&digest)?;
    // Which images it was made from, the engine alone knows.
    Ok(BuiltImage { digest, size, bases: Vec::new() })
}

fn digest(descriptor: &Descriptor) -> Result<Digest, EngineError> {
    manifest::digest(descriptor).map_err(|error| unusable(&error.to_string()))
}

/// The index that lists the images.
struct Innermost {
    /// Its digest, unless it is the layout's own.
    own: Option<Digest>,
    all: ImageIndex,
    /// What it lists beside attestations.
    images: Vec<Descriptor>,
}

/// Follows indexes that list nothing but one other index.
fn innermost(mut index: ImageIndex, layout: &Layout) -> Result<Innermost, EngineError> {
    let mut own = None;
    for _ in 0..DEEPEST {
        let images: Vec<Descriptor> =
            index.manifests().iter().filter(|entry| !is_attestation(entry)).cloned().collect();
        let inner = match &images[..] {
            [only] => match layout.read_manifest(&digest(only)?)? {
                Manifest::Index(inner) => Some((digest(only)?, *inner)),
                Manifest::Image(_) => None,
            },
            _ => None,
        };
        match inner {
            Some((digest, inner)) => (own, index) = (Some(digest), inner),
            None => return Ok(Innermost { own, all: index, images }),
        }
    }
    Err(unusable("its indexes lie too deep in one another"))
}

fn is_attestation(entry: &Descriptor) -> bool {
    let is_marked = entry.annotations().as_ref().is_some_and(|all| all.contains_key(ATTESTATION));
    let is_for_nothing = |platform: &oci_spec::image::Platform| platform.os().to_string() == "unknown";
    is_marked || entry.platform().as_ref().is_some_and(is_for_nothing)
}

impl Innermost {
    /// The digest of an index of the images alone: this one where it has nothing else, else a new one.
    fn digest(&self, layout: &Layout) -> Result<Digest, EngineError> {
        if let Some(digest) = self.own
            && self.images.len() == self.all.manifests().len()
        {
            return Ok(digest);
        }
        let mut index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": self.images });
        if let Some(annotations) = self.all.annotations() {
            index["annotations"] =
                annotations.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
        }
        Ok(layout.write_blob(index.to_string().as_bytes())?.0)
    }
}

/// Looks whether an image says of itself that it runs there: an engine may have mixed it up with one that it made before.
fn check_platform(image: &Digest, wanted: &Platform, layout: &Layout) -> Result<(), EngineError> {
    #[derive(Deserialize)]
    struct Configuration {
        os: String,
        architecture: String,
        variant: Option<String>,
    }
    let Manifest::Image(manifest) = layout.read_manifest(image)? else {
        return Err(unusable(&format!("{image} is no image")));
    };
    let bytes = layout.read_blob(&digest(manifest.config())?, LARGEST_CONFIGURATION)?;
    let Configuration { os, architecture, variant } =
        serde_json::from_slice(&bytes).map_err(|error| unusable(&format!("its configuration: {error}")))?;
    let own = Platform::new(&os, &architecture, variant.as_deref());
    manifest::for_platform([(own, ())], wanted).map_err(|error| unusable(&error.to_string()))
}

/// Looks whether every blob of the images is there, and has the size that it should have; answers the bytes of their layers.
fn check(images: &[Digest], layout: &Layout) -> Result<u64, EngineError> {
    let mut layers = BTreeSet::new();
    let mut size = 0;
    for image in images {
        let Manifest::Image(manifest) = layout.read_manifest(image)? else {
            return Err(unusable(&format!("{image} is no image")));
        };
        let blobs = manifest::blobs(&manifest).map_err(|error| unusable(&error.to_string()))?;
        let config = digest(manifest.config())?;
        for blob in blobs {
            match layout.has_blob(&blob.digest)? {
                Some(there) if there == blob.size => {}
                Some(_) => {
                    return Err(unusable(&format!("{} has not the size that its image says", blob.digest)));
                }
                None => return Err(unusable(&format!("{} is missing", blob.digest))),
            }
            if blob.digest != config && layers.insert(blob.digest) {
                size += blob.size;
            }
        }
    }
    Ok(size)
}

#[cfg(test)]
mod tests;
