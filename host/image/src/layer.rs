//! Writing a layer: the same files always give the same bytes. Entries are sorted, owners are numbers, every time is the
//! one that the build was given.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ffi::OsStr,
    fs::File,
    io::{self, Read, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use plimsoll_core::digest::Digest;
use plimsoll_layout::Layout;
use sha2::{Digest as _, Sha256};
use tar::{EntryType, Header};

use crate::{
    base_layer,
    error::ImageError,
    files::{Content, Kind, Node, Stat},
    gzip,
};

/// The files of a layer, parents before what is in them.
pub(crate) type Entries = BTreeMap<PathBuf, Node>;

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

/// Writes a layer into the layout.
pub(crate) fn write(layout: &Layout, entries: &Entries, timestamp: i64) -> Result<LayerBlob, ImageError> {
    let wanted = from_layers(entries);
    let mut unpacked = HashMap::new();
    // Lives until the layer is written.
    let mut folder = None;
    if !wanted.is_empty() {
        let made = tempfile::Builder::new().prefix(".unpacked-").tempdir_in(layout.root());
        let made = made.map_err(ImageError::io("write into", layout.root()))?;
        unpacked = base_layer::extract(layout, &wanted, folder.insert(made).path())?;
    }
    let blob = layout.blob_writer()?;
    let (diff_id, blob) = gzip::compress(blob, |out| write_tar(out, entries, timestamp, unpacked))?;
    let (digest, size) = blob.finish()?;
    Ok(LayerBlob { digest, diff_id, size })
}

/// Writes entries as a tar archive; answers its digest. `unpacked` says where the contents of other layers are.
pub(crate) fn write_tar(
    out: &mut dyn Write,
    entries: &Entries,
    timestamp: i64,
    unpacked: HashMap<(Digest, PathBuf), PathBuf>,
) -> Result<Digest, ImageError> {
    let mut writer = TarWriter { out: Hashing::new(out), timestamp, links: HashMap::new(), unpacked };
    for (path, node) in entries {
        writer.entry(path, node)?;
    }
    writer.finish()
}

/// The contents that must be read out of other layers.
fn from_layers(entries: &Entries) -> BTreeMap<Digest, BTreeSet<PathBuf>> {
    let mut wanted: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for node in entries.values() {
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
    let ((), blob) = gzip::compress(layout.blob_writer()?, |out| {
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

/// What makes two entries hard links of one file.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    Host(u64, u64),
    Layer(Digest, PathBuf),
}

fn identity(content: &Content) -> Option<Identity> {
    match content {
        Content::Host(_, stat) => (stat.links > 1).then_some(Identity::Host(stat.device, stat.inode)),
        Content::Layer { layer, path, .. } => Some(Identity::Layer(*layer, path.clone())),
        Content::Bytes(_) => None,
    }
}

struct TarWriter<'a> {
    out: Hashing<'a>,
    timestamp: i64,
    links: HashMap<Identity, PathBuf>,
    unpacked: HashMap<(Digest, PathBuf), PathBuf>,
}

impl TarWriter<'_> {
    fn entry(&mut self, path: &Path, node: &Node) -> Result<(), ImageError> {
        let mut name = path.as_os_str().as_bytes().to_vec();
        match &node.kind {
            Kind::Directory => {
                name.push(b'/');
                self.header(&name, node, EntryType::Directory, 0, b"")
            }
            Kind::Symlink(target) => {
                self.header(&name, node, EntryType::Symlink, 0, target.as_os_str().as_bytes())
            }
            Kind::Fifo => self.header(&name, node, EntryType::Fifo, 0, b""),
            Kind::CharacterDevice(..) => self.header(&name, node, EntryType::Char, 0, b""),
            Kind::BlockDevice(..) => self.header(&name, node, EntryType::Block, 0, b""),
            Kind::File(content) => {
                if let Some(identity) = identity(content) {
                    if let Some(first) = self.links.get(&identity) {
                        let first = first.as_os_str().as_bytes().to_vec();
                        return self.header(&name, node, EntryType::Link, 0, &first);
                    }
                    self.links.insert(identity, path.to_owned());
                }
                self.header(&name, node, EntryType::Regular, content.size(), b"")?;
                self.content(content)
            }
        }
    }

    /// Writes the header of an entry, after a PAX header (POSIX.1-2001, `pax`) for what does not fit into it.
    fn header(
        &mut self,
        name: &[u8],
        node: &Node,
        kind: EntryType,
        size: u64,
        target: &[u8],
    ) -> Result<(), ImageError> {
        let mut header = Header::new_ustar();
        let mut extensions = Vec::new();
        let fields = header.as_ustar_mut().map(|fields| (&mut fields.name, &mut fields.linkname));
        if let Some((name_field, target_field)) = fields {
            put(name_field, name, "path", &mut extensions);
            put(target_field, target, "linkpath", &mut extensions);
        }
        header.set_entry_type(kind);
        header.set_mode(node.mode);
        header.set_uid(fitting(node.user, 7, "uid", &mut extensions));
        header.set_gid(fitting(node.group, 7, "gid", &mut extensions));
        header.set_size(fitting(size, 11, "size", &mut extensions));
        let time = u64::try_from(self.timestamp).unwrap_or_else(|_| {
            extensions.push(("mtime".to_owned(), self.timestamp.to_string().into_bytes()));
            0
        });
        header.set_mtime(time);
        if let Kind::CharacterDevice(major, minor) | Kind::BlockDevice(major, minor) = node.kind {
            header.set_device_major(major).map_err(ImageError::Write)?;
            header.set_device_minor(minor).map_err(ImageError::Write)?;
        }
        header.set_cksum();
        if kind != EntryType::Link {
            for (attribute, value) in &node.attributes {
                extensions.push((format!("SCHILY.xattr.{attribute}"), value.clone()));
            }
        }
        self.extensions(extensions)?;
        self.out.write_all(header.as_bytes()).map_err(ImageError::Write)
    }

    fn extensions(&mut self, mut extensions: Vec<(String, Vec<u8>)>) -> Result<(), ImageError> {
        if extensions.is_empty() {
            return Ok(());
        }
        extensions.sort_unstable();
        let records: Vec<u8> = extensions.iter().flat_map(|(key, value)| record(key, value)).collect();
        let mut header = Header::new_ustar();
        header.set_path("././@PaxHeader").map_err(ImageError::Write)?;
        header.set_entry_type(EntryType::XHeader);
        header.set_mode(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(records.len() as u64);
        header.set_cksum();
        self.out.write_all(header.as_bytes()).map_err(ImageError::Write)?;
        self.out.write_all(&records).map_err(ImageError::Write)?;
        self.pad(records.len() as u64)
    }

    fn content(&mut self, content: &Content) -> Result<(), ImageError> {
        match content {
            Content::Bytes(bytes) => self.out.write_all(bytes).map_err(ImageError::Write)?,
            Content::Host(path, stat) => {
                let mut file = File::open(path).map_err(ImageError::io("read", path))?;
                check_unchanged(&file, path, stat)?;
                self.stream(&mut file, path, stat.size)?;
                check_unchanged(&file, path, stat)?;
            }
            Content::Layer { layer, path, size } => {
                let missing = || {
                    let problem = format!("there is no content of {}", path.display());
                    ImageError::Layer {
                        layer: *layer,
                        source: io::Error::new(io::ErrorKind::NotFound, problem),
                    }
                };
                let place = self.unpacked.get(&(*layer, path.clone())).ok_or_else(missing)?.clone();
                let mut file = File::open(&place).map_err(ImageError::io("read", &place))?;
                self.stream(&mut file, &place, *size)?;
            }
        }
        self.pad(content.size())
    }

    fn stream(&mut self, file: &mut File, path: &Path, size: u64) -> Result<(), ImageError> {
        let mut buffer = [0; 1 << 16];
        let mut left = size;
        while left > 0 {
            let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            let read = file.read(&mut buffer[..most]).map_err(ImageError::io("read", path))?;
            if read == 0 {
                return Err(ImageError::Changed(path.to_owned()));
            }
            self.out.write_all(&buffer[..read]).map_err(ImageError::Write)?;
            left -= read as u64;
        }
        Ok(())
    }

    /// Fills up to the next whole 512 bytes.
    fn pad(&mut self, size: u64) -> Result<(), ImageError> {
        let missing = (512 - size % 512) % 512;
        self.out.write_all(&[0; 512][..missing as usize]).map_err(ImageError::Write)
    }

    /// Ends the archive; answers the digest of all of it.
    fn finish(mut self) -> Result<Digest, ImageError> {
        self.out.write_all(&[0; 1024]).map_err(ImageError::Write)?;
        Ok(self.out.digest())
    }
}

/// The file must be the very one, in the very state, that the entry's header was made from.
fn check_unchanged(file: &File, path: &Path, expected: &Stat) -> Result<(), ImageError> {
    let metadata = file.metadata().map_err(ImageError::io("read", path))?;
    if Stat::of(&metadata) == *expected { Ok(()) } else { Err(ImageError::Changed(path.to_owned())) }
}

/// Puts a name into its field, or what fits of it and the whole into an extension.
fn put(field: &mut [u8; 100], name: &[u8], key: &str, extensions: &mut Vec<(String, Vec<u8>)>) {
    let length = name.len().min(field.len());
    field[..length].copy_from_slice(&name[..length]);
    if name.len() > field.len() {
        extensions.push((key.to_owned(), name.to_vec()));
    }
}

/// The number when it fits into a field of so many octal digits, else zero and the number as an extension.
fn fitting(number: u64, digits: u32, key: &str, extensions: &mut Vec<(String, Vec<u8>)>) -> u64 {
    if number < 1 << (3 * digits) {
        return number;
    }
    extensions.push((key.to_owned(), number.to_string().into_bytes()));
    0
}

/// One PAX record: its own length, a blank, key, `=`, value, end of line.
fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    let mut record = format!("{length} {key}=").into_bytes();
    record.extend_from_slice(value);
    record.push(b'\n');
    record
}

/// Whether a name would mean something else in a layer than in the file system.
pub(crate) fn is_reserved(name: &OsStr) -> bool {
    name.as_bytes().starts_with(crate::tree::WHITEOUT.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_count_themselves() {
        assert_eq!(record("path", b"x"), b"9 path=x\n");
        for size in 0..300 {
            let record = record("path", &vec![b'a'; size]);
            let text = String::from_utf8(record.clone()).unwrap();
            assert_eq!(text.split_once(' ').unwrap().0.parse(), Ok(record.len()), "{size}");
        }
    }
}
