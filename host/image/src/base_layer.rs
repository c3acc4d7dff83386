//! Reading the layers of base images, and archives: which files they hold, and the contents of those that are wanted.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use plimsoll_core::digest::Digest;
use plimsoll_layout::Layout;
use tar::{Archive, Entry, EntryType};

use crate::{
    compression::decompressed,
    error::ImageError,
    files::{Content, Kind, Node, clamp},
};

/// How PAX headers name extended attributes (as GNU tar and star write them).
const ATTRIBUTE: &str = "SCHILY.xattr.";

/// How PAX headers name what they say of sparse files, whose content is then only the parts that are not empty (GNU tar's
/// manual, "Storing Sparse Files").
const SPARSE: &str = "GNU.sparse.";

/// The longest path, and the longest target of a link, that Linux takes, bytes (`PATH_MAX` less the zero at its end).
const LONGEST: usize = 4095;

/// What entries are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A layer of a base image: hard links that lead to nothing, which others leave out, too, are left out.
    Base,
    /// An archive of ADD: such links are errors.
    Archive,
}

/// The entries of a layer in their order, names cleaned, hard links turned into files with the same content.
pub(crate) fn entries(
    layout: &Layout,
    layer: Digest,
    origin: Origin,
) -> Result<Vec<(PathBuf, Node)>, ImageError> {
    let failed = |source| ImageError::Layer { layer, source };
    let mut archive = Archive::new(open(layout, layer)?);
    let mut list: Vec<(PathBuf, Node)> = Vec::new();
    let mut places: HashMap<PathBuf, usize> = HashMap::new();
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let path = clean_path(&entry);
        if path.as_os_str().is_empty() {
            continue;
        }
        check_length("a path", &path).map_err(failed)?;
        check_length("the target of a link", &link_target(&entry)).map_err(failed)?;
        let node = if entry.header().entry_type() == EntryType::Link {
            let target = clamp(&link_target(&entry));
            let place = places.get(&target);
            if place.is_none() && origin == Origin::Archive {
                let (path, target) = (path.display(), target.display());
                let message =
                    format!("its hard link `{path}` leads to `{target}`, which does not come before it");
                return Err(failed(io::Error::other(message)));
            }
            place.map(|place| list[*place].1.clone())
        } else {
            read_node(&mut entry, layer, &path).map_err(failed)?
        };
        if let Some(node) = node {
            places.insert(path.clone(), list.len());
            list.push((path, node));
        }
    }
    Ok(list)
}

/// Writes the wanted files of layers into a folder; answers where each is. A blob that is itself the wanted file stays
/// where it is.
pub(crate) fn extract(
    layout: &Layout,
    wanted: &BTreeMap<Digest, BTreeSet<PathBuf>>,
    folder: &Path,
) -> Result<HashMap<(Digest, PathBuf), PathBuf>, ImageError> {
    let mut places = HashMap::new();
    for (layer, paths) in wanted {
        let (blobs, paths): (BTreeSet<_>, BTreeSet<_>) = paths.iter().partition(|path| path.is_absolute());
        places.extend(blobs.into_iter().map(|path| ((*layer, path.clone()), layout.blob_path(layer))));
        if paths.is_empty() {
            continue;
        }
        let failed = |source| ImageError::Layer { layer: *layer, source };
        let mut archive = Archive::new(open(layout, *layer)?);
        for entry in archive.entries().map_err(failed)? {
            let mut entry = entry.map_err(failed)?;
            let path = clean_path(&entry);
            if !entry.header().entry_type().is_file() || !paths.contains(&path) {
                continue;
            }
            // An entry that comes twice counts as it comes last.
            let count = places.len();
            let place = places.entry((*layer, path)).or_insert_with(|| folder.join(count.to_string()));
            let mut file = File::create(&*place).map_err(ImageError::io("write", place))?;
            io::copy(&mut entry, &mut file).map_err(failed)?;
        }
    }
    Ok(places)
}

fn check_length(what: &str, path: &Path) -> io::Result<()> {
    let length = path.as_os_str().len();
    if length <= LONGEST {
        return Ok(());
    }
    let beginning: String = path.to_string_lossy().chars().take(60).collect();
    Err(io::Error::other(format!(
        "it holds {what} of {length} bytes, and {LONGEST} are the most that Linux takes: `{beginning}...`"
    )))
}

/// Opens a layer, whichever way it is compressed.
fn open(layout: &Layout, layer: Digest) -> Result<Box<dyn Read>, ImageError> {
    decompressed(layout.open_blob(&layer)?).map_err(|source| ImageError::Layer { layer, source })
}

fn clean_path<R: Read>(entry: &Entry<'_, R>) -> PathBuf {
    clamp(Path::new(OsStr::from_bytes(&entry.path_bytes())))
}

fn link_target<R: Read>(entry: &Entry<'_, R>) -> PathBuf {
    entry.link_name_bytes().map(|bytes| PathBuf::from(OsStr::from_bytes(&bytes))).unwrap_or_default()
}

/// The node of an entry; `None` for kinds that no image holds.
fn read_node<R: Read>(entry: &mut Entry<'_, R>, layer: Digest, path: &Path) -> io::Result<Option<Node>> {
    let header = entry.header();
    let device = || -> io::Result<(u32, u32)> {
        Ok((header.device_major()?.unwrap_or(0), header.device_minor()?.unwrap_or(0)))
    };
    let kind = match header.entry_type() {
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Symlink(link_target(entry)),
        EntryType::Fifo => Kind::Fifo,
        EntryType::Char => device().map(|(major, minor)| Kind::CharacterDevice(major, minor))?,
        EntryType::Block => device().map(|(major, minor)| Kind::BlockDevice(major, minor))?,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            Kind::File(Content::Layer { layer, path: path.to_owned(), size: entry.size() })
        }
        _ => return Ok(None),
    };
    let (mode, user, group) = (header.mode()? & 0o7777, header.uid()?, header.gid()?);
    let mut attributes = Vec::new();
    if let Some(extensions) = entry.pax_extensions()? {
        for extension in extensions {
            let extension = extension?;
            let Ok(key) = extension.key() else { continue };
            if key.starts_with(SPARSE) {
                return Err(io::Error::other("it holds sparse files: pack it without --sparse"));
            }
            if let Some(name) = key.strip_prefix(ATTRIBUTE) {
                attributes.push((name.to_owned(), extension.value_bytes().to_vec()));
            }
        }
    }
    attributes.sort_unstable();
    Ok(Some(Node { kind, mode, user, group, attributes }))
}
