//! Layers as tar archives: the same entries always give the same bytes. Entries are sorted, owners are numbers, every
//! time is the one that the build was given.

use std::{
    collections::HashMap,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use plimsoll_core::digest::Digest;
use tar::{EntryType, Header};

use crate::{
    error::ImageError,
    files::{Content, Kind, Node},
    layer::Entry,
    segment::{Cutter, Segment, Source},
};

/// Bytes in a block of an archive: everything is a multiple of it (POSIX.1-2001, `pax`).
const BLOCK: u64 = 512;

/// The contents of other layers, by layer and path: where they were unpacked.
pub(crate) type Unpacked = HashMap<(Digest, PathBuf), PathBuf>;

/// Writes entries as an archive, segment by segment.
pub(crate) fn write(
    entries: &[Entry],
    timestamp: i64,
    unpacked: &Unpacked,
    emit: &mut dyn FnMut(Segment) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    let mut writer = Writer { out: Cutter::new(emit), timestamp, links: HashMap::new(), unpacked };
    for (path, node) in entries {
        writer.entry(path, node)?;
    }
    writer.out.bytes(&[0; 2 * BLOCK as usize])?;
    writer.out.cut()
}

/// What makes two entries hard links of one file.
#[derive(PartialEq, Eq, Hash)]
pub(crate) enum Identity<'a> {
    Host(u64, u64),
    Layer(Digest, &'a Path),
}

/// Which file a content is, when entries with the same one are hard links.
pub(crate) fn identity(content: &Content) -> Option<Identity<'_>> {
    match content {
        Content::Host(_, stat) => (stat.links > 1).then_some(Identity::Host(stat.device, stat.inode)),
        Content::Layer { layer, path, .. } => Some(Identity::Layer(*layer, path)),
        Content::Bytes(_) => None,
    }
}

struct Writer<'a> {
    out: Cutter<'a>,
    timestamp: i64,
    links: HashMap<Identity<'a>, &'a Path>,
    unpacked: &'a Unpacked,
}

impl<'a> Writer<'a> {
    fn entry(&mut self, path: &'a Path, node: &'a Node) -> Result<(), ImageError> {
        let mut name = path.as_os_str().as_bytes().to_vec();
        let mut content = None;
        let (kind, target): (_, &[u8]) = match &node.kind {
            Kind::Directory => {
                name.push(b'/');
                (EntryType::Directory, b"")
            }
            Kind::Symlink(target) => (EntryType::Symlink, target.as_os_str().as_bytes()),
            Kind::Fifo => (EntryType::Fifo, b""),
            Kind::CharacterDevice(..) => (EntryType::Char, b""),
            Kind::BlockDevice(..) => (EntryType::Block, b""),
            Kind::File(file) => match self.first_link(path, file) {
                Some(first) => (EntryType::Link, first.as_os_str().as_bytes()),
                None => {
                    content = Some(file);
                    (EntryType::Regular, b"")
                }
            },
        };
        let size = content.map_or(0, Content::size);
        let header = self.header(&name, node, kind, size, target)?;
        let whole = header.len() as u64 + size.next_multiple_of(BLOCK);
        self.out.begin(whole)?;
        self.out.bytes(&header)?;
        if let Some(content) = content {
            self.content(content)?;
            self.out.bytes(padding(size))?;
        }
        self.out.end(&name, whole)
    }

    /// The entry that this one is a hard link of, unless it is the first of its file.
    fn first_link(&mut self, path: &'a Path, content: &'a Content) -> Option<&'a Path> {
        let identity = identity(content)?;
        let first = *self.links.entry(identity).or_insert(path);
        (first != path).then_some(first)
    }

    /// The header of an entry, after a PAX header (POSIX.1-2001, `pax`) for what does not fit into it.
    fn header(
        &self,
        name: &[u8],
        node: &Node,
        kind: EntryType,
        size: u64,
        target: &[u8],
    ) -> Result<Vec<u8>, ImageError> {
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
        let mut whole = pax(extensions)?;
        whole.extend_from_slice(header.as_bytes());
        Ok(whole)
    }

    fn content(&mut self, content: &Content) -> Result<(), ImageError> {
        match content {
            Content::Bytes(bytes) => self.out.bytes(bytes),
            Content::Host(path, stat) => {
                self.out.file(&Source { path: path.clone(), state: Some(*stat) }, stat.size)
            }
            Content::Layer { layer, path, size } => {
                let missing = || {
                    let problem = format!("there is no content of {}", path.display());
                    let source = io::Error::new(io::ErrorKind::NotFound, problem);
                    ImageError::Layer { layer: *layer, source }
                };
                let place = self.unpacked.get(&(*layer, path.clone())).ok_or_else(missing)?;
                self.out.file(&Source { path: place.clone(), state: None }, *size)
            }
        }
    }
}

/// A PAX header with its records; nothing when there are none.
fn pax(mut extensions: Vec<(String, Vec<u8>)>) -> Result<Vec<u8>, ImageError> {
    if extensions.is_empty() {
        return Ok(Vec::new());
    }
    extensions.sort_unstable();
    let records: Vec<u8> = extensions.iter().flat_map(|(key, value)| record(key, value)).collect();
    let size = records.len() as u64;
    let mut header = Header::new_ustar();
    header.set_path("././@PaxHeader").map_err(ImageError::Write)?;
    header.set_entry_type(EntryType::XHeader);
    header.set_mode(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    Ok([header.as_bytes().as_slice(), &records, padding(size)].concat())
}

/// What fills a content of this size up to whole blocks.
fn padding(size: u64) -> &'static [u8] {
    const ZEROS: [u8; BLOCK as usize] = [0; BLOCK as usize];
    let missing = size.next_multiple_of(BLOCK) - size;
    &ZEROS[..missing as usize]
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
