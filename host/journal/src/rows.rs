//! What the databases' rows say, in the words of the host.

use plimsoll_core::{
    digest::Digest,
    fact::{Entry, StoredFact},
    names::ReleaseId,
};

use crate::{error::JournalError, name::JournalName};

/// A number of rows as databases count.
pub(crate) fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A place in the journal as databases count.
pub(crate) fn place(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

/// A place in the journal as the rest of the host counts. The schema begins at 1, so nothing below zero is ever stored by
/// a host; such a number, written by somebody else, becomes 0, which is no place either.
pub(crate) fn sequence_of(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}

/// A stored hash. The schema holds up that it has 32 bytes; another length, which only a damaged file has, becomes a hash
/// that no entry has.
pub(crate) fn hash_of(stored: &[u8]) -> Digest {
    Digest::from_bytes(stored.try_into().unwrap_or([0; 32]))
}

/// A release's id as stored.
pub(crate) fn release_id(
    sequence: i64,
    stored: &str,
    journal: impl Into<JournalName>,
) -> Result<ReleaseId, JournalError> {
    ReleaseId::new(stored).map_err(|source| JournalError::UnreadableRelease {
        journal: journal.into(),
        sequence,
        source,
    })
}

/// Reads a stored fact.
pub(crate) fn entry(stored: StoredFact, journal: impl Into<JournalName>) -> Result<Entry, JournalError> {
    let StoredFact { sequence, at, release, json } = stored;
    let fact = serde_json::from_str(&json).map_err(|source| JournalError::UnreadableFact {
        journal: journal.into(),
        sequence: place(sequence),
        source,
    })?;
    Ok(Entry { sequence, at, release, fact })
}
