//! A layout: its folder, its blobs and its references.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use plimsoll_core::{digest::Digest, ports::Referrer};
use serde::{Deserialize, Serialize};

use crate::{
    error::LayoutError,
    index::IndexFile,
    manifest::{self, LARGEST_MANIFEST, Manifest},
    writer::{BlobWriter, has_digest, is_temporary, remove_leftovers, replace_file, sync_folder},
};

/// The version of the layout format (OCI image specification 1.1, "Image Layout", "oci-layout file").
const VERSION: &str = "1.0.0";
/// The largest `index.json` that is read, bytes: enough for some 50 000 references.
const LARGEST_INDEX: u64 = 16 << 20;

/// An OCI image layout in a folder. Cheap to clone; several processes may use one layout at the same time.
#[derive(Debug, Clone)]
pub struct Layout {
    root: Arc<Path>,
}

/// The file `oci-layout`.
#[derive(Serialize, Deserialize)]
struct Marker {
    #[serde(rename = "imageLayoutVersion")]
    version: String,
}

impl Layout {
    /// Opens a layout; makes it, with its folders, when there is none.
    ///
    /// # Errors
    /// There is a layout of another version or something else, or the disk refused.
    pub fn open_or_create(root: &Path) -> Result<Self, LayoutError> {
        let layout = Self { root: root.into() };
        let (blobs, index, marker) = (layout.blobs(), layout.index_path(), layout.marker_path());
        fs::create_dir_all(root).map_err(LayoutError::io("make the folder", root))?;
        if !marker.exists() {
            layout.refuse_other_use()?;
        }
        fs::create_dir_all(&blobs).map_err(LayoutError::io("make the folder", &blobs))?;
        if !index.exists() && !marker.exists() {
            replace_file(root, &index, &to_json(&IndexFile::default()))?;
        }
        remove_leftovers(root)?;
        // Last of all: a folder with this file is a layout. Two processes write the same bytes here.
        if !marker.exists() {
            replace_file(root, &marker, &to_json(&Marker { version: VERSION.to_owned() }))?;
        }
        Self::open(root)
    }

