//! The embedded builder: images without RUN, built in this process without privileges, engine or network, except for
//! the base images and what ADD fetches, which others bring.
//!
//! Differences from Docker that are intended: every file gets the build's timestamp instead of its own time, since a
//! checkout's times differ from machine to machine; WORKDIR on a folder that exists makes no empty layer; patterns of one
//! COPY that all match nothing are an error.

mod build;
mod copying;
mod failure;
mod fetching;
mod output;
mod settings;
mod sources;
mod stage;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use plimsoll_core::{
    ports::{
        Activity, BaseImages, BuildRequest, BuiltImage, ImageBuilder, PortFailure, Progress, RemoteSources,
    },
    reference::ImageReference,
};
use plimsoll_layout::Layout;
use tokio::{runtime::Handle, sync::mpsc};

use self::build::{Build, Images};
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

    /// Brings the images that the plan reads. What they bring to the plan may need further images.
    async fn images(
        &self,
        mut plan: Plan,
        layout: &Layout,
        progress: &dyn Progress,
    ) -> Result<(Plan, Images), PortFailure> {
        let mut images = Images::new();
        while let Some(image) = plan.images().into_iter().find(|image| !images.contains_key(image)) {
            let (reference, platform) = &image;
            progress.activity(Activity::Line(&format!("FROM {reference}")));
            let fetched = self.base_images.fetch(reference, platform, layout.root(), progress).await;
            let digest = fetched.map_err(|failure| about_from(failure, &plan, reference))?;
            let (layout, named) = (layout.clone(), reference.clone());
            let triggers = blocking(move || stage::triggers(&layout, &named, digest)).await?;
            plan = plan.add_triggers(&image, &triggers).map_err(ImageError::from)?;
            images.insert(image, digest);
        }
        Ok((plan, images))
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
        let (plan, layout) = blocking(move || prepare(&owned)).await?;
        let (plan, images) = self.images(plan, &layout, progress).await?;
        for warning in plan.warnings(&request.build_arguments) {
            progress.activity(Activity::Warning(&warning));
        }
        let (say, mut lines) = mpsc::unbounded_channel::<String>();
        let build = Build {
            request: request.clone(),
            plan,
            images,
            cache: self.cache.clone(),
            remote: (Arc::clone(&self.remote), Handle::current()),
            scratch: tempfile::Builder::new()
                .prefix(".scratch-")
                .tempdir_in(layout.root())
                .map_err(ImageError::io("write into", layout.root()))?,
            layout,
            // Nobody listens when the build was given up.
            say: Box::new(move |line| drop(say.send(line))),
        };
        let forward = async {
            while let Some(line) = lines.recv().await {
                progress.activity(Activity::Line(&line));
            }
        };
        let (built, ()) = tokio::join!(blocking(move || build.run()), forward);
        Ok(built?)
    }
}

/// `--from` of something that is no stage is an image, which is not what everybody means by it.
fn about_from(failure: PortFailure, plan: &Plan, image: &ImageReference) -> PortFailure {
    let Some(word) = plan.copied_image(image) else { return failure };
    let message = format!(
        "{}:{}: `--from={}` names no stage, so it is the image {image}: {failure}",
        plan.dockerfile.display(),
        word.at,
        word.text
    );
    let hint =
        "Check the names of the stages. There are no named contexts: copy what is needed into the context.";
    let hint = failure.hint.map_or_else(|| hint.to_owned(), |first| format!("{first} {hint}"));
    PortFailure::new(failure.class, message).hint(hint)
}

/// The time of the build: that of the build argument, when there is one (reproducible-builds.org, `SOURCE_DATE_EPOCH`).
fn timestamp(request: &BuildRequest) -> Result<i64, ImageError> {
    match request.build_arguments.get("SOURCE_DATE_EPOCH") {
        Some(text) => text.parse().map_err(|_| ImageError::InvalidEpoch(text.clone())),
        None => Ok(request.timestamp),
    }
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
        &request.platform,
    )?;
    Ok((plan, Layout::open_or_create(&request.layout)?))
}
