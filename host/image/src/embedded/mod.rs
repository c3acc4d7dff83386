//! The embedded builder: images without RUN, built in this process without privileges, engine or network, except for
//! the base images that it is given.
//!
//! Differences from Docker that are intended: every file gets the build's timestamp instead of its own time, since a
//! checkout's times differ from machine to machine; WORKDIR on a folder that exists makes no empty layer; patterns of one
//! COPY that all match nothing are an error.

mod build;
mod output;
mod settings;
mod stage;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    ports::{Activity, BaseImages, BuildRequest, BuiltImage, ImageBuilder, PortFailure, Progress},
};
use plimsoll_layout::Layout;
use tokio::sync::mpsc;

use self::build::{Build, Images};
use crate::{
    blocking,
    cache::Cache,
    dockerfile::{Dockerfile, Plan},
    error::ImageError,
    one_platform,
};

/// Builds images in this process.
pub struct EmbeddedBuilder {
    base_images: Arc<dyn BaseImages>,
    cache: Cache,
}

impl EmbeddedBuilder {
    /// A builder that takes base images from there, and remembers in the folder `cache`, if there is one, what it
    /// needs not do again. Builds at the same time may share the folder, and it may be removed at any time.
    #[must_use]
    pub fn new(base_images: Arc<dyn BaseImages>, cache: Option<PathBuf>) -> Self {
        Self { base_images, cache: Cache::new(cache) }
    }

    async fn images(
        &self,
        plan: &Plan,
        request: &BuildRequest,
        progress: &dyn Progress,
    ) -> Result<Images, PortFailure> {
        let mut images = Images::new();
        for (reference, platform) in plan.images() {
            progress.activity(Activity::Line(&format!("FROM {reference}")));
            let digest = self
                .base_images
                .fetch(&reference, std::slice::from_ref(&platform), &request.layout, progress)
                .await?;
            images.insert((reference, platform), digest[0]);
        }
        Ok(images)
    }
}

#[async_trait]
impl ImageBuilder for EmbeddedBuilder {
    async fn build(
        &self,
        request: &BuildRequest,
        progress: &dyn Progress,
    ) -> Result<BuiltImage, PortFailure> {
        let owned = request.clone();
        let (plan, layout) = blocking(move || prepare(&owned)).await?;
        for warning in &plan.warnings {
            progress.activity(Activity::Warning(warning));
        }
        let images = self.images(&plan, request, progress).await?;
        let (say, mut news) = mpsc::unbounded_channel();
        let tell = say.clone();
        let build = Build {
            request: request.clone(),
            plan,
            images,
            cache: self.cache.clone(),
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
        Ok(built?)
    }
}

/// What a build tells of itself.
enum News {
    Line(String),
    Blob(Digest),
}

/// Reads the Dockerfile and finds everything in it that cannot be built.
fn prepare(request: &BuildRequest) -> Result<(Plan, Layout), ImageError> {
    let text = crate::read_text(&request.dockerfile, crate::LARGEST_DOCKERFILE)?;
    let dockerfile = Dockerfile::parse(&text, &request.dockerfile)?;
    let plan = Plan::new(
        dockerfile,
        &request.dockerfile,
        &request.build_arguments,
        request.target.as_deref(),
        one_platform(request)?,
    )?;
    Ok((plan, Layout::open_or_create(&request.layout)?))
}
