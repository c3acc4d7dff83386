//! What a journal holds of the releases that the statements speak of.

use std::collections::BTreeMap;

use plimsoll_core::digest::Digest;

use crate::decision::Record;

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
    /// The decisions that statements name, by their places: the digest of each fact's text.
    pub decisions: BTreeMap<u64, Digest>,
    /// The place of the newest decision on each environment, and its word.
    pub newest: BTreeMap<String, (u64, String)>,
}

impl RecordedRelease {
    /// Whether it holds what a statement names.
    pub(crate) fn holds(&self, record: &Record) -> bool {
        let found = self.decisions.get(&record.sequence);
        found.is_some() && found.copied() == record.digest.content()
    }
}
