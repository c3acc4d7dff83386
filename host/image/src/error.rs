//! What can go wrong while building.

use std::{
    io,
    path::{Path, PathBuf},
};

use plimsoll_core::{
    digest::Digest,
    ports::{FailureClass, PortFailure},
};
use plimsoll_layout::{LayoutError, ManifestError};

use crate::{dockerfile::Problems, dockerignore::InvalidRule, glob::InvalidPattern};

/// Why the embedded builder built nothing.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The Dockerfile is wrong, or asks for what cannot be done.
    #[error(transparent)]
    Dockerfile(#[from] Problems),
    /// A `.dockerignore` is wrong.
    #[error("{}: {source}", path.display())]
    Ignore {
        /// The file.
        path: PathBuf,
        /// The rule that is wrong.
        source: InvalidRule,
    },
    /// A pattern is wrong.
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
    /// The build argument that sets the time is no time.
    #[error("the build argument SOURCE_DATE_EPOCH is `{0}`, and no number of seconds since 1970")]
    InvalidEpoch(String),
    /// A text file is too large or not UTF-8.
    #[error("{} {problem}", path.display())]
    NotAText {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The context is not a folder.
    #[error("the build context {} is not a folder", .0.display())]
    ContextIsNoFolder(PathBuf),
    /// Symbolic links lead in a circle.
    #[error("the path {} leads through too many symbolic links in {place}", path.display())]
    TooManyLinks {
        /// The path.
        path: PathBuf,
        /// Where it was looked for.
        place: String,
    },
    /// What an instruction asks for cannot be copied.
    #[error("{0}")]
    Copy(String),
    /// A file is not what it was when the build looked at it first.
    #[error("{} changed while it was read", .0.display())]
    Changed(PathBuf),
    /// An operation of the file system failed.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was attempted, a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A layer could not be compressed and written.
    #[error("could not write a layer")]
    Write(#[source] io::Error),
    /// A layer of a base image cannot be read.
    #[error("could not read the layer {layer} of a base image")]
    Layer {
        /// The layer.
        layer: Digest,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The manifest of a base image is not one.
    #[error("the base image {image} cannot be used: {problem}")]
    Base {
        /// The image.
        image: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What ADD reads from elsewhere could not be fetched.
    #[error("{place}: {failure}")]
    Remote {
        /// The file, line and column of the source.
        place: String,
        /// Why not.
        failure: PortFailure,
    },
    /// The image layout failed.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A manifest cannot be understood.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The work was given up before its end.
    #[error("the build was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}

impl ImageError {
    /// For `map_err`: an operation on a path failed.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

impl From<ImageError> for PortFailure {
    fn from(error: ImageError) -> Self {
        use FailureClass::{Internal, Outside, User};
        let (class, hint) = match &error {
            ImageError::Dockerfile(problems) if problems.need_engine() => (
                User,
                "Set `builder = \"docker\"` or `builder = \"buildah\"` under [image] in plimsoll.toml, which run commands, or move them out of the Dockerfile.",
            ),
            ImageError::Dockerfile(_) => (User, "Correct the Dockerfile, then run it again."),
            ImageError::Ignore { .. } | ImageError::Pattern(_) => {
                (User, "Correct the pattern, then run it again.")
            }
            ImageError::NotAText { .. } | ImageError::ContextIsNoFolder(_) => {
                (User, "Check `context` and `dockerfile` under [image] in plimsoll.toml.")
            }
            ImageError::InvalidEpoch(_) => (User, "Correct the build argument, or leave it out."),
            ImageError::TooManyLinks { .. } => (User, "Remove the circle of symbolic links."),
            ImageError::Copy(_) => (User, "Correct the Dockerfile or its context, then run it again."),
            ImageError::Changed(_) => (User, "Run it again when nothing else changes the context."),
            ImageError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                (User, "Check `context` and `dockerfile` under [image] in plimsoll.toml.")
            }
            ImageError::Io { .. } => {
                (Outside, "Check the rights of the file and its disk, then run it again.")
            }
            ImageError::Write(_) => (Outside, "Check that the disk has space left, then run it again."),
            ImageError::Layer { .. } | ImageError::Base { .. } | ImageError::Manifest(_) => {
                (Outside, "Check the base image: pull it with another tool, or use another version of it.")
            }
            ImageError::Layout(_) => {
                return match error {
                    ImageError::Layout(error) => error.into(),
                    other => Self::new(Internal, other),
                };
            }
            ImageError::Remote { failure, .. } => {
                let (class, hint) = (failure.class, failure.hint.clone());
                return Self { class, hint, error: error.into() };
            }
            ImageError::Interrupted(_) => (Internal, "Run it again."),
        };
        Self::new(class, error).hint(hint)
    }
}
