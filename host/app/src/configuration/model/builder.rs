//! What builds the image.

use std::path::PathBuf;

/// What builds the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Builder {
    /// Plimsoll itself: needs nothing, knows no RUN.
    Embedded,
    /// A Docker engine, or a builder that buildx knows.
    Docker {
        /// The name of the builder, as buildx knows it; its own choice when absent.
        builder: Option<String>,
        /// What the build gets beside its files.
        build: EngineBuild,
    },
    /// buildah.
    Buildah {
        /// How commands are kept apart from the machine; buildah's own choice when absent.
        isolation: Option<BuildahIsolation>,
        /// The folder for images and layers; the user's own storage when absent.
        storage: Option<PathBuf>,
        /// The storage driver; buildah's own choice when absent.
        storage_driver: Option<String>,
        /// What the build gets beside its files.
        build: EngineBuild,
    },
}

/// What a build by an engine gets beside its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineBuild {
    /// What RUN may mount as secrets.
    pub secrets: Vec<Secret>,
    /// Where results of earlier builds are taken from.
    pub cache_from: Vec<String>,
    /// Where results are kept for later builds.
    pub cache_to: Vec<String>,
}

/// A secret of the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The name by which RUN mounts it.
    pub name: String,
    /// Where its value is.
    pub place: SecretPlace,
}

/// Where the value of a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// In an environment variable.
    Environment(String),
    /// In a file.
    File(PathBuf),
}

/// How buildah keeps commands apart from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildahIsolation {
    /// In a container.
    Oci,
    /// In a container without root.
    Rootless,
    /// In a changed root alone.
    Chroot,
}
