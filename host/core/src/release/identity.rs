//! The id of a release.

use crate::{contract::Source, digest::Digest, names::ReleaseId};

/// Derives a release's id from its event, so that the same event is the same release on every host and at every try.
///
/// `repository` is the image repository. `occurrence` tells apart events that look alike, such as two nightly runs on
/// one commit: a provider's run number, or absent where an event can happen only once.
#[must_use]
pub fn release_id(source: &Source, repository: &str, occurrence: Option<&str>) -> ReleaseId {
    let identity = serde_json::json!([
        source.repository.name,
        repository,
        source.trigger,
        source.git_ref,
        source.commit.id,
        source.tags,
        occurrence,
    ]);
    let hex = Digest::of(identity.to_string().as_bytes()).short();
    ReleaseId::new(format!("r-{hex}")).expect("`r-` and twelve hexadecimal digits are a release id")
}
