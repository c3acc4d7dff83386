//! From a configuration file to a running host: the one place where the parts meet.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use plimsoll_core::{
    names::EnvironmentName,
    ports::{Check, FailureClass, ImageBuilder, Journal, PortFailure, TaggingPolicy, Target},
    reference::ImageReference,
};
use plimsoll_fetch::Fetcher;
use plimsoll_image::EmbeddedBuilder;
use plimsoll_policy::Sandbox;
use plimsoll_registry::LayoutRepository;
use secrecy::SecretString;
use tokio::runtime::Handle;

pub use crate::host_error::HostError;
pub use crate::registry_access::{
    AzureAssertion, AzureWorkload, Proxies, Registries, RegistryOptions, WorkflowToken, policy_source,
    registries,
};

use crate::{
    absent_journal::AbsentJournal,
    application::{Application, Binding, Environment, ImagePlan},
    builders,
    clock::Clock,
    commit_files::CommitFiles,
    configuration::{self, Capability, Configuration, Destination, PolicyReference},
    journals,
    notifications::{self, Notifier, Patience},
    policies::{Policies, Surroundings, open_sandbox},
    provenance::{self, Provenance},
    release::Lookout,
    sharing::{Lock, Signer, lock_path},
    targets,
    variables::Variables,
};

/// The folder beside the configuration file in which the host keeps what it works with.
const STATE: &str = ".plimsoll";

/// What a host is told of its surroundings. It looks at nothing else.
#[derive(Debug, Clone, Default)]
pub struct HostOptions {
    /// The configuration file.
    pub configuration: PathBuf,
    /// The folder for compiled policies; without it each process compiles anew.
    pub cache: Option<PathBuf>,
    /// Where credentials for registries and the way to them are found. What the configuration says of registries is added.
    pub registries: RegistryOptions,
    /// Where the Docker engine listens; its usual socket when absent.
    pub docker_host: Option<String>,
    /// The environment variables that the configuration names.
    pub variables: Variables,
    /// The time that images get, Unix seconds; the commit's when absent.
    pub timestamp: Option<i64>,
    /// A token for GitHub's API; a file that the configuration names wins over it.
    pub github_token: Option<SecretString>,
    /// The password of the private key that statements are signed with.
    pub key_password: Option<SecretString>,
    /// Where the time comes from.
    pub clock: Clock,
}

/// Whether the journal may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It is only read; one that does not exist is not made.
    Read,
    /// It is written; one that does not exist is made.
    Write,
}

/// A host for one application: its configuration, and the parts as they are asked for.
pub struct Host {
    configuration: Configuration,
    options: HostOptions,
    root: PathBuf,
    sandbox: OnceLock<Sandbox>,
    registries: OnceLock<Arc<Registries>>,
    files: Option<CommitFiles>,
}

impl Host {
    /// Reads the configuration. Nothing is started.
    ///
    /// # Errors
    /// The file cannot be read or is wrong.
    pub fn open(options: HostOptions) -> Result<Self, HostError> {
        let path = &options.configuration;
        let text = std::fs::read_to_string(path)
            .map_err(|source| HostError::Unreadable { path: path.clone(), source })?;
        let configuration = Configuration::parse(path, &text, plimsoll_stock::NAMES).map_err(Box::new)?;
        let root = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
            .to_owned();
        Ok(Self {
            configuration,
            options,
            root,
            sandbox: OnceLock::new(),
            registries: OnceLock::new(),
            files: None,
        })
    }

    /// Takes what is built and the manifests from other files than the working tree's.
    #[must_use]
    pub fn with_files(mut self, files: Option<CommitFiles>) -> Self {
        self.files = files;
        self
    }

    /// Where a file or folder of the configuration lies that belongs to the commit.
    fn locate(&self, path: &Path) -> PathBuf {
        self.files.as_ref().map_or_else(|| path.to_owned(), |files| files.locate(path))
    }

    /// The folder that the host keeps its own things in.
    #[must_use]
    pub fn own_folder(&self) -> PathBuf {
        self.root.join(STATE)
    }

    /// The configuration.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The folder of the configuration file.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Folders that the host itself writes to: changes there are no changes to the application.
    #[must_use]
    pub fn own_folders(&self) -> Vec<PathBuf> {
        let targets = self.configuration.environments.iter().filter_map(|environment| {
            match &environment.target {
                configuration::Target::Directory { path, .. } => Some(path.clone()),
                // What is applied elsewhere leaves nothing here but what lies in our own folder.
                configuration::Target::Kubernetes(_) | configuration::Target::GitOps(_) => None,
            }
        });
        let layout = match &self.configuration.image.destination {
            Destination::Layout { path, .. } => Some(path.clone()),
            Destination::Registry(_) => None,
        };
        targets.chain(layout).chain([self.root.join(STATE)]).collect()
    }

