//! What can go wrong with a layout.

use std::{
    io,
    path::{Path, PathBuf},
};

use plimsoll_core::{
    digest::Digest,
    ports::{FailureClass, PortFailure},
};

use crate::manifest::ManifestError;

/// Why a layout could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// The operating system refused.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was attempted, a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The folder is no image layout, or one of an unknown version.
    #[error("{} is not an OCI image layout: {problem}", root.display())]
    NotALayout {
        /// The folder.
        root: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no such blob.
    #[error("the image layout {} has no blob {digest}", root.display())]
    BlobMissing {
        /// The blob.
        digest: Digest,
        /// The layout's folder.
        root: PathBuf,
    },
    /// A blob that is read into memory is larger than its reader allows.
    #[error("the blob {digest} is larger than the {limit} bytes that are allowed here")]
    BlobTooLarge {
        /// The blob.
        digest: Digest,
        /// The reader's limit, bytes.
        limit: u64,
    },
    /// Content does not have the digest that it should have.
    #[error("the content of {expected} has the digest {found}: it was damaged or changed")]
    WrongDigest {
        /// What was asked for.
        expected: Digest,
        /// What the content really is.
        found: Digest,
    },
    /// A manifest in the layout cannot be understood.
    #[error("cannot read the manifest {digest}")]
    Manifest {
        /// The manifest.
        digest: Digest,
        /// What is wrong with it.
        source: ManifestError,
    },
}

impl LayoutError {
    /// For `map_err`: the operating system refused `action` on `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "Free some space on that disk, then run it again: nothing incomplete was left under a digest."
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "Give this user the right to write there, or choose another folder."
                }
                _ => "Check the folder and its disk.",
            },
            Self::NotALayout { .. } => "Name a folder that holds an OCI image layout, or an empty one.",
            Self::BlobMissing { .. } => "Build or pull the image into this layout again.",
            Self::BlobTooLarge { .. } | Self::Manifest { .. } => {
                "Check which image this is: it is not one that can be released."
            }
            Self::WrongDigest { .. } => {
                "Remove the damaged blob, check the disk, then build or pull the image again."
            }
        }
    }
}

impl From<LayoutError> for PortFailure {
    fn from(error: LayoutError) -> Self {
        let hint = error.hint();
        Self::new(FailureClass::Outside, error).hint(hint)
    }
}
