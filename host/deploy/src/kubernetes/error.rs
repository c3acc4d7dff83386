//! What can go wrong with a Kubernetes target.

use std::{io, path::PathBuf, process::ExitStatus, time::Duration};

use kube::{
    Error,
    config::{InClusterError, KubeconfigError},
};
use plimsoll_core::{
    ports::{FailureClass, PortFailure},
    reference::RepositoryName,
};

use super::{
    manifest::{ObjectKey, Origin},
    refusal::{Refusal, said},
    rollout::RolloutError,
};
use crate::error::DeployError;

/// Something that a Kubernetes target could not do.
#[derive(Debug, thiserror::Error)]
pub enum KubernetesError {
    /// The folder of manifests cannot be read.
    #[error(transparent)]
    Folder(#[from] DeployError),
    /// None of the programs that could render the manifests is there.
    #[error("`{program}` cannot be started")]
    NotStarted {
        /// The program, or the programs any of which would do.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// A program that renders manifests failed.
    #[error("`{command}` failed ({status}){}", after_colon(said))]
    CommandFailed {
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of what it said on its standard error.
        said: String,
    },
    /// A program that renders manifests did not end.
    #[error("`{command}` did not end within {} seconds", limit.as_secs())]
    CommandTooSlow {
        /// The command.
        command: String,
        /// How long it had.
        limit: Duration,
    },
    /// A program printed more than manifests can be, or no text.
    #[error("`{command}` printed {problem}")]
    CommandOutput {
        /// The command.
        command: String,
        /// What is wrong with what it printed.
        problem: &'static str,
    },
    /// What was printed or read is no YAML.
    #[error("{origin}: not valid YAML: {problem}")]
    NotYaml {
        /// Where.
        origin: String,
        /// What the parser says.
        problem: String,
    },
    /// Documents that are no objects to apply.
    #[error("not to be applied: {}", problems.join("; "))]
    NotObjects {
        /// Place and problem of each.
        problems: Vec<String>,
    },
    /// The manifests hold no object at all.
    #[error("{origin} holds no objects")]
    NoObjects {
        /// The folder or command.
        origin: String,
    },
    /// No container's image is of the repository.
    #[error("no container in the manifests runs an image of {repository}; {}", seen_text(seen))]
    NoContainer {
        /// The repository that is released.
        repository: RepositoryName,
        /// The repositories that containers do name.
        seen: Vec<String>,
    },
    /// A path to images is none.
    #[error("in `image-paths`, `{path}` of {kind} is no path such as `spec.containers[*].image`")]
    InvalidImagePath {
        /// The kind.
        kind: String,
        /// The path.
        path: String,
    },
    /// The kubeconfig does not tell how the cluster is reached.
    #[error("the kubeconfig {} cannot be used", place(path.as_ref(), context.as_ref()))]
    Kubeconfig {
        /// The file; none for the usual places.
        path: Option<PathBuf>,
        /// The context in it.
        context: Option<String>,
        /// Why not.
        source: Box<KubeconfigError>,
    },
    /// This is no pod with a service account.
    #[error("the service account of this pod cannot be used")]
    InCluster {
        /// Why not.
        source: InClusterError,
    },
    /// A program that gives credentials failed.
    #[error("the program that gives credentials for {server} failed: {problem}")]
    Credentials {
        /// The server.
        server: String,
        /// What it said, or what is wrong with its answer.
        problem: String,
    },
    /// The cluster does not answer.
    #[error("the cluster {server} cannot be reached: {problem}")]
    Unreachable {
        /// The server.
        server: String,
        /// Why not.
        problem: String,
    },
    /// The cluster does not know who this is.
    #[error("the cluster {server} does not accept the credentials: {problem}")]
    Unauthorized {
        /// The server.
        server: String,
        /// What it says.
        problem: String,
    },
    /// The cluster did not take objects.
    #[error("the cluster did not take {}: {}", counted(refusals.len()), listed(refusals))]
    Refused {
        /// Every object that it did not take.
        refusals: Vec<Refusal>,
    },
    /// A definition of custom resources never came into force.
    #[error("the definition {name} is not in force after {} seconds", limit.as_secs())]
    NotEstablished {
        /// The definition.
        name: String,
        /// How long it had.
        limit: Duration,
    },
    /// A request failed.
    #[error("{what}: {}", said(error))]
    Request {
        /// What was to be done.
        what: String,
        /// What came back.
        error: Box<Error>,
    },
    /// The record of the deployments cannot be read.
    #[error("the record {name} in the namespace {namespace} cannot be read: {problem}")]
    Record {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The objects are there and do not become healthy.
    #[error(transparent)]
    Rollout(#[from] RolloutError),
    /// The deployment failed, and so did going back.
    #[error("{failure}{}{afterwards}", between(failure))]
    WithAftermath {
        /// Why the deployment failed.
        failure: Box<KubernetesError>,
        /// What became of the environment.
        afterwards: String,
    },
}

/// What stands between a failure and what became of it: a failure of many lines ends before it.
fn between(failure: &KubernetesError) -> &'static str {
    if failure.to_string().contains('\n') { "\n" } else { "; " }
}

impl KubernetesError {
    /// A request that failed.
    pub(super) fn request(what: impl Into<String>) -> impl FnOnce(Error) -> Self {
        let what = what.into();
        move |error| Self::Request { what, error: Box::new(error) }
    }

    /// An object that is there twice.
    pub(super) fn twice(key: &ObjectKey, first: &Origin, second: &Origin) -> Self {
        Self::NotObjects { problems: vec![format!("{second}: {key} is there already, at {first}")] }
    }

    /// What to do next.
    fn hint(&self) -> String {
        let hint = match self {
            Self::Folder(_) => "see that the folder of `manifests` holds what is to be applied",
            Self::NotStarted { .. } => {
                "install it where this runs, and see that it is on the PATH, then resume the release"
            }
            Self::CommandFailed { .. } | Self::CommandTooSlow { .. } | Self::CommandOutput { .. } => {
                "run the command by hand in the same folder, and correct what it complains about"
            }
            Self::NotYaml { .. } => "correct it; a template has to be rendered before Plimsoll reads it",
            Self::NotObjects { .. } => {
                "give each object `apiVersion`, `kind` and a `metadata.name` of its own"
            }
            Self::NoObjects { .. } => "put manifests there, or correct the source in the target",
            Self::NoContainer { .. } => {
                "correct the image in the manifests, `repository` in the configuration, or `image-paths`, so that they name the same"
            }
            Self::InvalidImagePath { .. } => {
                "write keys joined by dots, `[*]` for every element of a list and `[0]` for one"
            }
            Self::Kubeconfig { .. } => {
                "correct `kubeconfig` or `context` in the target; `kubectl config get-contexts` lists what there is"
            }
            Self::InCluster { .. } => "run this in a pod with a service account, or name a `kubeconfig`",
            Self::Credentials { .. } => "log in with that program by hand once, then resume the release",
            Self::Unreachable { .. } => {
                "see that the server is right and that this machine may connect to it, then resume the release"
            }
            Self::Unauthorized { .. } => "renew the credentials of the context, then resume the release",
            Self::Refused { refusals } => return refusal_hints(refusals),
            Self::NotEstablished { .. } => "see the conditions in the definition's status",
            Self::Request { .. } => "see the message of the cluster, then resume the release",
            Self::Record { .. } => {
                "delete the record: objects that are gone from the manifests are then no longer found, and there is nothing to roll back to until the next healthy deployment"
            }
            Self::Rollout(error) => error.hint(),
            Self::WithAftermath { failure, .. } => return failure.hint(),
        };
        hint.to_owned()
    }

    fn class(&self) -> FailureClass {
        match self {
            Self::Folder(_)
            | Self::CommandFailed { .. }
            | Self::CommandTooSlow { .. }
            | Self::CommandOutput { .. }
            | Self::NotYaml { .. }
            | Self::NotObjects { .. }
            | Self::NoObjects { .. }
            | Self::NoContainer { .. } => FailureClass::User,
            Self::InvalidImagePath { .. } | Self::Kubeconfig { .. } | Self::InCluster { .. } => {
                FailureClass::Configuration
            }
            Self::WithAftermath { failure, .. } => failure.class(),
            _ => FailureClass::Outside,
        }
    }
}

impl From<KubernetesError> for PortFailure {
    fn from(error: KubernetesError) -> Self {
        let (class, hint) = (error.class(), error.hint());
        Self::new(class, error).hint(hint)
    }
}

fn refusal_hints(refusals: &[Refusal]) -> String {
    let mut hints: Vec<_> = refusals.iter().map(Refusal::hint).collect();
    hints.sort_unstable();
    hints.dedup();
    hints.join("; ")
}

fn counted(objects: usize) -> String {
    if objects == 1 { "an object".to_owned() } else { format!("{objects} objects") }
}

/// How many refusals are told one by one.
const TOLD: usize = 20;

fn listed(refusals: &[Refusal]) -> String {
    let mut told: Vec<_> = refusals.iter().take(TOLD).map(ToString::to_string).collect();
    if refusals.len() > TOLD {
        told.push(format!("and {} more", refusals.len() - TOLD));
    }
    told.join("; ")
}

fn after_colon(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

fn place(path: Option<&PathBuf>, context: Option<&String>) -> String {
    let path = path.map_or_else(|| "in the usual places".to_owned(), |path| path.display().to_string());
    context.map_or_else(|| path.clone(), |context| format!("{path} with the context `{context}`"))
}

fn seen_text(seen: &[String]) -> String {
    if seen.is_empty() {
        "there are no containers".to_owned()
    } else {
        format!("what they run: {}", seen.join(", "))
    }
}
