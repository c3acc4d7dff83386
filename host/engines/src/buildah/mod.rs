//! buildah as builder: it needs no engine, only itself.

mod arguments;

use std::{
    fs,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use plimsoll_core::ports::{BuildRequest, BuiltImage, Compression, ImageBuilder, PortFailure, Progress};

use self::arguments::Product;
use crate::{
    blocking,
    console::Console,
    error::EngineError,
    import, open_layout,
    program::{Program, each},
    secrets::Secrets,
    settings::{BuildSettings, BuildahSettings},
    work_folder,
};

/// Builds images with buildah.
#[derive(Debug, Clone)]
pub struct BuildahBuilder {
    settings: BuildahSettings,
}

impl BuildahBuilder {
    /// A builder with these settings. Nothing is looked for before something is built.
    #[must_use]
    pub const fn new(settings: BuildahSettings) -> Self {
        Self { settings }
    }

    async fn build_and_take(
        &self,
        request: &BuildRequest,
        progress: &dyn Progress,
    ) -> Result<BuiltImage, EngineError> {
        self.refuse_what_cannot_be(request)?;
        let secrets = Secrets::read(&self.settings.build.secrets)?;
        let console = Console::new(progress, &secrets);
        let layout = open_layout(&request.layout).await?;
        let folder = work_folder(&layout)?;
        let product = match request.platforms.single() {
            Some(_) => Product::Image { id_file: folder.path().join("id") },
            None => Product::list(folder.path()),
        };
        let made = self.make(request, &secrets, &product, folder.path(), &console).await;
        if let Product::List { name } = &product {
            // Only a name: the images stay, for the next build. Where nothing was built there is none.
            let _ = arguments::remove_list(&self.settings, name).ask().await;
        }
        let image = made?;
        let platforms = request.platforms.clone();
        blocking(move || import::folder(&image, &layout, platforms.as_slice())).await
    }

    fn refuse_what_cannot_be(&self, request: &BuildRequest) -> Result<(), EngineError> {
        let BuildSettings { cache_from, cache_to, .. } = &self.settings.build;
        if request.platforms.single().is_some() {
            Ok(())
        } else if request.compression == Compression::Zstd {
            Err(EngineError::NotByBuildah("several platforms and layers with zstd"))
        } else if cache_from.is_empty() && cache_to.is_empty() {
            Ok(())
        } else {
            Err(EngineError::NotByBuildah("several platforms and caches in registries"))
        }
    }

    /// Builds, and lets buildah write a layout into a folder; which.
    async fn make(
        &self,
        request: &BuildRequest,
        secrets: &Secrets,
        product: &Product,
        folder: &Path,
        console: &Console<'_>,
    ) -> Result<PathBuf, EngineError> {
        run(arguments::build(&self.settings, request, secrets, product), console).await?;
        let image = folder.join("image");
        let id =
            match product {
                Product::Image { id_file } => fs::read_to_string(id_file)
                    .map_err(|source| EngineError::Io { action: "read", path: id_file.clone(), source })?,
                Product::List { name } => name.clone(),
            };
        run(arguments::push(&self.settings, request, product, id.trim(), &image), console).await?;
        Ok(image)
    }
}

/// Runs buildah to its end, and shows what it says.
async fn run(program: Program, console: &Console<'_>) -> Result<(), EngineError> {
    let mut errors = console.lines();
    let output = async |mut stdout| {
        let mut lines = console.lines();
        each(&mut stdout, |bytes| lines.push(bytes, |line| say(line, console))).await;
        lines.end(|line| say(line, console));
    };
    let (status, ()) = program.follow(|bytes| errors.push(bytes, |line| say(line, console)), output).await?;
    errors.end(|line| say(line, console));
    if status.success() {
        return Ok(());
    }
    Err(EngineError::Failed { program: "buildah", status, lines: console.last_lines() })
}

/// Warnings are those of buildah's log. What it calls so beside it says of every build that nobody asked for a platform.
fn say(line: &str, console: &Console<'_>) {
    let is_warning = line.starts_with("time=") && line.contains(" level=warning ");
    if is_warning { console.warning(line) } else { console.line(line) }
}

#[async_trait]
impl ImageBuilder for BuildahBuilder {
    async fn build(
        &self,
        request: &BuildRequest,
        progress: &dyn Progress,
    ) -> Result<BuiltImage, PortFailure> {
        Ok(self.build_and_take(request, progress).await?)
    }
}