    /// Opens a layout that is there.
    ///
    /// # Errors
    /// The folder is no layout of version 1.0.0, or the disk refused.
    pub fn open(root: &Path) -> Result<Self, LayoutError> {
        let layout = Self { root: root.into() };
        let not_a_layout = |problem: String| LayoutError::NotALayout { root: root.to_owned(), problem };
        let path = layout.marker_path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(not_a_layout("it has no file `oci-layout`".to_owned()));
            }
            Err(error) => return Err(LayoutError::io("read", &path)(error)),
        };
        let marker: Marker = serde_json::from_slice(&bytes)
            .map_err(|error| not_a_layout(format!("its file `oci-layout` is damaged: {error}")))?;
        if marker.version != VERSION {
            return Err(not_a_layout(format!("its version is `{}`, not {VERSION}", marker.version)));
        }
        Ok(layout)
    }

    /// The layout's folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The size of a blob in bytes; `None` when it is not there.
    ///
    /// # Errors
    /// The disk could not be read.
    pub fn has_blob(&self, digest: &Digest) -> Result<Option<u64>, LayoutError> {
        let path = self.blob_path(digest);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LayoutError::io("read", &path)(error)),
        }
    }

    /// Where a blob is, or would be.
    #[must_use]
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }

    /// Reads a small blob, such as a manifest, into memory, and checks it against its digest.
    ///
    /// # Errors
    /// The blob is missing, larger than `limit` bytes, or damaged; or the disk could not be read.
    pub fn read_blob(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, LayoutError> {
        let mut bytes = Vec::new();
        let path = self.blob_path(digest);
        self.open_blob(digest)?
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(LayoutError::io("read", &path))?;
        if bytes.len() as u64 > limit {
            return Err(LayoutError::BlobTooLarge { digest: *digest, limit });
        }
        let found = Digest::of(&bytes);
        if found == *digest { Ok(bytes) } else { Err(LayoutError::WrongDigest { expected: *digest, found }) }
    }

    /// Checks a blob of any size against its digest; answers whether it is there. One that is damaged is removed, so that
    /// it can be written anew.
    ///
    /// # Errors
    /// The disk could not be read, or refused.
    pub fn check_blob(&self, digest: &Digest) -> Result<bool, LayoutError> {
        let path = self.blob_path(digest);
        match has_digest(&path, digest) {
            Ok(true) => Ok(true),
            Ok(false) => {
                fs::remove_file(&path).map_err(LayoutError::io("remove", &path))?;
                Ok(false)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(LayoutError::io("read", &path)(error)),
        }
    }

    /// Opens a blob for reading, unchecked.
    ///
    /// # Errors
    /// The blob is missing, or the disk could not be read.
    pub fn open_blob(&self, digest: &Digest) -> Result<File, LayoutError> {
        let path = self.blob_path(digest);
        File::open(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                LayoutError::BlobMissing { digest: *digest, root: self.root.as_ref().to_owned() }
            }
            _ => LayoutError::io("read", &path)(error),
        })
    }

    /// Writes a small blob; answers its digest and size.
    ///
    /// # Errors
    /// The disk refused.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<(Digest, u64), LayoutError> {
        let mut writer = self.blob_writer()?;
        writer.write_all(bytes).map_err(LayoutError::io("write into", &self.root))?;
        writer.finish()
    }

    /// Begins a blob of any size.
    ///
    /// # Errors
    /// The disk refused.
    pub fn blob_writer(&self) -> Result<BlobWriter, LayoutError> {
        BlobWriter::new(&self.root, self.blobs())
    }

    /// Reads and understands a manifest of this layout.
    ///
    /// # Errors
    /// It is missing, damaged, too large or no manifest that this program knows.
    pub fn read_manifest(&self, digest: &Digest) -> Result<Manifest, LayoutError> {
        let bytes = self.read_blob(digest, LARGEST_MANIFEST)?;
        manifest::parse(&bytes).map_err(|source| LayoutError::Manifest { digest: *digest, source })
    }

    /// Every manifest that the layout offers, with its tag, in the order of `index.json`. One with several tags comes
    /// several times.
    ///
    /// # Errors
    /// `index.json` is damaged, or the disk could not be read.
    pub fn references(&self) -> Result<Vec<(Option<String>, Digest)>, LayoutError> {
        Ok(self.read_index()?.references())
    }

    /// The manifest that a tag points to; `None` when there is no such tag.
    ///
    /// # Errors
    /// `index.json` is damaged, or the disk could not be read.
    pub fn resolve(&self, tag: &str) -> Result<Option<Digest>, LayoutError> {
        let has_tag = |(name, digest): (Option<String>, _)| (name.as_deref() == Some(tag)).then_some(digest);
        Ok(self.references()?.into_iter().find_map(has_tag))
    }

    /// Points a tag to a manifest that is in the layout. A manifest that had the tag before stays, without it.
    ///
    /// # Errors
    /// There is no such manifest, or the disk refused.
    pub fn set_reference(&self, tag: &str, manifest: &Digest) -> Result<(), LayoutError> {
        self.change_index(manifest, |index, _| {
            index.tag(tag, manifest);
            true
        })
    }

    /// Offers a manifest that is in the layout without a tag, so that other programs find it in `index.json`.
    ///
    /// # Errors
    /// There is no such manifest, or the disk refused.
    pub fn add_manifest(&self, manifest: &Digest) -> Result<(), LayoutError> {
        self.change_index(manifest, |_, was_new| was_new)
    }

    /// Offers a manifest that refers to another one and is in the layout: an artifact of one part.
    ///
    /// # Errors
    /// There is no such manifest, or the disk refused.
    pub fn add_referrer(
        &self,
        manifest: &Digest,
        artifact_type: &str,
        annotations: &BTreeMap<String, String>,
    ) -> Result<(), LayoutError> {
        self.change_index(manifest, |index, was_new| {
            index.describe(manifest, artifact_type, annotations);
            was_new
        })
    }

    /// What the layout offers, without a tag, that refers to a manifest. Its index does not say what refers to what, so each is
    /// looked at; what cannot be read refers to nothing.
    ///
    /// # Errors
    /// `index.json` is damaged, or the disk could not be read.
    pub fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>, LayoutError> {
        let untagged: Vec<Digest> = self.read_index()?.untagged().collect();
        let referrer = |digest: Digest| {
            let Ok(Manifest::Image(image)) = self.read_manifest(&digest) else { return None };
            let of = manifest::digest(image.subject().as_ref()?).ok()?;
            (of == *subject).then(|| Referrer {
                digest,
                artifact_type: image.artifact_type().as_ref().map(ToString::to_string),
                annotations: image
                    .annotations()
                    .iter()
                    .flatten()
                    .map(|(a, b)| (a.clone(), b.clone()))
                    .collect(),
            })
        };
        Ok(untagged.into_iter().filter_map(referrer).collect())
    }

    /// Offers a manifest, applies a change and writes `index.json` if the change says so. Processes take turns.
    fn change_index(
        &self,
        digest: &Digest,
        change: impl FnOnce(&mut IndexFile, bool) -> bool,
    ) -> Result<(), LayoutError> {
        let manifest = self.read_manifest(digest)?;
        let size = self.has_blob(digest)?.unwrap_or_default();
        let marker = self.marker_path();
        // The lock sits on a file that is never replaced; it ends with the handle, also when this process is killed.
        let lock = File::open(&marker).map_err(LayoutError::io("open", &marker))?;
        lock.lock().map_err(LayoutError::io("lock", &marker))?;
        let mut index = self.read_index()?;
        let was_new = index.add(digest, manifest.media_type(), size);
        if change(&mut index, was_new) {
            // What the index names must be there whenever the index is.
            sync_folder(&self.blobs())?;
            replace_file(&self.root, &self.index_path(), &to_json(&index))?;
        }
        Ok(())
    }

    /// Fails when a folder that is no layout holds anything but the beginnings of one.
    fn refuse_other_use(&self) -> Result<(), LayoutError> {
        for entry in fs::read_dir(&self.root).map_err(LayoutError::io("read", &self.root))? {
            let name = entry.map_err(LayoutError::io("read", &self.root))?.file_name();
            let name = name.to_string_lossy();
            if !matches!(name.as_ref(), "blobs" | "index.json" | "oci-layout") && !is_temporary(&name) {
                let problem = format!("it holds `{name}`");
                return Err(LayoutError::NotALayout { root: self.root.as_ref().to_owned(), problem });
            }
        }
        Ok(())
    }

    fn read_index(&self) -> Result<IndexFile, LayoutError> {
        let path = self.index_path();
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(LARGEST_INDEX + 1).read_to_end(&mut bytes))
            .map_err(LayoutError::io("read", &path))?;
        let damaged = |problem: String| LayoutError::NotALayout {
            root: self.root.as_ref().to_owned(),
            problem: format!("its file `index.json` is damaged: {problem}"),
        };
        if bytes.len() as u64 > LARGEST_INDEX {
            return Err(damaged(format!("it is larger than {LARGEST_INDEX} bytes")));
        }
        serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))
    }

    fn blobs(&self) -> PathBuf {
        self.root.join("blobs/sha256")
    }

    fn index_path(&self) -> PathBuf {
        self.root.join("index.json")
    }

    fn marker_path(&self) -> PathBuf {
        self.root.join("oci-layout")
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain structs with text keys always serialise")
}
