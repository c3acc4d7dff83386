//! What a configuration says, checked and resolved.

mod builder;
mod target;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use miette::SourceSpan;
use plimsoll_core::{
    digest::Digest,
    names::{CheckName, EnvironmentName, SignerName},
    ports::{Compression, Platforms},
    reference::{ImageReference, RepositoryName},
};

use plimsoll_registry::RegistryHost;

use super::{
    problem::{ConfigurationError, Problem, Source},
    signers::RepositoryPattern,
};
pub use builder::{BuildahIsolation, Builder, EngineBuild, Secret, SecretPlace};
pub use target::{
    ClusterAccess, ENVIRONMENT_PLACEHOLDER, GitOpsTarget, GitOpsWait, GitOpsWrite, ImagePath, Impersonation,
    KubernetesTarget, ManifestSource, OnFailure, ReadyWhen, Target,
};

/// The configuration of one application: `plimsoll.toml`, checked. Relative paths have been joined to its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Digest of the file's text.
    pub digest: Digest,
    /// What is built, and where it goes.
    pub image: Image,
    /// The policy that derives the tags.
    pub tags: Binding,
    /// Where releases run, in the order of the file.
    pub environments: Vec<Environment>,
    /// Statements about the image that are attached to it.
    pub provenance: Provenance,
    /// Where the facts about releases are kept.
    pub journal: Journal,
    /// Who is told of what happens to releases.
    pub notifications: Vec<Notification>,
    /// How registries are reached.
    pub registries: Registries,
    /// Whose signatures policies need.
    pub signers: Vec<Signer>,
    pub(super) source: Source,
}

/// What is built, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Where the image goes.
    pub destination: Destination,
    /// The destination as the file writes it; policies and reports name it so.
    pub written: String,
    /// The folder that COPY and ADD read from.
    pub context: PathBuf,
    /// The Dockerfile.
    pub dockerfile: PathBuf,
    /// What builds the image.
    pub builder: Builder,
    /// The stage to build; the last one when absent.
    pub target: Option<String>,
    /// Values for ARG, by name.
    pub build_arguments: BTreeMap<String, String>,
    /// What the image runs on.
    pub platforms: Platforms,
    /// How its layers are compressed.
    pub compression: Compression,
}

/// Where an image goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A repository in a registry.
    Registry(RepositoryName),
    /// An OCI image layout on disk.
    Layout {
        /// Its folder.
        path: PathBuf,
        /// The name that manifests use for the image: the folder's last component.
        name: RepositoryName,
    },
}

impl Destination {
    /// The repository that manifests name.
    #[must_use]
    pub const fn name(&self) -> &RepositoryName {
        match self {
            Self::Registry(name) | Self::Layout { name, .. } => name,
        }
    }
}

/// A policy at one place of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Which policy.
    pub policy: PolicyReference,
    /// The policy as the file writes it.
    pub written: String,
    /// Who must have signed it, those who cover its repository among them.
    pub signed_by: BTreeSet<SignerName>,
    /// Its settings: a JSON object as text, keys sorted, no blanks.
    pub settings: String,
    /// Settings that stand in files of their own, by their names.
    pub settings_files: BTreeMap<String, PathBuf>,
    /// What it may ask the host.
    pub grants: BTreeSet<Capability>,
    /// The time zone that it is told the time in, an IANA name.
    pub time_zone: String,
    /// Budgets that differ from the sandbox's defaults.
    pub limits: LimitOverrides,
    /// The policy that is asked the same and decides nothing; it has no shadow of its own.
    pub shadow: Option<Box<Self>>,
    /// Where the file names the policy; its start when the file does not, as the default tagging policy.
    pub span: SourceSpan,
    /// Where the settings stand; as `span` when there are none.
    pub settings_span: SourceSpan,
}

impl Builder {
    /// The builder as the configuration names it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Docker { .. } => "docker",
            Self::Buildah { .. } => "buildah",
        }
    }
}

/// Statements about the image that are attached to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Whether they are.
    pub attach: bool,
    /// The file with the private key that they are signed with; absent when they are not signed.
    pub key: Option<PathBuf>,
}

/// Somebody who signs policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The name.
    pub name: SignerName,
    /// Files with the public keys, PEM; a signature by any of them counts.
    pub keys: Vec<PathBuf>,
    /// The repositories whose policies this signer must have signed.
    pub covers: Vec<RepositoryPattern>,
    /// Where the file names the signer.
    pub span: SourceSpan,
}

/// Where a policy comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyReference {
    /// One that comes with Plimsoll, by name.
    Stock(String),
    /// A component on disk.
    Path(PathBuf),
    /// One in a registry.
    Registry(ImageReference),
}

/// Something that a policy may ask the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Write lines to the log.
    Log,
    /// Look into the image repository.
    Registry,
    /// Look at earlier releases and deployments.
    History,
}

