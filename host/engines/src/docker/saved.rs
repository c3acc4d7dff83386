//! From the archive that a Docker engine exports (`docker save`) to an image in a layout. Old engines name layers
//! `<id>/layer.tar`, new ones `blobs/sha256/<digest>`; `manifest.json` says in both cases which files make the image.

use std::{
    collections::HashMap,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use plimsoll_core::{
    digest::Digest,
    ports::{BuildRequest, BuiltImage},
};
use plimsoll_image::{ImageError, compress_layer};
use plimsoll_layout::Layout;
use serde::Deserialize;
use serde_json::json;
use tar::EntryType;

/// The largest document that is read, bytes.
const LARGEST_DOCUMENT: u64 = 8 << 20;

/// One image of `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: PathBuf,
    layers: Vec<PathBuf>,
}

/// Reads an exported image and writes it into the layout.
pub(crate) fn convert(
    mut archive: impl Read,
    layout: &Layout,
    request: &BuildRequest,
) -> Result<BuiltImage, ImageError> {
    let mut contents = Contents::default();
    contents.read(&mut archive, layout)?;
    // What follows the archive's end is padding; whoever writes it is let finish.
    io::copy(&mut archive, &mut io::sink()).map_err(ImageError::Write)?;
    let index = contents.document(Path::new("manifest.json"))?;
    let saved: Vec<Saved> =
        serde_json::from_slice(index).map_err(|error| unusable(&format!("its manifest.json: {error}")))?;
    let [saved] = &saved[..] else { return Err(unusable("it holds not exactly one image")) };
    let (config, config_size) = layout.write_blob(contents.document(&saved.config)?)?;
    let layers: Vec<LayerBlob> =
        saved.layers.iter().map(|path| contents.layer(path)).collect::<Result<_, _>>()?;
    let descriptors: Vec<_> = layers
        .iter()
        .map(|layer| {
            json!({
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": layer.digest.to_string(),
                "size": layer.size,
            })
        })
        .collect();
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config.to_string(),
            "size": config_size,
        },
        "layers": descriptors,
    });
    if !request.annotations.is_empty() {
        manifest["annotations"] = json!(request.annotations);
    }
    let (digest, _) = layout.write_blob(manifest.to_string().as_bytes())?;
    layout.add_manifest(&digest)?;
    Ok(BuiltImage { digest, size: layers.iter().map(|layer| layer.size).sum(), bases: Vec::new() })
}

fn unusable(problem: &str) -> ImageError {
    ImageError::Base { image: "exported by the engine".to_owned(), problem: problem.to_owned() }
}

/// A layer in the layout.
#[derive(Clone, Copy)]
struct LayerBlob {
    digest: Digest,
    size: u64,
}

/// What an archive holds.
#[derive(Default)]
struct Contents {
    documents: HashMap<PathBuf, Vec<u8>>,
    layers: HashMap<PathBuf, LayerBlob>,
    /// Layers that are the same as others.
    links: HashMap<PathBuf, PathBuf>,
}

impl Contents {
    fn read(&mut self, archive: impl Read, layout: &Layout) -> Result<(), ImageError> {
        let failed = |error: io::Error| unusable(&error.to_string());
        let mut archive = tar::Archive::new(archive);
        for entry in archive.entries().map_err(failed)? {
            let mut entry = entry.map_err(failed)?;
            let path = clamp(&entry.path().map_err(failed)?);
            match entry.header().entry_type() {
                EntryType::Symlink | EntryType::Link => {
                    let target = entry.link_name().map_err(failed)?.unwrap_or_default();
                    // Hard links are named from the root of the archive, symbolic ones from where they are.
                    let folder =
                        if entry.header().entry_type() == EntryType::Link { None } else { path.parent() };
                    self.links.insert(path.clone(), clamp(&folder.unwrap_or(Path::new("")).join(target)));
                }
                EntryType::Regular => {
                    let mut beginning = [0; 512];
                    let length = read_up_to(&mut entry, &mut beginning).map_err(failed)?;
                    let beginning = &beginning[..length];
                    let is_document = beginning.starts_with(b"{") || beginning.starts_with(b"[");
                    let size = entry.size();
                    let mut all = beginning.chain(&mut entry);
                    if is_document && size <= LARGEST_DOCUMENT {
                        let mut document = Vec::new();
                        all.read_to_end(&mut document).map_err(failed)?;
                        self.documents.insert(path, document);
                    } else if path.ends_with("layer.tar") || path.starts_with("blobs") {
                        self.layers.insert(path, store_layer(&mut all, beginning, layout)?);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn real<'a>(&'a self, path: &'a Path) -> &'a Path {
        self.links.get(path).map_or(path, PathBuf::as_path)
    }

    fn document(&self, path: &Path) -> Result<&[u8], ImageError> {
        let document = self.documents.get(self.real(path)).map(Vec::as_slice);
        document.ok_or_else(|| unusable(&format!("it has no {}", path.display())))
    }

    fn layer(&self, path: &Path) -> Result<LayerBlob, ImageError> {
        let layer = self.layers.get(self.real(path)).copied();
        layer.ok_or_else(|| unusable(&format!("it has no {}", path.display())))
    }
}

/// Writes a layer into the layout, compressed unless it is already.
fn store_layer(content: &mut impl Read, beginning: &[u8], layout: &Layout) -> Result<LayerBlob, ImageError> {
    let (digest, size) = if beginning.starts_with(&[0x1f, 0x8b]) {
        let mut blob = layout.blob_writer()?;
        io::copy(content, &mut blob).map_err(ImageError::Write)?;
        blob.finish()?
    } else {
        compress_layer(layout, content)?
    };
    Ok(LayerBlob { digest, size })
}

/// A path relative to the root of the archive, `..` resolved by name and never above the root.
fn clamp(path: &Path) -> PathBuf {
    let mut clamped = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => clamped.push(part),
            Component::ParentDir => drop(clamped.pop()),
            _ => {}
        }
    }
    clamped
}

fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}
