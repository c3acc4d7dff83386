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
use crate::{blocking, dockerfile::Plan};

/// An image that the build reads, and its manifest in the layout.
pub(super) type Images = BTreeMap<(ImageReference, Platform), Digest>;

/// Brings what the plans read: each image once for all platforms that want it, different images at the same time.
pub(super) async fn fetch(
    from: &Arc<dyn BaseImages>,
    plans: &[Plan],
    layout: &Layout,
    progress: &dyn Progress,
) -> Result<Images, PortFailure> {
    let wanted: BTreeSet<_> = plans.iter().flat_map(Plan::images).collect();
    let mut by_reference: BTreeMap<ImageReference, Vec<Platform>> = BTreeMap::new();
    for (reference, platform) in wanted {
        by_reference.entry(reference).or_default().push(platform);
    }
    let fetches = by_reference.into_iter().map(async |(reference, platforms)| {
        progress.activity(Activity::Line(&format!("FROM {reference}")));
        let digests = from.fetch(&reference, &platforms, layout.root(), progress).await?;
        let mut images = Vec::new();
        for (platform, digest) in platforms.into_iter().zip(digests) {
            warn_of_other_platform(&reference, &platform, digest, layout, progress).await?;
            images.push(((reference.clone(), platform), digest));
        }
        Ok::<_, PortFailure>(images)
    });
    Ok(try_join_all(fetches).await?.into_iter().flatten().collect())
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
