//! Bringing the images that a build reads into the layout.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::future::try_join_all;
use plimsoll_core::{
    digest::Digest,
    ports::{Activity, BaseImages, Platform, PortFailure, Progress},
    reference::ImageReference,
};
use plimsoll_layout::Layout;

use super::stage::{self, About};
use crate::{blocking, dockerfile::Plan, error::ImageError};

/// An image that the build reads, and its manifest in the layout.
pub(super) type Images = BTreeMap<(ImageReference, Platform), Digest>;

/// Brings what the plans read: each image once for all platforms that want it, different images at the same time. What the
/// images bring to the plans may need further images.
pub(super) async fn fetch(
    from: &Arc<dyn BaseImages>,
    mut plans: Vec<Plan>,
    layout: &Layout,
    progress: &dyn Progress,
) -> Result<(Vec<Plan>, Images), PortFailure> {
    let mut images = Images::new();
    loop {
        let missing = missing(&plans, &images);
        if missing.is_empty() {
            return Ok((plans, images));
        }
        let fetches = missing.into_iter().map(async |(reference, platforms)| {
            progress.activity(Activity::Line(&format!("FROM {reference}")));
            let fetched = from.fetch(&reference, &platforms, layout.root(), progress).await;
            let digests = fetched.map_err(|failure| about_from(failure, &plans, &reference))?;
            let images = platforms.into_iter().map(|platform| (reference.clone(), platform));
            Ok::<_, PortFailure>(images.zip(digests).collect::<Vec<_>>())
        });
        for (image, digest) in try_join_all(fetches).await?.into_iter().flatten() {
            let (layout, named) = (layout.clone(), image.0.clone());
            let About { platform, triggers } =
                blocking(move || stage::about(&layout, &named, digest)).await?;
            warn_of_other_platform(&image, platform, progress);
            let add = |plan: Plan| plan.add_triggers(&image, &triggers);
            plans = plans.into_iter().map(add).collect::<Result<_, _>>().map_err(ImageError::from)?;
            images.insert(image, digest);
        }
    }
}

/// The images that are not there yet, each with the platforms that it is wanted for.
fn missing(plans: &[Plan], there: &Images) -> BTreeMap<ImageReference, Vec<Platform>> {
    let wanted: BTreeSet<_> = plans.iter().flat_map(Plan::images).collect();
    let mut missing: BTreeMap<ImageReference, Vec<Platform>> = BTreeMap::new();
    for (reference, platform) in wanted.into_iter().filter(|image| !there.contains_key(image)) {
        missing.entry(reference).or_default().push(platform);
    }
    missing
}

/// An image for another architecture is what some want, but its programs may not run.
fn warn_of_other_platform(
    (reference, wanted): &(ImageReference, Platform),
    found: Option<Platform>,
    progress: &dyn Progress,
) {
    let Some(found) = found else { return };
    if (found.os(), found.architecture()) != (wanted.os(), wanted.architecture()) {
        let warning = format!("the image {reference} is for {found}, and is used for {wanted}");
        progress.activity(Activity::Warning(&warning));
    }
}

/// `--from` of something that is no stage is an image, which is not what everybody means by it.
fn about_from(failure: PortFailure, plans: &[Plan], image: &ImageReference) -> PortFailure {
    let named = plans.iter().find_map(|plan| Some((plan, plan.copied_image(image)?)));
    let Some((plan, word)) = named else { return failure };
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
