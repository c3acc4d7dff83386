//! What the builders are told beside what to build.

use std::path::PathBuf;

use secrecy::SecretString;

/// What all builders that let an engine build are told.
#[derive(Debug, Clone, Default)]
pub struct BuildSettings {
    /// What RUN may mount as secrets.
    pub secrets: Vec<BuildSecret>,
    /// Where results of earlier builds are taken from, in the engine's own words.
    pub cache_from: Vec<String>,
    /// Where results are kept for later builds, in the engine's own words.
    pub cache_to: Vec<String>,
}

/// A secret that RUN may mount: `RUN --mount=type=secret,id=NAME`.
#[derive(Debug, Clone)]
pub struct BuildSecret {
    /// Its name, which is free of commas and equals signs.
    pub name: String,
    /// Where its value is.
    pub source: SecretSource,
}

/// Where the value of a secret is.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// In an environment variable, which was looked at already.
    Variable {
        /// Its name.
        name: String,
        /// What it holds; nothing when it is not set. That is told once something is built.
        value: Option<SecretString>,
    },
    /// In a file, which is read when something is built.
    File(PathBuf),
}

/// What the builder for Docker is told.
#[derive(Debug, Clone, Default)]
pub struct DockerSettings {
    /// Where the engine listens, written as `DOCKER_HOST` is; the client's own choice, or the default socket, when absent.
    pub host: Option<String>,
    /// The Docker client, for buildx; `docker` on the search path when absent.
    pub client: Option<PathBuf>,
    /// The folder of the client's configuration, written as `DOCKER_CONFIG` is; its own choice when absent.
    pub config: Option<PathBuf>,
    /// The name of a builder that buildx knows; the one that it uses by itself when absent.
    pub builder: Option<String>,
    /// What all such builders are told.
    pub build: BuildSettings,
}

/// What the builder for buildah is told.
#[derive(Debug, Clone, Default)]
pub struct BuildahSettings {
    /// How commands are kept apart from the machine; buildah's own choice when absent.
    pub isolation: Option<Isolation>,
    /// The folder for images and layers; the user's own storage when absent.
    pub storage: Option<PathBuf>,
    /// The storage driver, such as `overlay`; buildah's own choice when absent.
    pub storage_driver: Option<String>,
    /// What all such builders are told.
    pub build: BuildSettings,
}

/// How buildah keeps the commands of a build apart from the machine (buildah-build(1), `--isolation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// In a container of an OCI runtime.
    Oci,
    /// The same without root.
    Rootless,
    /// In a changed root alone, which works inside containers, too.
    Chroot,
}

impl Isolation {
    /// As buildah writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oci => "oci",
            Self::Rootless => "rootless",
            Self::Chroot => "chroot",
        }
    }
}
