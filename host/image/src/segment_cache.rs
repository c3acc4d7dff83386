//! Segments that earlier builds compressed, found by what they hold, wherever the files come from: a fresh checkout and a
//! cache that was carried to another machine do. Nothing is kept twice: the segments lie in the blobs of the layout, and a
//! shelf says which lies where. What is handed out was checked; what is damaged or gone is compressed again.

use std::{collections::HashMap, fs::File, os::unix::fs::FileExt as _};

use plimsoll_core::{digest::Digest, ports::Compression};
use plimsoll_layout::Layout;

use crate::{layer_format, shelf::Shelf};

/// The most layers that are looked into, those used last.
const MOST_LAYERS: usize = 64;
/// Bytes of a segment's entry in a list: two digests and a size.
const ENTRY: usize = 32 + 32 + 8;

/// A compressed segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Digest of what it holds.
    pub(crate) identity: Digest,
    /// Digest of its compressed bytes.
    pub(crate) check: Digest,
    /// How many those are.
    pub(crate) size: u64,
}

/// The segments that can be taken from earlier layers, all of one format.
#[derive(Debug, Default)]
pub(crate) struct KnownSegments {
    compression: Compression,
    is_kept: bool,
    blobs: Vec<File>,
    places: HashMap<Digest, Place>,
}

#[derive(Debug)]
struct Place {
    blob: usize,
    from: u64,
    packed: Packed,
}

impl KnownSegments {
    /// No segments, and nobody wants to know of new ones.
    pub(crate) fn none(compression: Compression) -> Self {
        Self { compression, ..Self::default() }
    }

    /// The segments on a shelf whose blobs are in the layout.
    pub(crate) fn load(shelf: &Shelf, layout: &Layout, compression: Compression) -> Self {
        let mut known = Self { compression, is_kept: true, ..Self::default() };
        for name in shelf.names() {
            let Ok(layer) = format!("sha256:{name}").parse::<Digest>() else { continue };
            match layout.open_blob(&layer) {
                Ok(blob) if known.blobs.len() < MOST_LAYERS => {
                    known.add(blob, &shelf.get(&name).as_deref().and_then(decode).unwrap_or_default());
                }
                Ok(_) => break,
                Err(_) => shelf.remove(&name),
            }
        }
        known
    }

    fn add(&mut self, blob: File, list: &[Packed]) {
        let mut from = layer_format::beginning(self.compression).len() as u64;
        for packed in list {
            let place = Place { blob: self.blobs.len(), from, packed: *packed };
            self.places.entry(packed.identity).or_insert(place);
            from = from.saturating_add(packed.size);
        }
        self.blobs.push(blob);
    }

    /// The format that they are compressed in.
    pub(crate) const fn compression(&self) -> Compression {
        self.compression
    }

    /// Whether new segments are to be remembered.
    pub(crate) const fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// The compressed segment that holds what this digest is of, checked.
    pub(crate) fn find(&self, identity: &Digest) -> Option<(Packed, Vec<u8>)> {
        let Place { blob, from, packed } = self.places.get(identity)?;
        let file = &self.blobs[*blob];
        // A list that is damaged may say any size.
        if from.saturating_add(packed.size) > file.metadata().ok()?.len() {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(packed.size).ok()?];
        file.read_exact_at(&mut bytes, *from).ok()?;
        (Digest::of(&bytes) == packed.check).then_some((*packed, bytes))
    }
}

/// Remembers the segments of a layer.
pub(crate) fn remember(shelf: &Shelf, layer: &Digest, segments: &[Packed]) {
    let mut list = Vec::with_capacity(segments.len() * ENTRY);
    for segment in segments {
        list.extend_from_slice(segment.identity.as_bytes());
        list.extend_from_slice(segment.check.as_bytes());
        list.extend_from_slice(&segment.size.to_le_bytes());
    }
    shelf.put(&layer.hex(), &list);
}

fn decode(list: &[u8]) -> Option<Vec<Packed>> {
    let (entries, rest) = list.as_chunks::<ENTRY>();
    let decode = |entry: &[u8; ENTRY]| {
        let (identity, rest) = entry.split_first_chunk()?;
        let (check, size) = rest.split_first_chunk()?;
        Some(Packed {
            identity: Digest::from_bytes(*identity),
            check: Digest::from_bytes(*check),
            size: u64::from_le_bytes(size.try_into().ok()?),
        })
    };
    if rest.is_empty() { entries.iter().map(decode).collect() } else { None }
}
