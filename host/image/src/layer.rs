//! Layers: from entries to a blob in the layout.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    io::{self, Read, Write},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
    sync::Arc,
};

use plimsoll_core::{digest::Digest, ports::Compression};
use plimsoll_layout::Layout;
use sha2::{Digest as _, Sha256};

use crate::{
    base_layer,
    error::ImageError,
    files::{Content, Kind, Node},
    pipeline,
    segment_cache::{KnownSegments, Packed},
    tar_writer::{self, Unpacked},
};

/// The files of a layer, sorted part by part of their paths: parents before what is in them.
pub(crate) type Entries = Vec<Entry>;

/// A file, where it is in the layer and what it is.
pub(crate) type Entry = (PathBuf, Arc<Node>);

/// A layer in the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct LayerBlob {
    /// Digest of the blob.
    pub(crate) digest: Digest,
    /// Digest of the uncompressed layer (OCI image specification 1.1, "Layer DiffID").
    pub(crate) diff_id: Digest,
    /// Size of the blob, bytes.
    pub(crate) size: u64,
}

/// Writes a layer into the layout, with what is known of its segments; answers which those are.
pub(crate) fn write(
    layout: &Layout,
    entries: &[Entry],
    timestamp: i64,
    known: &KnownSegments,
) -> Result<(LayerBlob, Vec<Packed>), ImageError> {
    let wanted = from_layers(entries);
    let mut unpacked = Unpacked::new();
    // Lives until the layer is written.
    let mut folder = None;
    if !wanted.is_empty() {
        let made = tempfile::Builder::new().prefix(".unpacked-").tempdir_in(layout.root());
        let made = made.map_err(ImageError::io("write into", layout.root()))?;
        unpacked = base_layer::extract(layout, &wanted, folder.insert(made).path())?;
    }
    let produce = |emit: &mut dyn FnMut(_) -> _| tar_writer::write(entries, timestamp, &unpacked, emit);
    let (summary, blob) = pipeline::compress(layout.blob_writer()?, known, produce)?;
    let (digest, size) = blob.finish()?;
    Ok((LayerBlob { digest, diff_id: summary.diff_id, size }, summary.segments))
}

/// Writes entries of which none comes from another layer as a plain tar archive.
pub(crate) fn write_tar(out: &mut dyn Write, entries: &[Entry], timestamp: i64) -> Result<(), ImageError> {
    tar_writer::write(entries, timestamp, &Unpacked::new(), &mut |segment| {
        out.write_all(&segment.read()?).map_err(ImageError::Write)
    })
}

/// The contents that must be read out of other layers.
fn from_layers(entries: &[Entry]) -> BTreeMap<Digest, BTreeSet<PathBuf>> {
    let mut wanted: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (_, node) in entries {
        if let Kind::File(Content::Layer { layer, path, .. }) = &node.kind {
            wanted.entry(*layer).or_default().insert(path.clone());
        }
    }
    wanted
}

/// Writes a layer that comes uncompressed into the layout, compressed as those of the embedded builder are. Answers the digest
/// and the size of what was stored.
///
/// # Errors
/// It cannot be read to its end or written.
pub fn compress_layer(layout: &Layout, content: &mut dyn Read) -> Result<(Digest, u64), ImageError> {
    let ((), blob) = pipeline::compress_stream(layout.blob_writer()?, Compression::Gzip, |out| {
        io::copy(content, out).map(drop).map_err(ImageError::Write)
    })?;
    Ok(blob.finish()?)
}

/// Hashes what it passes on.
pub(crate) struct Hashing<'a> {
    out: &'a mut dyn Write,
    hash: Sha256,
}

impl<'a> Hashing<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, hash: Sha256::new() }
    }

    /// The digest of all that was passed on.
    pub(crate) fn digest(self) -> Digest {
        Digest::from_bytes(self.hash.finalize().into())
    }
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether a name would mean something else in a layer than in the file system.
pub(crate) fn is_reserved(name: &OsStr) -> bool {
    name.as_bytes().starts_with(crate::tree::WHITEOUT.as_bytes())
}