    /// The names of the environments in the order of the configuration.
    #[must_use]
    pub fn environment_names(&self) -> Vec<EnvironmentName> {
        self.configuration.environments.iter().map(|environment| environment.name.clone()).collect()
    }

    /// Where the image goes, as the configuration writes it.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.configuration.image.written
    }

    /// What is built, and where it goes.
    #[must_use]
    pub fn image_plan(&self) -> ImagePlan {
        let image = &self.configuration.image;
        ImagePlan {
            written: image.written.clone(),
            name: image.destination.name().clone(),
            context: self.locate(&image.context),
            dockerfile: self.locate(&image.dockerfile),
            build_arguments: image.build_arguments.clone(),
            target: image.target.clone(),
            platforms: image.platforms.clone(),
            compression: image.compression,
            timestamp: self.options.timestamp,
            layout: self.root.join(STATE).join("build"),
        }
    }

    /// The client for all registries.
    ///
    /// # Errors
    /// A certificate authority of the configuration cannot be read.
    pub fn registries(&self) -> Result<Arc<Registries>, HostError> {
        if let Some(registries) = self.registries.get() {
            return Ok(Arc::clone(registries));
        }
        let registries = registries(&self.options, &self.configuration.registries)?;
        Ok(Arc::clone(self.registries.get_or_init(|| registries)))
    }

    /// What builds the image.
    ///
    /// # Errors
    /// The client for base images cannot be made.
    pub fn builder(&self) -> Result<Arc<dyn ImageBuilder>, HostError> {
        let HostOptions { docker_host, variables, .. } = &self.options;
        let builder = &self.configuration.image.builder;
        if let Some(builder) = builders::with_engine(builder, docker_host.as_ref(), variables) {
            return Ok(builder);
        }
        let cache = self.root.join(STATE).join("cache");
        Ok(Arc::new(EmbeddedBuilder::new(self.registries()?, Arc::new(Fetcher::default()), Some(cache))))
    }

    /// Opens the journal.
    ///
    /// # Errors
    /// It cannot be opened, or not made.
    pub async fn journal(&self, access: Access) -> Result<Arc<dyn Journal>, HostError> {
        journals::open(&self.configuration.journal, access).await
    }

    /// The tagging policy, ready to be asked.
    ///
    /// # Errors
    /// The policy cannot be loaded or is not granted what it wants, or its settings are wrong.
    pub async fn tagging(&self) -> Result<Binding<dyn TaggingPolicy>, HostError> {
        let needs_journal = self.configuration.tags.grants.contains(&Capability::History);
        let journal = if needs_journal { self.journal(Access::Read).await? } else { Arc::new(AbsentJournal) };
        let surroundings = self.surroundings(journal)?;
        self.with_policies(|policies, problems| policies.tagging(&surroundings, problems))
    }

    /// Everything that a release needs, put together. All policies are loaded, linked and have checked their settings.
    ///
    /// # Errors
    /// A part cannot be started, or a policy cannot be used; all such problems are reported at once.
    pub async fn application(&self, access: Access) -> Result<Application, HostError> {
        let surroundings = self.surroundings(self.journal(access).await?)?;
        let (tagging, promotions) = self.with_policies(|policies, problems| {
            let tagging = policies.tagging(&surroundings, problems);
            let promotions: Vec<_> = self
                .configuration
                .environments
                .iter()
                .map(|environment| policies.promotion(environment, &surroundings, problems))
                .collect();
            Some((tagging?, promotions))
        })?;
        let environments = self.configuration.environments.iter().zip(promotions);
        let provenance = self.provenance(access)?;
        Ok(Application {
            configuration: self.configuration.digest,
            image: self.image_plan(),
            tagging,
            environments: environments
                .map(|(environment, promotion)| {
                    Ok(Environment {
                        name: environment.name.clone(),
                        after: environment.after.clone(),
                        queue: environment.queue.into(),
                        target: self.target(environment),
                        checks: self.checks(environment),
                        promotion,
                    })
                })
                .collect::<Result<_, HostError>>()?,
            builder: self.builder()?,
            repository: surroundings.repository,
            journal: surroundings.journal,
            provenance,
            clock: self.options.clock,
        })
    }

    /// Tells others what happens; `None` when nobody is to be told. To be made inside of a runtime.
    ///
    /// # Errors
    /// A secret or an address cannot be used.
    pub fn notifier(&self) -> Result<Option<Notifier>, HostError> {
        let written = &self.configuration.notifications;
        let channels = notifications::channels(written, self.options.github_token.as_ref())?;
        if channels.is_empty() {
            return Ok(None);
        }
        let notifier = Notifier::start(channels, Patience::default());
        Ok(Some(notifier.map_err(|error| PortFailure::new(FailureClass::Configuration, error))?))
    }

    /// A view of all environments as they really are. No policy is loaded for it.
    #[must_use]
    pub fn lookout(&self, journal: Arc<dyn Journal>) -> Lookout {
        let environments = self.configuration.environments.iter();
        let targets = environments.map(|environment| (environment.name.clone(), self.target(environment)));
        Lookout {
            journal,
            repository: self.configuration.image.destination.name().clone(),
            targets: targets.collect(),
            clock: self.options.clock,
        }
    }

    fn target(&self, environment: &configuration::Environment) -> Arc<dyn Target> {
        targets::target(environment, &self.own_folder(), &|path| self.locate(path))
    }

    fn checks(&self, environment: &configuration::Environment) -> Vec<Arc<dyn Check>> {
        targets::checks(environment, &self.root, &|path| self.locate(path))
    }

    /// What the capabilities of the policies look at.
    fn surroundings(&self, journal: Arc<dyn Journal>) -> Result<Surroundings, HostError> {
        Ok(Surroundings {
            repository: self.destination()?.0,
            journal,
            written: self.configuration.image.written.clone(),
            environments: self.environment_names(),
            runtime: Handle::current(),
        })
    }

    /// Where images go, and what lies beside them.
    fn destination(&self) -> Result<provenance::Both, HostError> {
        Ok(match &self.configuration.image.destination {
            Destination::Registry(name) => provenance::both(self.registries()?.repository(name.clone())),
            Destination::Layout { path, .. } => provenance::both(LayoutRepository::new(path.clone())),
        })
    }

    fn provenance(&self, access: Access) -> Result<Option<Provenance>, HostError> {
        let referrers = self.destination()?.1;
        // A dry run signs nothing and reads no key.
        let password = (access == Access::Write).then_some(self.options.key_password.as_ref());
        Ok(provenance::of(&self.configuration, &self.root, referrers, password)?)
    }

    /// Lets `work` load policies, and turns the problems that it finds into one error about the configuration.
    fn with_policies<T>(
        &self,
        work: impl FnOnce(&Policies<'_>, &mut Vec<configuration::Problem>) -> Option<T>,
    ) -> Result<T, HostError> {
        let mut source = policy_source(&self.options, &self.configuration.registries);
        source.lock = Some(Lock::read(&lock_path(&self.options.configuration)).map_err(|error| {
            PortFailure::new(FailureClass::Configuration, error)
                .hint("`plimsoll policy lock --update` writes it anew")
        })?);
        let signers = self.signers()?;
        let policies =
            Policies { sandbox: self.sandbox()?, source, signers, configuration: &self.configuration };
        let mut problems = Vec::new();
        match work(&policies, &mut problems) {
            Some(result) if problems.is_empty() => Ok(result),
            _ => Err(Box::new(self.configuration.refuse(problems)).into()),
        }
    }

    /// Those whose signatures policies need, with their keys.
    ///
    /// # Errors
    /// A key cannot be read.
    pub fn signers(&self) -> Result<Vec<Signer>, HostError> {
        Signer::read_all(&self.configuration.signers)
            .map_err(|problems| Box::new(self.configuration.refuse(problems)).into())
    }

    /// Each reference to a registry in the configuration, once, and who must have signed what it means.
    ///
    /// # Errors
    /// A key cannot be read.
    pub fn remote_policies(&self) -> Result<Vec<(ImageReference, Vec<Signer>)>, HostError> {
        let signers = self.signers()?;
        let mut policies: Vec<(ImageReference, Vec<Signer>)> = Vec::new();
        for binding in self.configuration.bindings() {
            let PolicyReference::Registry(reference) = &binding.policy else { continue };
            let wanted = Signer::wanted(&signers, binding);
            match policies.iter_mut().find(|(known, _)| known == reference) {
                Some((_, known)) => {
                    known.extend(wanted);
                    known.sort_by(|one, other| one.name.cmp(&other.name));
                    known.dedup();
                }
                None => policies.push((reference.clone(), wanted)),
            }
        }
        Ok(policies)
    }

    fn sandbox(&self) -> Result<&Sandbox, HostError> {
        if let Some(sandbox) = self.sandbox.get() {
            return Ok(sandbox);
        }
        let sandbox = open_sandbox(self.options.cache.as_deref())?;
        Ok(self.sandbox.get_or_init(|| sandbox))
    }
}
