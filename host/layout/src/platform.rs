//! Choosing the image for a platform.

use oci_spec::image::{Descriptor, ImageIndex};
use plimsoll_core::ports::Platform;

use crate::manifest::{DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};

/// There is no image for the platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no image for {wanted}: it is there for {}", list(.available))]
pub struct NoSuchPlatform {
    /// What was asked for.
    pub wanted: Platform,
    /// What there is.
    pub available: Vec<Platform>,
}

fn list(platforms: &[Platform]) -> String {
    match platforms {
        [] => "no platform at all".to_owned(),
        platforms => platforms.iter().map(Platform::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// The images of an index with their platforms, in its order. Entries that are none, such as attestations
/// (`unknown/unknown`), are left out.
pub fn images(index: &ImageIndex) -> impl Iterator<Item = (Platform, &Descriptor)> {
    index.manifests().iter().filter_map(|entry| Some((platform_of(entry)?, entry)))
}

/// The image that speaks for an index where only one can: the first one that is for a platform. What is true of all, such
/// as the labels of a release, is true of it.
#[must_use]
pub fn first_image(index: &ImageIndex) -> Option<&Descriptor> {
    images(index).map(|(_, entry)| entry).next()
}

/// The indexes inside an index (OCI image specification 1.1, "Image Index Property Descriptions", `manifests`).
pub fn inner_indexes(index: &ImageIndex) -> impl Iterator<Item = &Descriptor> {
    index.manifests().iter().filter(|entry| matches!(entry.media_type().as_ref(), OCI_INDEX | DOCKER_LIST))
}

/// Of several images the one that runs best on a platform; of several as good, the first. What runs there is told as
/// `Only` of containerd's package `platforms` does, which Docker follows.
///
/// # Errors
/// None runs there; the error lists what there is.
pub fn for_platform<Image>(
    images: impl IntoIterator<Item = (Platform, Image)>,
    wanted: &Platform,
) -> Result<Image, Box<NoSuchPlatform>> {
    let mut images: Vec<(Platform, Image)> = images.into_iter().collect();
    let place = runnable(wanted)
        .iter()
        .find_map(|runs| images.iter().position(|(platform, _)| platform == runs))
        .ok_or_else(|| NoSuchPlatform {
            wanted: wanted.clone(),
            available: images.iter().map(|(platform, _)| platform.clone()).collect(),
        })?;
    Ok(images.swap_remove(place).1)
}

/// The platforms whose programs run on this one, the best first.
fn runnable(platform: &Platform) -> Vec<Platform> {
    let other = |architecture: &str, variant: &str| Platform::new(platform.os(), architecture, Some(variant));
    let down = |architecture: &str, from: u32, to: u32| -> Vec<Platform> {
        (to..from).rev().map(|version| other(architecture, &format!("v{version}"))).collect()
    };
    let below = match (platform.architecture(), version(platform.variant().unwrap_or_default())) {
        ("amd64", version) => {
            let lower = down("amd64", version.map_or(1, |(version, _)| version.min(MOST)), 1);
            [lower, vec![other("386", "")]].concat()
        }
        ("arm", Some((version, _))) => down("arm", version.min(MOST), 5),
        ("arm64", version) => {
            let (major, minor) = version.unwrap_or((8, 0));
            let minor = minor.min(MOST);
            let below = |major: u32, minor: u32| {
                (0..minor).rev().map(move |minor| other("arm64", &arm64(major, minor)))
            };
            // Every v9.x can do what v8.(x + 5) can (Arm Architecture Reference Manual, "Armv9 architecture").
            let newest = if major == 9 { minor + 6 } else { minor };
            let nine = if major == 9 { minor } else { 0 };
            below(9, nine).chain(below(8, newest)).chain(down("arm", 9, 5)).collect()
        }
        _ => Vec::new(),
    };
    [vec![platform.clone()], below].concat()
}

/// The highest version that any list of versions begins at: texts from outside may name any.
const MOST: u32 = 32;

/// The version in the name of a variant: `v8.2` is 8 and 2.
fn version(variant: &str) -> Option<(u32, u32)> {
    let numbers = variant.strip_prefix('v')?;
    let (major, minor) = numbers.split_once('.').unwrap_or((numbers, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn arm64(major: u32, minor: u32) -> String {
    if minor == 0 { format!("v{major}") } else { format!("v{major}.{minor}") }
}

fn platform_of(entry: &Descriptor) -> Option<Platform> {
    let is_image = matches!(entry.media_type().as_ref(), OCI_MANIFEST | DOCKER_MANIFEST);
    let platform = entry.platform().as_ref().filter(|_| is_image)?;
    let (os, architecture) = (platform.os().to_string(), platform.architecture().to_string());
    let known = os != "unknown" && architecture != "unknown";
    known.then(|| Platform::new(&os, &architecture, platform.variant().as_deref()))
}
