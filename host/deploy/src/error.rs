//! What can go wrong with a deployment into a folder.

use std::{io, path::PathBuf};

use plimsoll_core::{
    ports::{FailureClass, PortFailure},
    reference::RepositoryName,
};

/// A deployment that was not made.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// A file or folder cannot be read or written.
    #[error("{} cannot be {verb}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was to be done: `read`, `written`, `removed`.
        verb: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// There is not one manifest.
    #[error("there are no manifests below {}: no file is called *.yaml, *.yml or *.json", folder.display())]
    NoManifests {
        /// The folder.
        folder: PathBuf,
    },
    /// A link leads out of the folder of manifests.
    #[error("the link {} leads out of the folder of manifests", link.display())]
    Escape {
        /// The link.
        link: PathBuf,
    },
    /// A manifest is no text.
    #[error("{} is not UTF-8 text", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
    },
    /// A manifest is no YAML.
    #[error("{}:{line}: not valid YAML: {problem}", file.display())]
    NotYaml {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What the parser says.
        problem: String,
    },
    /// An image is written in a way in which it cannot be replaced.
    #[error("{}:{line}: the image cannot be replaced: {problem}", file.display())]
    NotReplaceable {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What stands in the way.
        problem: &'static str,
    },
    /// No container's image is of the repository.
    #[error("no container in the manifests below {} runs an image of {repository}; {}", folder.display(), seen_text(seen))]
    NoContainer {
        /// The folder of manifests.
        folder: PathBuf,
        /// The repository that is released.
        repository: RepositoryName,
        /// The repositories that containers do name.
        seen: Vec<String>,
    },
    /// Something else lies where the host keeps its own.
    #[error("{} is in the way: it is no link that Plimsoll made", path.display())]
    Foreign {
        /// What lies there.
        path: PathBuf,
    },
}

fn seen_text(seen: &[String]) -> String {
    if seen.is_empty() {
        "there are no containers".to_owned()
    } else {
        format!("what they run: {}", seen.join(", "))
    }
}

impl DeployError {
    /// What to do next.
    fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => {
                "see that the path exists and that this user may use it, then resume the release"
            }
            Self::NoManifests { .. } => {
                "put the Kubernetes manifests there, or correct `manifests` in the target"
            }
            Self::Escape { .. } => "replace the link by a copy of what it leads to",
            Self::NotText { .. } => "save the file as UTF-8, or move it elsewhere",
            Self::NotYaml { .. } => {
                "correct the file; a template, as of Helm, has to be rendered before Plimsoll reads it"
            }
            Self::NotReplaceable { .. } => "write the image in one line and only where it is meant",
            Self::NoContainer { .. } => {
                "correct the image in the manifests, or `repository` in the configuration, so that both name the same"
            }
            Self::Foreign { .. } => "move it away, or choose another `path` in the target",
        }
    }
}

impl From<DeployError> for PortFailure {
    fn from(error: DeployError) -> Self {
        let class = match &error {
            DeployError::Io { .. } => FailureClass::Outside,
            DeployError::Foreign { .. } => FailureClass::Configuration,
            _ => FailureClass::User,
        };
        let hint = error.hint();
        Self::new(class, error).hint(hint)
    }
}
