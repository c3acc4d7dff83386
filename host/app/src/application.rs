//! The running host: every port filled, nothing started.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use plimsoll_core::{
    contract::{Intent, Source},
    digest::Digest,
    fact::{EnvironmentPlan, Fact, Opening},
    names::{CheckName, EnvironmentName},
    ports::{
        BuildRequest, Check, Compression, ImageBuilder, ImageRepository, Journal, Platforms, PromotionPolicy,
        TaggingPolicy, Target,
    },
    reference::RepositoryName,
    release::Queue,
};

use crate::{clock::Clock, provenance::Provenance};

/// An application's release host, put together from its configuration.
pub struct Application {
    /// Digest of the configuration file.
    pub configuration: Digest,
    /// What is built, and where it goes.
    pub image: ImagePlan,
    /// The tagging question.
    pub tagging: Binding<dyn TaggingPolicy>,
    /// The environments in the order of the configuration.
    pub environments: Vec<Environment>,
    /// Builds the image.
    pub builder: Arc<dyn ImageBuilder>,
    /// Takes the image.
    pub repository: Arc<dyn ImageRepository>,
    /// Holds the facts.
    pub journal: Arc<dyn Journal>,
    /// Puts statements about the image beside it; absent when none are wanted.
    pub provenance: Option<Provenance>,
    /// Tells the time.
    pub clock: Clock,
}

/// What is built, and where it goes.
#[derive(Debug, Clone)]
pub struct ImagePlan {
    /// The destination as the configuration writes it; policies and reports name it so.
    pub written: String,
    /// The repository that manifests name.
    pub name: RepositoryName,
    /// The folder that COPY and ADD read from.
    pub context: PathBuf,
    /// The Dockerfile.
    pub dockerfile: PathBuf,
    /// Values for ARG.
    pub build_arguments: BTreeMap<String, String>,
    /// The stage to build; the last one when absent.
    pub target: Option<String>,
    /// What the image runs on.
    pub platforms: Platforms,
    /// How its layers are compressed.
    pub compression: Compression,
    /// The time that the image gets, Unix seconds (`SOURCE_DATE_EPOCH`); the commit's when absent.
    pub timestamp: Option<i64>,
    /// The layout that images are built into.
    pub layout: PathBuf,
}

impl ImagePlan {
    /// What the builder is asked for. `commit_time` is the image's time where nothing else is set.
    #[must_use]
    pub fn build_request(
        &self,
        labels: BTreeMap<String, String>,
        annotations: BTreeMap<String, String>,
        commit_time: i64,
    ) -> BuildRequest {
        BuildRequest {
            context: self.context.clone(),
            dockerfile: self.dockerfile.clone(),
            build_arguments: self.build_arguments.clone(),
            target: self.target.clone(),
            platforms: self.platforms.clone(),
            compression: self.compression,
            labels,
            annotations,
            timestamp: self.timestamp.unwrap_or(commit_time),
            layout: self.layout.clone(),
        }
    }
}

/// A policy at one place of the configuration.
pub struct Binding<Policy: ?Sized> {
    /// The policy, pre-linked.
    pub policy: Arc<Policy>,
    /// Its settings, a JSON object as text.
    pub settings: String,
    /// The time zone that it is told the time in.
    pub time_zone: String,
    /// The policy that is asked the same and decides nothing.
    pub shadow: Option<Shadow<Policy>>,
    /// Why the shadow that is configured is not there: it could not be fetched. Nobody waits for it.
    pub missed: Option<String>,
}

/// A policy that is asked what another one decides, for comparison.
pub struct Shadow<Policy: ?Sized> {
    /// The policy, pre-linked.
    pub policy: Arc<Policy>,
    /// Its settings, a JSON object as text.
    pub settings: String,
    /// Digest of how it and the binding are configured.
    pub configured: Digest,
}

/// An environment, ready to be asked about and deployed to.
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// Environments that must run the release, healthy, before.
    pub after: Vec<EnvironmentName>,
    /// In which order releases enter it.
    pub queue: Queue,
    /// How it is deployed to.
    pub target: Arc<dyn Target>,
    /// What is checked after a deployment, in this order.
    pub checks: Vec<Arc<dyn Check>>,
    /// Its promotion policies; all of them are asked.
    pub promotion: Vec<Binding<dyn PromotionPolicy>>,
}

impl Environment {
    /// The check of this name.
    #[must_use]
    pub fn check(&self, name: &CheckName) -> Option<&dyn Check> {
        self.checks.iter().map(AsRef::as_ref).find(|check| check.name() == name)
    }
}

impl Application {
    /// Why shadows that are configured are not there.
    pub fn missed_shadows(&self) -> impl Iterator<Item = &str> {
        let promotions = self.environments.iter().flat_map(|environment| &environment.promotion);
        let promotions = promotions.filter_map(|binding| binding.missed.as_deref());
        self.tagging.missed.as_deref().into_iter().chain(promotions)
    }

    /// The environment of this name.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name == *name)
    }

    /// How a release of this source begins.
    #[must_use]
    pub fn opening(&self, source: Source, intent: Intent) -> Opening {
        Opening {
            source,
            intent,
            repository: self.image.written.clone(),
            environments: self.environment_plans(),
            configuration: self.configuration,
            provenance: self.provenance.is_some(),
        }
    }

    /// How a release is taken up again; when only what waits is to go on, what failed stays as it is.
    #[must_use]
    pub fn taken_up(&self, waiting: bool) -> Fact {
        Fact::Resumed { waiting, unattested: self.provenance.is_none() }
    }

    /// The environments as a release records them.
    fn environment_plans(&self) -> Vec<EnvironmentPlan> {
        let plan = |environment: &Environment| EnvironmentPlan {
            name: environment.name.clone(),
            after: environment.after.clone(),
            checks: environment.checks.iter().map(|check| check.name().clone()).collect(),
        };
        self.environments.iter().map(plan).collect()
    }
}
