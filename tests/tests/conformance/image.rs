//! Images as everybody sees them: read out of an image layout with nothing but the specification, layers laid over each
//! other to one tree of files.

use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Read as _},
    path::{Path, PathBuf},
};

use plimsoll_core::digest::Digest;
use serde_json::Value;
use tar::EntryType;

/// An image: its files, its configuration and its layers.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) tree: BTreeMap<String, Node>,
    pub(crate) config: Value,
    /// The digests of the layers' blobs.
    pub(crate) layers: Vec<String>,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Kind, and content or target: everything but what follows, in words.
    pub(crate) what: String,
    /// Permissions; zero for symbolic links, which have none.
    pub(crate) mode: u32,
    pub(crate) owner: (u64, u64),
    /// Extended attributes.
    pub(crate) attributes: BTreeMap<String, Vec<u8>>,
    /// The paths of the same file.
    pub(crate) same: Vec<String>,
    /// Which file it is, for that.
    identity: Option<usize>,
}

impl Image {
    /// Reads the one image that a layout offers.
    pub(crate) fn offered(layout: &Path) -> Self {
        let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
        let offered = index["manifests"].as_array().unwrap();
        assert_eq!(offered.len(), 1, "the layout offers one image: {index}");
        Self::read(layout, offered[0]["digest"].as_str().unwrap())
    }

    /// Reads an image of a layout.
    pub(crate) fn read(layout: &Path, digest: &str) -> Self {
        let json = |digest: &str| -> Value { serde_json::from_slice(&blob(layout, digest)).unwrap() };
        let manifest = json(digest);
        let config = json(manifest["config"]["digest"].as_str().unwrap());
        let mut tree = Tree::default();
        let (mut layers, mut uncompressed) = (Vec::new(), Vec::new());
        // An image without layers may say `null`.
        for layer in manifest["layers"].as_array().into_iter().flatten() {
            let digest = layer["digest"].as_str().unwrap();
            let tar = plain(blob(layout, digest));
            uncompressed.push(Digest::of(&tar).to_string());
            tree.lay(&tar);
            layers.push(digest.to_owned());
        }
        let told = config["rootfs"]["diff_ids"].as_array().into_iter().flatten();
        assert!(told.eq(&uncompressed), "the layers are those of the configuration: {config}");
        Self { tree: tree.finish(), config, layers }
    }
}

fn blob(layout: &Path, digest: &str) -> Vec<u8> {
    let path = layout.join("blobs").join(digest.replace(':', "/"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A layer without its compression.
fn plain(bytes: Vec<u8>) -> Vec<u8> {
    let mut plain = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(Cursor::new(bytes)).read_to_end(&mut plain).unwrap();
        plain
    } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        zstd::decode_all(bytes.as_slice()).unwrap()
    } else {
        bytes
    }
}

#[derive(Default)]
struct Tree {
    nodes: BTreeMap<String, Node>,
    files: usize,
}

impl Tree {
    /// Lays a layer over what is there (OCI image specification 1.1, "Applying Changesets").
    fn lay(&mut self, tar: &[u8]) {
        let below = self.nodes.clone();
        let mut archive = tar::Archive::new(tar);
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = clean(&String::from_utf8_lossy(&entry.path_bytes()));
            let (folder, name) = path.rsplit_once('/').unwrap_or_default();
            if name == ".wh..wh..opq" {
                for path in below.keys().filter(|path| path.starts_with(&format!("{folder}/"))) {
                    self.nodes.remove(path);
                }
            } else if let Some(hidden) = name.strip_prefix(".wh.") {
                self.remove(&format!("{folder}/{hidden}"));
            } else if !path.is_empty() {
                let node = self.read(&mut entry);
                let stays =
                    node.what == "folder" && self.nodes.get(&path).is_some_and(|old| old.what == "folder");
                if !stays {
                    self.remove(&path);
                }
                self.nodes.insert(path, node);
            }
        }
    }

    fn remove(&mut self, path: &str) {
        let beginning = format!("{path}/");
        self.nodes.retain(|other, _| other != path && !other.starts_with(&beginning));
    }

    fn read(&mut self, entry: &mut tar::Entry<'_, &[u8]>) -> Node {
        let target = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
        let target = target.unwrap_or_default();
        let kind = entry.header().entry_type();
        if kind == EntryType::Link {
            return self
                .nodes
                .get(&clean(&target))
                .unwrap_or_else(|| panic!("a link to no {target}"))
                .clone();
        }
        let mut attributes = BTreeMap::new();
        for extension in entry.pax_extensions().unwrap().into_iter().flatten() {
            let extension = extension.unwrap();
            if let Some(name) = extension.key().unwrap().strip_prefix("SCHILY.xattr.") {
                attributes.insert(name.to_owned(), extension.value_bytes().to_vec());
            }
        }
        let header = entry.header();
        let (mut mode, owner) =
            (header.mode().unwrap() & 0o7777, (header.uid().unwrap(), header.gid().unwrap()));
        let device = format!("{:?} {:?}", header.device_major().ok(), header.device_minor().ok());
        let mut identity = None;
        let what = match kind {
            EntryType::Directory => "folder".to_owned(),
            EntryType::Symlink => {
                mode = 0;
                format!("link to {target}")
            }
            EntryType::Fifo => "pipe".to_owned(),
            EntryType::Char | EntryType::Block => format!("{kind:?} device {device}"),
            _ => {
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                self.files += 1;
                identity = Some(self.files);
                let shown = String::from_utf8_lossy(&content[..content.len().min(60)]).into_owned();
                format!("file of {} bytes, {}, {shown:?}", content.len(), Digest::of(&content))
            }
        };
        Node { what, mode, owner, attributes, same: Vec::new(), identity }
    }

    /// The nodes, hard links named.
    fn finish(mut self) -> BTreeMap<String, Node> {
        let mut paths: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (path, node) in &self.nodes {
            if let Some(identity) = node.identity {
                paths.entry(identity).or_default().push(path.clone());
            }
        }
        for node in self.nodes.values_mut() {
            let same = node.identity.take().and_then(|identity| paths.get(&identity));
            node.same = same.filter(|same| same.len() > 1).cloned().unwrap_or_default();
        }
        self.nodes
    }
}

/// The path of an entry, from the root, without `.` and slashes at its end.
fn clean(path: &str) -> String {
    let parts = Path::new(path).components().filter_map(|part| match part {
        std::path::Component::Normal(part) => Some(part),
        _ => None,
    });
    let path: PathBuf = parts.collect();
    if path.as_os_str().is_empty() { String::new() } else { format!("/{}", path.display()) }
}
