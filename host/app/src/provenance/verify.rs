//! Whether an image is what was expected.

use std::collections::BTreeMap;

use plimsoll_core::{
    digest::Digest,
    names::Tag,
    ports::{Journal, PortFailure},
};
use plimsoll_provenance::{Claim, Expected, Found, Report, check};
use plimsoll_signature::PublicKey;
use serde::Serialize;

use super::{gather, image::ImageToVerify};

/// The most tags that are asked about: releases of one image give it some each.
const MOST_TAGS: usize = 4 * plimsoll_core::plan::MOST_TAGS;

/// What came of verifying an image: the object that `plimsoll verify --format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verified {
    /// The image, with its digest.
    pub image: String,
    /// Its digest.
    pub digest: Digest,
    /// The keys whose signatures count; none when nobody was named.
    pub keys: Vec<Digest>,
    /// What came of it.
    #[serde(flatten)]
    pub report: Report,
}

/// Verifies an image by what lies beside it, and by a journal if one is at hand. With keys, only what they signed counts.
///
/// # Errors
/// The repository or the journal could not be asked.
pub async fn verify(
    image: &ImageToVerify,
    keys: &[PublicKey],
    mut expected: Expected,
    journal: Option<&dyn Journal>,
) -> Result<Verified, PortFailure> {
    let gathered = gather::statements(image.referrers.as_ref(), &image.digest, keys).await?;
    let pointing = pointing(image, &gathered.found).await?;
    let recorded = match journal {
        Some(journal) => Some(gather::recorded(journal, &gathered.found).await?),
        None => None,
    };
    expected.tag = image.tag.as_ref().map(Tag::to_string);
    let report = check(&image.digest, gathered, &expected, &pointing, recorded.as_ref());
    Ok(Verified {
        image: image.name.clone(),
        digest: image.digest,
        keys: keys.iter().map(PublicKey::id).collect(),
        report,
    })
}

/// Where the tags of the statements point to now.
async fn pointing(
    image: &ImageToVerify,
    found: &[Found],
) -> Result<BTreeMap<String, Option<Digest>>, PortFailure> {
    let mut pointing = BTreeMap::new();
    let given = found.iter().filter_map(|found| match &found.statement.claim {
        Claim::Tagging(tagging) => Some(tagging.tags.iter()),
        _ => None,
    });
    for given in given.flatten() {
        if let Ok(tag) = Tag::new(given.name.as_str())
            && pointing.len() < MOST_TAGS
            && !pointing.contains_key(&given.name)
        {
            pointing.insert(given.name.clone(), image.repository.resolve(&tag).await?);
        }
    }
    Ok(pointing)
}
