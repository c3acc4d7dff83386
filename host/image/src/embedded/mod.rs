//! The embedded builder: images without RUN, built in this process without privileges, engine or network, except for
//! the base images and what ADD fetches, which others bring.
//!
//! Where it differs from Docker on purpose, `docs/dockerfile.md` says, with the reasons.

mod bases;
mod build;
mod copying;
mod elsewhere;
mod failure;
mod fetching;
mod output;
mod settings;
mod sources;
mod stage;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    ports::{
        Activity, BaseImages, BuildRequest, BuiltImage, ImageBuilder, PortFailure, Progress, RemoteSources,
    },
};
use plimsoll_layout::Layout;
use tokio::sync::mpsc;

use self::{build::Build, elsewhere::Elsewhere};
use crate::{
    blocking,
    cache::Cache,
    dockerfile::{Dockerfile, Plan},
    error::ImageError,
};

/// Builds images in this process.
pub struct EmbeddedBuilder {
    base_images: Arc<dyn BaseImages>,
    remote: Arc<dyn RemoteSources>,
    cache: Cache,
}

impl EmbeddedBuilder {
    /// A builder that takes base images and what ADD fetches from there, and remembers in the folder `cache`, if there is
    /// one, what it needs not do again. Builds at the same time may share the folder, and it may be removed at any time.
    #[must_use]
    pub fn new(
        base_images: Arc<dyn BaseImages>,
        remote: Arc<dyn RemoteSources>,
        cache: Option<PathBuf>,
    ) -> Self {
        Self { base_images, remote, cache: Cache::new(cache) }
    }
}

#[async_trait]
impl ImageBuilder for EmbeddedBuilder {
    async fn build(
        &self,
        request: &BuildRequest,
        progress: &dyn Progress,
    ) -> Result<BuiltImage, PortFailure> {
        let mut owned = request.clone();
        owned.timestamp = timestamp(request)?;
        let request = &owned.clone();
        let (plans, layout) = blocking(move || prepare(&owned)).await?;
        let (plans, images) = bases::fetch(&self.base_images, plans, &layout, progress).await?;
        // What is wrong with the Dockerfile is as wrong on every platform: nobody wants to read it again.
        let warnings: BTreeSet<String> =
            plans.iter().flat_map(|plan| plan.warnings(&request.build_arguments)).collect();
        for warning in warnings {
            progress.activity(Activity::Warning(&warning));
        }
        let bases = bases::used(&images);
        let (say, mut news) = mpsc::unbounded_channel();
        let tell = say.clone();
        let build = Build {
            request: request.clone(),
            plans,
            images,
            cache: self.cache.clone(),
            elsewhere: Elsewhere::new(Arc::clone(&self.remote), &layout)?,
            layout,
            // Nobody listens when the build was given up.
            say: Box::new(move |line| drop(say.send(News::Line(line)))),
            tell: Box::new(move |digest| drop(tell.send(News::Blob(digest)))),
        };
        let forward = async {
            while let Some(news) = news.recv().await {
                match news {
                    News::Line(line) => progress.activity(Activity::Line(&line)),
                    News::Blob(digest) => progress.blob(&digest),
                }
            }
        };
        let (built, ()) = tokio::join!(blocking(move || build.run()), forward);
        Ok(BuiltImage { bases, ..built? })
    }
}

/// What a build tells of itself.
enum News {
    Line(String),
    Blob(Digest),
}

/// The time of the build: that of the build argument, when there is one (reproducible-builds.org, `SOURCE_DATE_EPOCH`).
fn timestamp(request: &BuildRequest) -> Result<i64, ImageError> {
    match request.build_arguments.get("SOURCE_DATE_EPOCH") {
        Some(text) => text.parse().map_err(|_| ImageError::InvalidEpoch(text.clone())),
        None => Ok(request.timestamp),
    }
}

/// Reads the Dockerfile and finds everything in it that cannot be built, on whichever platform.
fn prepare(request: &BuildRequest) -> Result<(Vec<Plan>, Layout), ImageError> {
    let text = crate::read_text(&request.dockerfile, crate::LARGEST_DOCKERFILE)?;
    let dockerfile = Dockerfile::parse(&text, &request.dockerfile)?;
    let BuildRequest { build_arguments, target, .. } = request;
    let plan = |platform| {
        Plan::new(dockerfile.clone(), &request.dockerfile, build_arguments, target.as_deref(), platform)
    };
    let plans = request.platforms.as_slice().iter().map(plan).collect::<Result<_, _>>()?;
    Ok((plans, Layout::open_or_create(&request.layout)?))
}
