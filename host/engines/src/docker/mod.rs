//! Docker as builder: through buildx where the client has it, through the engine's API and its classic builder elsewhere.

mod classic;
pub(crate) mod saved;

use async_trait::async_trait;
use plimsoll_core::ports::{BuildRequest, BuiltImage, Compression, ImageBuilder, PortFailure, Progress};

pub use classic::DockerError;

use crate::{
    buildx::{self, Found},
    error::EngineError,
    secrets::Secrets,
    settings::DockerSettings,
};

/// Builds images with Docker: with any builder that buildx knows, or with an engine alone.
#[derive(Debug, Clone)]
pub struct DockerBuilder {
    settings: DockerSettings,
}

impl DockerBuilder {
    /// A builder with these settings. Nothing is looked for before something is built.
    #[must_use]
    pub const fn new(settings: DockerSettings) -> Self {
        Self { settings }
    }

    async fn choose_and_build(
        &self,
        request: &BuildRequest,
        progress: &dyn Progress,
    ) -> Result<BuiltImage, EngineError> {
        let settings = &self.settings;
        let secrets = Secrets::read(&settings.build.secrets)?;
        let found = match buildx::find(settings).await {
            Found::Buildx => return buildx::build(settings, request, &secrets, progress).await,
            Found::TooOld(version) => Some(version),
            Found::Nothing => None,
        };
        let wanted = self.beyond_classic(request, &secrets);
        if wanted.is_empty() {
            Ok(classic::build(settings.host.as_deref(), request, progress).await?)
        } else {
            Err(EngineError::NeedsBuildx { wanted, found })
        }
    }

    /// What is asked for that the classic builder cannot do.
    fn beyond_classic(&self, request: &BuildRequest, secrets: &Secrets) -> Vec<&'static str> {
        let settings = &self.settings;
        [
            (settings.builder.is_some(), "a builder by name"),
            (!secrets.is_empty(), "secrets"),
            (!settings.build.cache_from.is_empty(), "cache-from"),
            (!settings.build.cache_to.is_empty(), "cache-to"),
            (request.platforms.single().is_none(), "several platforms"),
            (request.compression == Compression::Zstd, "layers with zstd"),
        ]
        .into_iter()
        .filter_map(|(is_wanted, what)| is_wanted.then_some(what))
        .collect()
    }
}

#[async_trait]
impl ImageBuilder for DockerBuilder {
    async fn build(
        &self,
        request: &BuildRequest,
        progress: &dyn Progress,
    ) -> Result<BuiltImage, PortFailure> {
        Ok(self.choose_and_build(request, progress).await?)
    }
}
