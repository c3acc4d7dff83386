//! Segments that earlier builds compressed, found by what they hold, wherever the files come from: a fresh checkout and a
//! cache that was carried to another machine do. Nothing is kept twice: the segments lie in the blobs of the layout, and a
//! shelf says which lies where. What is handed out was checked; what is damaged or gone is compressed again.

use std::{collections::HashMap, fs::File, os::unix::fs::FileExt as _, path::PathBuf};

use plimsoll_core::{digest::Digest, ports::Compression};
use plimsoll_layout::Layout;

use crate::shelf::Shelf;

/// The most segments that are known, those of layers used last: some thirty gigabytes.
const MOST: usize = 1 << 16;
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
    layers: Vec<PathBuf>,
    places: HashMap<Digest, Place>,
}

#[derive(Debug)]
struct Place {
    layer: usize,
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
            let path = layout.blob_path(&layer);
            if !path.exists() {
                shelf.remove(&name);
            } else if known.places.len() < MOST {
                known.add(path, &shelf.look(&name).as_deref().and_then(decode).unwrap_or_default());
            }
        }
        known
    }

    fn add(&mut self, layer: PathBuf, list: &[Packed]) {
        let mut from = 0_u64;
        for packed in list {
            let place = Place { layer: self.layers.len(), from, packed: *packed };
            self.places.entry(packed.identity).or_insert(place);
            from = from.saturating_add(packed.size);
        }
        self.layers.push(layer);
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
        let Place { layer, from, packed } = self.places.get(identity)?;
        let file = File::open(&self.layers[*layer]).ok()?;
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{gzip, pipeline, segment::Segment};

    const CONTENTS: [&str; 3] = ["one", "two", "three"];

    /// A layout with a blob of three segments, and the shelf that knows them.
    fn setting(folder: &tempfile::TempDir) -> (Layout, Shelf, Digest) {
        let layout = Layout::open_or_create(&folder.path().join("layout")).unwrap();
        let shelf = Shelf::new(folder.path().join("shelf"), 1 << 20);
        let known = KnownSegments::load(&shelf, &layout, Compression::Gzip);
        let produce = |emit: &mut dyn FnMut(Segment) -> _| {
            CONTENTS.iter().try_for_each(|content| emit(Segment::of(content.as_bytes().to_vec())))
        };
        let (summary, blob) = pipeline::compress(layout.blob_writer().unwrap(), &known, produce).unwrap();
        let (layer, _) = blob.finish().unwrap();
        remember(&shelf, &layer, &summary.segments);
        (layout, shelf, layer)
    }

    /// How many of the segments are found.
    fn found(known: &KnownSegments) -> usize {
        let find = |content: &&str| known.find(&Digest::of(content.as_bytes())).is_some();
        CONTENTS.iter().filter(|content| find(content)).count()
    }

    #[test]
    fn segments_of_an_earlier_layer_are_found_by_what_they_hold() {
        let folder = tempfile::tempdir().unwrap();
        let (layout, shelf, _) = setting(&folder);
        let known = KnownSegments::load(&shelf, &layout, Compression::Gzip);
        assert_eq!(found(&known), 3);
        let (packed, bytes) = known.find(&Digest::of(b"two")).unwrap();
        assert_eq!((Digest::of(&bytes), bytes.len() as u64), (packed.check, packed.size));
        assert!(known.find(&Digest::of(b"four")).is_none());
    }

    #[test]
    fn no_damage_to_a_blob_is_handed_out() {
        let folder = tempfile::tempdir().unwrap();
        let (layout, shelf, layer) = setting(&folder);
        let whole = fs::read(layout.blob_path(&layer)).unwrap();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x10;
            fs::write(layout.blob_path(&layer), &damaged).unwrap();
            assert_eq!(found(&KnownSegments::load(&shelf, &layout, Compression::Gzip)), 2, "{place}");
        }
        fs::write(layout.blob_path(&layer), &whole[..whole.len() - 1]).unwrap();
        assert_eq!(found(&KnownSegments::load(&shelf, &layout, Compression::Gzip)), 2);
        fs::remove_file(layout.blob_path(&layer)).unwrap();
        assert_eq!(found(&KnownSegments::load(&shelf, &layout, Compression::Gzip)), 0);
        assert!(shelf.names().is_empty(), "what is gone is forgotten");
    }

    #[test]
    fn no_damage_to_a_list_leads_to_wrong_segments() {
        let folder = tempfile::tempdir().unwrap();
        let (layout, shelf, layer) = setting(&folder);
        let list = shelf.get(&layer.hex()).unwrap();
        for place in 0..list.len() {
            for bit in [0x01, 0x80] {
                let mut damaged = list.clone();
                damaged[place] ^= bit;
                shelf.put(&layer.hex(), &damaged);
                let known = KnownSegments::load(&shelf, &layout, Compression::Gzip);
                assert!(found(&known) < 3, "{place}");
                for content in CONTENTS {
                    let Some((packed, bytes)) = known.find(&Digest::of(content.as_bytes())) else { continue };
                    assert_eq!(Digest::of(&bytes), packed.check);
                    let expected = gzip::Deflater::new().segment(content.as_bytes()).unwrap();
                    assert_eq!(bytes, expected, "{place}");
                }
            }
        }
        shelf.put(&layer.hex(), &list[1..]);
        assert_eq!(found(&KnownSegments::load(&shelf, &layout, Compression::Gzip)), 0);
    }
}
