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

use super::stage;
use crate::{blocking, dockerfile::Plan, error::ImageError};

/// An image that the build reads, and its manifest in the layout.
pub(super) type Images = BTreeMap<(ImageReference, Platform), Digest>;

/// Brings what the plans read. What comes may add to the plans, and they read further images then.
pub(super) async fn fetch(
    from: &Arc<dyn BaseImages>,
    mut plans: Vec<Plan>,
    layout: &Layout,
    progress: &dyn Progress,
) -> Result<(Vec<Plan>, Images), PortFailure> {
    let mut images = Images::new();
    loop {
        let read = plans.iter().flat_map(Plan::images);
        let wanted: BTreeSet<_> = read.filter(|image| !images.contains_key(image)).collect();
        if wanted.is_empty() {
            return Ok((plans, images));
        }
        for (image, digest) in fetch_all(from, &plans, wanted, layout, progress).await? {
            let (layout, named) = (layout.clone(), image.0.clone());
            let triggers = blocking(move || stage::triggers(&layout, &named, digest)).await?;
            let added = plans.into_iter().map(|plan| plan.add_triggers(&image, &triggers));
            plans = added.collect::<Result<_, _>>().map_err(ImageError::from)?;
            images.insert(image, digest);
        }
    }
}

/// Brings each image once for all platforms that want it, different images at the same time.
async fn fetch_all(
    from: &Arc<dyn BaseImages>,
    plans: &[Plan],
    wanted: BTreeSet<(ImageReference, Platform)>,
    layout: &Layout,
    progress: &dyn Progress,
) -> Result<Vec<((ImageReference, Platform), Digest)>, PortFailure> {
    let mut by_reference: BTreeMap<ImageReference, Vec<Platform>> = BTreeMap::new();
    for (reference, platform) in wanted {
        by_reference.entry(reference).or_default().push(platform);
    }
    let fetches = by_reference.into_iter().map(async |(reference, platforms)| {
        progress.activity(Activity::Line(&format!("FROM {reference}")));
        let fetched = from.fetch(&reference, &platforms, layout.root(), progress).await;
        let digests = fetched.map_err(|failure| about_from(failure, plans, &reference))?;
        let mut images = Vec::new();
        for (platform, digest) in platforms.into_iter().zip(digests) {
            warn_of_other_platform(&reference, &platform, digest, layout, progress).await?;
            images.push(((reference.clone(), platform), digest));
        }
        Ok::<_, PortFailure>(images)
    });
    Ok(try_join_all(fetches).await?.into_iter().flatten().collect())
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

/// An image for another architecture is what some want: its programs may not be run at all, or be emulated.
async fn warn_of_other_platform(
    reference: &ImageReference,
    wanted: &Platform,
    digest: Digest,
    layout: &Layout,
    progress: &dyn Progress,
) -> Result<(), PortFailure> {
    let (layout, named) = (layout.clone(), reference.clone());
    let Some(found) = blocking(move || stage::platform(&layout, &named, digest)).await? else {
        return Ok(());
    };
    if (found.os(), found.architecture()) != (wanted.os(), wanted.architecture()) {
        let warning = format!("the image {reference} is for {found}, and is used for {wanted}");
        progress.activity(Activity::Warning(&warning));
    }
    Ok(())
}
