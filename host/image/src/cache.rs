//! What earlier builds found out, so that it need not be found out again.
//!
//! A layer is known by its key: a hash over everything that its bytes depend on. Files of the context enter it not with
//! their content but with what the file system says about them, the change time among it; since a file that was changed
//! within the resolution of that clock would look unchanged, layers with files so young are not remembered. Where the key
//! is not known, the layer is read, and what of it an earlier build compressed is taken from there (`segment_cache.rs`).
//!
//! A cache only ever says which blob to look for: the blob must be in the layout, and in the state in which it was written
//! or checked; in any other state it is checked against its digest first.

use std::{
    fs,
    num::NonZero,
    os::unix::ffi::OsStrExt,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use plimsoll_core::{digest::Digest, ports::Compression};
use plimsoll_layout::Layout;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use crate::{
    base_layer::{self, Origin},
    error::ImageError,
    files::{Content, Kind, Node, Stat},
    layer::{self, Entry, LayerBlob},
    layer_format,
    segment_cache::{self, KnownSegments},
    shelf::Shelf,
    tree::Tree,
};

/// Part of every key: changes whenever the same input would give other bytes.
const FORMAT: &str = "plimsoll-layer-4";
/// How old a file must be for its times to tell its states apart: the coarsest clock in use, FAT's, counts two seconds.
const SETTLED: Duration = Duration::from_secs(2);
/// The most that is kept of each kind, bytes: some thousand layers; the files of some fifty base images; the segments of
/// some hundred gigabytes.
const LAYERS: u64 = 16 << 20;
const CONTENTS: u64 = 256 << 20;
const SEGMENTS: u64 = 32 << 20;

/// A folder with results of earlier builds, or none.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    shelves: Option<Arc<Shelves>>,
}

#[derive(Debug)]
struct Shelves {
    /// Layers by key.
    layers: Shelf,
    /// The files of base images' layers, by digest.
    contents: Shelf,
    /// The segments of layers, by digest; for each format its own.
    gzip_segments: Shelf,
    zstd_segments: Shelf,
}

/// A layer, and the state of its blob in which it is what it should be.
#[derive(Serialize, Deserialize)]
struct Remembered {
    layer: LayerBlob,
    state: Stat,
}

impl Cache {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        let shelves = folder.map(|folder| {
            let shelf = |kind: &str, most| Shelf::new(folder.join(FORMAT).join(kind), most);
            Arc::new(Shelves {
                layers: shelf("layers", LAYERS),
                contents: shelf("contents", CONTENTS),
                gzip_segments: shelf("gzip-segments", SEGMENTS),
                zstd_segments: shelf("zstd-segments", SEGMENTS),
            })
        });
        Self { shelves }
    }

    /// The layer of these entries: from an earlier build if its blob is in the layout, else written now. Says whether it
    /// was there.
    pub(crate) fn layer(
        &self,
        layout: &Layout,
        entries: &[Entry],
        timestamp: i64,
        compression: Compression,
    ) -> Result<(LayerBlob, bool), ImageError> {
        let Some(shelves) = &self.shelves else {
            let (written, _) = layer::write(layout, entries, timestamp, &KnownSegments::none(compression))?;
            return Ok((written, false));
        };
        let key = key(entries, timestamp, compression).hex();
        if let Some(known) = shelves.known_layer(layout, &key)? {
            shelves.segments(compression).touch(&known.digest.hex());
            return Ok((known, true));
        }
        let settled = is_settled(entries, SystemTime::now());
        let segments_shelf = shelves.segments(compression);
        let known = KnownSegments::load(segments_shelf, layout, compression);
        let (written, segments) = layer::write(layout, entries, timestamp, &known)?;
        segment_cache::remember(segments_shelf, &written.digest, &segments);
        if settled {
            shelves.remember_layer(layout, &key, written);
        }
        Ok((written, false))
    }

    /// The file system that the layers of a base image describe.
    pub(crate) fn tree(&self, layout: &Layout, layers: &[Digest]) -> Result<Tree, ImageError> {
        let mut tree = Tree::default();
        let side_by_side = thread::available_parallelism().map_or(1, NonZero::get);
        for layers in layers.chunks(side_by_side) {
            let contents = thread::scope(|scope| {
                let read = |layer: &Digest| {
                    let layer = *layer;
                    scope.spawn(move || self.contents(layout, layer, Origin::Base))
                };
                let readers: Vec<_> = layers.iter().map(read).collect();
                let join = |reader: thread::ScopedJoinHandle<'_, _>| {
                    reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                };
                readers.into_iter().map(join).collect::<Result<Vec<_>, ImageError>>()
            })?;
            contents.into_iter().for_each(|entries| tree.apply(entries));
        }
        Ok(tree)
    }

    /// The entries of a layer of a base image, or of an archive.
    pub(crate) fn contents(
        &self,
        layout: &Layout,
        layer: Digest,
        origin: Origin,
    ) -> Result<Vec<(PathBuf, Node)>, ImageError> {
        let shelf = self.shelves.as_ref().map(|shelves| &shelves.contents);
        // What a base may hold, an archive may not.
        let name = match origin {
            Origin::Base => layer.hex(),
            Origin::Archive => format!("{}-archive", layer.hex()),
        };
        if let Some(known) = shelf.and_then(|shelf| read(shelf, &name)) {
            return Ok(known);
        }
        let entries = base_layer::entries(layout, layer, origin)?;
        if let Some(shelf) = shelf {
            store(shelf, &name, &entries);
        }
        Ok(entries)
    }
}

