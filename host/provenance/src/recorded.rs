//! What a journal holds of the releases that the statements speak of.

use std::collections::BTreeMap;

use plimsoll_core::digest::Digest;

use crate::{build::Source, statement::Claim};

/// What a journal holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The releases that it knows.
    pub releases: BTreeMap<String, RecordedRelease>,
}

/// What a journal holds of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRelease {
    /// Its image, once it was built.
    pub image: Option<Digest>,
    /// Its commit.
    pub commit: String,
    /// Its event's source.
    pub source: Source,
    /// Whether the working tree held changes that are not in the commit.
    pub dirty: bool,
    /// Digest of its configuration.
    pub configuration: Digest,
    /// The decisions that statements name, by their places: what each of them would be stated as.
    pub decisions: BTreeMap<u64, Claim>,
    /// The place of the newest decision on each environment, and its word.
    pub newest: BTreeMap<String, (u64, String)>,
}

impl RecordedRelease {
    /// Whether it holds exactly the decision that is stated: the place alone says nothing of what was decided there.
    pub(crate) fn holds(&self, sequence: u64, claim: &Claim) -> bool {
        self.decisions.get(&sequence) == Some(claim)
    }
}
