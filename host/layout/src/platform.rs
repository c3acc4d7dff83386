//! Choosing the image for a platform from an index.

use oci_spec::image::{Descriptor, ImageIndex};
use plimsoll_core::ports::Platform;

use crate::manifest::{DOCKER_MANIFEST, OCI_MANIFEST};

/// An index without an image for the platform.
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

/// The image of an index for a platform: the first one whose variant is the same once defaults are filled in. A wanted
/// platform without a variant also takes an image of any variant when nothing fits better.
///
/// Entries that are no images, such as attestations (`unknown/unknown`), are passed over.
///
/// # Errors
/// There is none; the error lists what there is.
pub fn for_platform<'a>(
    index: &'a ImageIndex,
    wanted: &Platform,
) -> Result<&'a Descriptor, Box<NoSuchPlatform>> {
    let images: Vec<(Platform, &Descriptor)> =
        index.manifests().iter().filter_map(|entry| Some((platform_of(entry)?, entry))).collect();
    let same_machine =
        |platform: &Platform| platform.os == wanted.os && architecture(platform) == architecture(wanted);
    let exact = |platform: &Platform| same_machine(platform) && variant(platform) == variant(wanted);
    let loose = |platform: &Platform| same_machine(platform) && wanted.variant.is_none();
    let find = |fits: &dyn Fn(&Platform) -> bool| {
        images.iter().find(|(platform, _)| fits(platform)).map(|(_, entry)| *entry)
    };
    find(&exact).or_else(|| find(&loose)).ok_or_else(|| {
        let available = images.iter().map(|(platform, _)| platform.clone()).collect();
        Box::new(NoSuchPlatform { wanted: wanted.clone(), available })
    })
}

fn platform_of(entry: &Descriptor) -> Option<Platform> {
    let is_image = matches!(entry.media_type().as_ref(), OCI_MANIFEST | DOCKER_MANIFEST);
    let platform = entry.platform().as_ref().filter(|_| is_image)?;
    let (os, architecture) = (platform.os().to_string(), platform.architecture().to_string());
    let known = os != "unknown" && architecture != "unknown";
    known.then(|| Platform { os, architecture, variant: platform.variant().clone() })
}

fn architecture(platform: &Platform) -> &str {
    match platform.architecture.as_str() {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The variant with the defaults of the field: arm64 is v8, arm is v7, amd64 is v1.
fn variant(platform: &Platform) -> Option<&str> {
    let default = match architecture(platform) {
        "arm64" => Some("v8"),
        "arm" => Some("v7"),
        "amd64" => Some("v1"),
        _ => None,
    };
    platform.variant.as_deref().filter(|variant| !variant.is_empty()).or(default)
}
