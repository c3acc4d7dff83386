//! Why an engine built nothing.

use std::{io, path::PathBuf, process::ExitStatus, time::Duration};

use plimsoll_core::{
    digest::Digest,
    ports::{FailureClass, PortFailure},
};
use plimsoll_image::ImageError;
use plimsoll_layout::LayoutError;

use crate::docker::DockerError;

/// Why an engine built nothing.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The program cannot be run.
    #[error("the program `{program}` could not be run")]
    NotRun {
        /// Which.
        program: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The program did not end.
    #[error("`{program}` did not end within {patience:?} and was killed")]
    TooSlow {
        /// Which.
        program: &'static str,
        /// How long it had.
        patience: Duration,
    },
    /// The program could not build.
    #[error("`{program}` could not build the image ({status}){}", shown(lines))]
    Failed {
        /// Which.
        program: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of what it said.
        lines: Vec<String>,
    },
    /// The program could not do a smaller thing.
    #[error("`{program}` could not {action}: {complaint}")]
    Refused {
        /// Which.
        program: &'static str,
        /// What it was to do: a verb and its object.
        action: String,
        /// What it says.
        complaint: String,
    },
    /// The classic builder of an engine cannot do what is asked for.
    #[error("the Docker engine's classic builder cannot do what the build asks for: {}{}", .wanted.join(", "), outdated(found.as_deref()))]
    NeedsBuildx {
        /// What is asked for.
        wanted: Vec<&'static str>,
        /// The version of buildx that is there, and too old.
        found: Option<String>,
    },
    /// A builder that is part of an engine cannot do what is asked for.
    #[error("the builder `{builder}` is part of a Docker engine, and cannot do what the build asks for: {}", .wanted.join(", "))]
    PartOfEngine {
        /// Its name.
        builder: String,
        /// What is asked for.
        wanted: Vec<&'static str>,
    },
    /// buildah cannot do what is asked for.
    #[error("buildah cannot do {0} at once")]
    NotByBuildah(&'static str),
    /// A secret's variable is not set.
    #[error(
        "the environment variable `{variable}`, which has the secret `{secret}` of the build, is not set"
    )]
    NoVariable {
        /// The secret.
        secret: String,
        /// The variable.
        variable: String,
    },
    /// A secret's file cannot be read.
    #[error("the secret of the build in {} cannot be read: {problem}", path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// What the engine built cannot be used.
    #[error("the image that the engine built cannot be used: {0}")]
    Unusable(String),
    /// The image is another one than the engine says.
    #[error("the engine says that it built {said}, and handed over {found}")]
    AnotherImage {
        /// The digest that it told.
        said: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// A file of our own could not be written or read.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was attempted, a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The classic builder failed.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// The context or the result is wrong.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The image layout failed.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

pub(crate) fn shown(lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("\nits last lines:\n{}", lines.join("\n")) }
}

fn outdated(found: Option<&str>) -> String {
    found.map_or_else(String::new, |found| format!(" (buildx {found} is there, and too old)"))
}

/// What to install for what the classic builder cannot do.
const BUILDX: &str = "Install buildx 0.13 or newer, the plugin of the Docker client (`docker-buildx` of Debian 13, `docker-buildx-plugin` of Docker's own packages), or build with `builder = \"buildah\"`.";

impl From<EngineError> for PortFailure {
    fn from(error: EngineError) -> Self {
        use FailureClass::{Configuration, Outside, User};
        let (class, hint) = match error {
            EngineError::Docker(error) => return error.into(),
            EngineError::Image(error) => return error.into(),
            EngineError::Layout(error) => return error.into(),
            EngineError::NotRun { program: "buildah", .. } => {
                (Outside, "Install buildah, and see that it is on the PATH.")
            }
            EngineError::NotRun { .. } => (Outside, "Install it, and see that it is on the PATH."),
            EngineError::TooSlow { .. } => (Outside, "See what the engine waits for, then run it again."),
            EngineError::Failed { .. } => {
                (User, "Correct the Dockerfile or what the lines above complain about, then run it again.")
            }
            EngineError::Refused { program: "docker", .. } => (
                Outside,
                "`docker buildx ls` lists the builders; `builder` under [image.docker] in plimsoll.toml names one.",
            ),
            EngineError::Refused { .. } => (Outside, "Try the same by hand, then run it again."),
            EngineError::NeedsBuildx { .. } => (Configuration, BUILDX),
            EngineError::PartOfEngine { .. } => (
                Configuration,
                "Make a builder that does with `docker buildx create --name NAME --driver docker-container`, and name it: `builder` under [image.docker] in plimsoll.toml.",
            ),
            EngineError::NotByBuildah(_) => {
                (Configuration, "Ask for one of the two, or build with `builder = \"docker\"` and buildx.")
            }
            EngineError::NoVariable { .. } => {
                (Configuration, "Set the variable, or correct [image.secrets] in plimsoll.toml.")
            }
            EngineError::SecretFile { .. } => (
                Configuration,
                "Correct the path under [image.secrets] in plimsoll.toml, or the rights of the file.",
            ),
            EngineError::Unusable(_) | EngineError::AnotherImage { .. } => {
                (Outside, "Look into the engine's log, then run it again.")
            }
            EngineError::Io { .. } => {
                (Outside, "Check the rights of the file and its disk, then run it again.")
            }
        };
        Self::new(class, error).hint(hint)
    }
}