impl Shelves {
    const fn segments(&self, compression: Compression) -> &Shelf {
        match compression {
            Compression::Gzip => &self.gzip_segments,
            Compression::Zstd => &self.zstd_segments,
        }
    }

    fn known_layer(&self, layout: &Layout, key: &str) -> Result<Option<LayerBlob>, ImageError> {
        let Some(Remembered { layer, state }) = read(&self.layers, key) else { return Ok(None) };
        match blob_state(layout, &layer.digest) {
            Some(found) if found == state => return Ok(Some(layer)),
            Some(found) if found.size == layer.size => {}
            _ => return Ok(None),
        }
        // Somebody copied it, or touched it: only its content can tell.
        if !layout.check_blob(&layer.digest)? {
            return Ok(None);
        }
        self.remember_layer(layout, key, layer);
        Ok(Some(layer))
    }

    fn remember_layer(&self, layout: &Layout, key: &str, layer: LayerBlob) {
        if let Some(state) = blob_state(layout, &layer.digest) {
            store(&self.layers, key, &Remembered { layer, state });
        }
    }
}

fn blob_state(layout: &Layout, digest: &Digest) -> Option<Stat> {
    fs::metadata(layout.blob_path(digest)).ok().map(|metadata| Stat::of(&metadata))
}

/// Whether every file of the context is old enough for its times to tell.
fn is_settled(entries: &[Entry], now: SystemTime) -> bool {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let limit = i64::try_from(now.saturating_sub(SETTLED).as_secs()).unwrap_or(i64::MAX);
    entries.iter().all(|(_, node)| match &node.kind {
        Kind::File(Content::Host(_, stat)) => stat.changed.0 < limit && stat.modified.0 < limit,
        _ => true,
    })
}

/// What an earlier build left; whatever cannot be understood counts as nothing.
fn read<T: DeserializeOwned>(shelf: &Shelf, name: &str) -> Option<T> {
    serde_json::from_slice(&shelf.get(name)?).ok()
}

/// Leaves something for later builds.
fn store(shelf: &Shelf, name: &str, value: &impl Serialize) {
    match serde_json::to_vec(value) {
        Ok(bytes) => shelf.put(name, &bytes),
        Err(error) => tracing::debug!(%error, "cannot be put into the cache"),
    }
}

/// The key of a layer.
fn key(entries: &[Entry], timestamp: i64, compression: Compression) -> Digest {
    let mut key = Key(Sha256::new());
    key.text(FORMAT.as_bytes());
    key.text(layer_format::media_type(compression).as_bytes());
    key.number(timestamp.unsigned_abs());
    key.number(u64::from(timestamp < 0));
    for (path, node) in entries {
        key.text(path.as_os_str().as_bytes());
        key.node(node);
    }
    Digest::from_bytes(key.0.finalize().into())
}

/// Hashes values so that no two sequences of them look the same.
struct Key(Sha256);

impl Key {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn numbers(&mut self, numbers: &[u64]) {
        numbers.iter().for_each(|number| self.number(*number));
    }

    fn text(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn node(&mut self, node: &Node) {
        self.numbers(&[u64::from(node.mode), node.user, node.group, node.attributes.len() as u64]);
        for (name, value) in &node.attributes {
            self.text(name.as_bytes());
            self.text(value);
        }
        match &node.kind {
            Kind::Directory => self.number(0),
            Kind::Symlink(target) => {
                self.number(1);
                self.text(target.as_os_str().as_bytes());
            }
            Kind::Fifo => self.number(2),
            Kind::CharacterDevice(major, minor) => {
                self.numbers(&[3, u64::from(*major), u64::from(*minor)]);
            }
            Kind::BlockDevice(major, minor) => {
                self.numbers(&[4, u64::from(*major), u64::from(*minor)]);
            }
            Kind::File(content) => self.content(content),
        }
    }

    fn content(&mut self, content: &Content) {
        match content {
            Content::Bytes(bytes) => {
                self.number(5);
                self.text(bytes);
            }
            Content::Layer { layer, path, .. } => {
                self.number(6);
                self.text(layer.as_bytes());
                self.text(path.as_os_str().as_bytes());
            }
            Content::Host(_, stat) => {
                let (modified, changed) = (stat.modified, stat.changed);
                let times = [modified.0, modified.1, changed.0, changed.1].map(i64::cast_unsigned);
                self.numbers(&[7, stat.device, stat.inode, stat.links, stat.size]);
                self.numbers(&times);
            }
        }
    }
}