impl Capability {
    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Registry => "registry",
            Self::History => "history",
        }
    }
}

/// Budgets of one decision; absent means the sandbox's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitOverrides {
    /// Instructions, in units of fuel.
    pub fuel: Option<u64>,
    /// Wall clock, host calls included.
    pub time: Option<Duration>,
    /// Linear memory, bytes.
    pub memory: Option<u64>,
    /// Elements of all tables.
    pub table_elements: Option<u64>,
    /// Core instances.
    pub instances: Option<u32>,
    /// Size of the answer and of what one capability call hands over, bytes.
    pub output: Option<u64>,
    /// Number of capability calls.
    pub host_calls: Option<u64>,
}

/// A place where releases run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// Environments that must run the release, healthy, before.
    pub after: Vec<EnvironmentName>,
    /// How it is deployed to.
    pub target: Target,
    /// What becomes of releases that wait while a newer one comes.
    pub queue: Queue,
    /// Checks of what was deployed.
    pub verify: Vec<Check>,
    /// The policies that decide what may enter; at least one, all are asked.
    pub promotion: Vec<Binding>,
}

/// What becomes of releases that wait for an environment while a newer one comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// The newer one takes their place.
    Latest,
    /// Each gets its turn.
    Fifo,
}

/// A check of what was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name, its own within the environment.
    pub name: CheckName,
    /// Whether the deployment has failed when the check has.
    pub required: bool,
    /// What is done.
    pub action: CheckAction,
}

/// What a check does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckAction {
    /// Runs a command in the folder of the configuration.
    Command {
        /// The command, word by word; at least one.
        words: Vec<String>,
        /// How long it may take.
        timeout: Duration,
    },
    /// Asks an address until it answers as it should.
    Http {
        /// The address, `https` or `http`.
        url: String,
        /// The status that is right.
        status: u16,
        /// A text that the answer has.
        contains: Option<String>,
        /// How long the right answer may be in coming.
        within: Duration,
    },
    /// Runs a Kubernetes Job where the environment runs.
    Job {
        /// The file with its manifest.
        manifest: PathBuf,
        /// How long it may take.
        timeout: Duration,
    },
}

/// Where the facts about releases are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Journal {
    /// A file, for one host.
    Sqlite(PathBuf),
    /// A PostgreSQL database, for many hosts.
    Postgres {
        /// Its address, without a password.
        url: String,
        /// A file with the password.
        password_file: Option<PathBuf>,
        /// A file with the certificate authority of the database, PEM; the public ones when absent.
        certificate_authority: Option<PathBuf>,
        /// The schema in the database.
        schema: String,
    },
}

/// Somebody who is told of what happens to releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// Each event is posted as JSON.
    Webhook {
        /// Where to: `https`, or `http` on this machine.
        url: String,
        /// A file with the secret that events are signed with.
        secret_file: Option<PathBuf>,
        /// The events that are posted; at least one.
        events: BTreeSet<NotificationEvent>,
    },
    /// Commit statuses and deployments of the source repository.
    GitHub {
        /// Where the API is: `https`, or `http` on this machine.
        api: String,
        /// A file with a token; `GITHUB_TOKEN` of the environment when absent.
        token_file: Option<PathBuf>,
    },
}

/// Something that happened to a release and that somebody may be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotificationEvent {
    /// It was deployed into an environment.
    Deployed,
    /// A policy holds it.
    Held,
    /// A policy denied it.
    Denied,
    /// Something failed.
    Failed,
    /// It has come to its end.
    Done,
}

impl NotificationEvent {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Deployed, Self::Held, Self::Denied, Self::Failed, Self::Done];

    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::Held => "held",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }
}

/// How registries are reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registries {
    /// Files with further certificate authorities, PEM.
    pub certificate_authorities: Vec<PathBuf>,
    /// Folders with certificates in Docker's layout.
    pub certificate_folders: Vec<PathBuf>,
    /// Registries, host and port, that are spoken to without TLS.
    pub plain_http: Vec<String>,
    /// Blobs on their way to and from one registry at the same time; the registry client decides when absent.
    pub transfers: Option<usize>,
    /// The size of the pieces that a larger blob is sent in, bytes; the registry client decides when absent.
    pub upload_piece: Option<u64>,
    /// How long a registry that says when to come back is waited for; the registry client decides when absent.
    pub busy_timeout: Option<Duration>,
    /// What single registries need, by host and port.
    pub hosts: BTreeMap<String, RegistryHost>,
}

impl Configuration {
    /// Refuses the configuration for problems that show only when it is put to use, such as settings that a policy does
    /// not take. The error shows them like those that reading finds.
    #[must_use]
    pub fn refuse(&self, problems: Vec<Problem>) -> ConfigurationError {
        ConfigurationError::new(&self.source, problems)
    }
}
