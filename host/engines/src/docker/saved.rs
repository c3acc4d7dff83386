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

/// How compressed layers begin (RFC 1952, section 2.3.1; RFC 8878, section 3.1.1), and what they are called.
const GZIP: &[u8] = &[0x1f, 0x8b];
const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

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
                "mediaType": layer.media_type,
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
    /// OCI image specification 1.1, "Image Layer Filesystem Changeset".
    media_type: &'static str,
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
                    let size = entry.size();
                    let mut all = beginning.chain(&mut entry);
                    if is_document(beginning) && size <= LARGEST_DOCUMENT {
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

/// Whether a file is one of JSON. A layer's first file may have a name that begins like one: a tar header says what it is
/// at its byte 257 (POSIX.1-2017, pax, "ustar Interchange Format").
fn is_document(beginning: &[u8]) -> bool {
    let is_tar = beginning.get(257..262) == Some(b"ustar");
    !is_tar && (beginning.starts_with(b"{") || beginning.starts_with(b"["))
}

/// Writes a layer into the layout, compressed unless it is already.
fn store_layer(content: &mut impl Read, beginning: &[u8], layout: &Layout) -> Result<LayerBlob, ImageError> {
    let known = [(GZIP, LAYER_GZIP), (ZSTD, LAYER_ZSTD)]
        .into_iter()
        .find_map(|(magic, media_type)| beginning.starts_with(magic).then_some(media_type));
    let (digest, size) = if known.is_some() {
        let mut blob = layout.blob_writer()?;
        io::copy(content, &mut blob).map_err(ImageError::Write)?;
        blob.finish()?
    } else {
        compress_layer(layout, content)?
    };
    Ok(LayerBlob { media_type: known.unwrap_or(LAYER_GZIP), digest, size })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, path, *content).unwrap();
        }
        archive.into_inner().unwrap()
    }

    #[test]
    fn layers_are_known_by_how_they_begin() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(folder.path()).unwrap();
        let zstd = [ZSTD, b"any"].concat();
        let files: [(&str, &[u8]); 5] = [
            ("manifest.json", b"[]"),
            ("blobs/sha256/a", &zstd),
            ("blobs/sha256/b", &tar_of(&[("[id].js", b"x")])),
            ("blobs/sha256/c", &tar_of(&[("{id}.js", b"x")])),
            ("blobs/sha256/d", &[GZIP, b"any"].concat()),
        ];
        let mut contents = Contents::default();
        contents.read(tar_of(&files).as_slice(), &layout).unwrap();
        assert_eq!(contents.document(Path::new("manifest.json")).unwrap(), b"[]");
        let media_type = |name| contents.layer(Path::new(name)).unwrap().media_type;
        assert_eq!(media_type("blobs/sha256/a"), LAYER_ZSTD);
        assert_eq!(contents.layer(Path::new("blobs/sha256/a")).unwrap().digest, Digest::of(&zstd));
        for name in ["blobs/sha256/b", "blobs/sha256/c", "blobs/sha256/d"] {
            assert_eq!(media_type(name), LAYER_GZIP);
        }
    }
}
