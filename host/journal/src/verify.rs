//! What is checked of each entry, whichever database it is in.

use plimsoll_core::{digest::Digest, fact::Fact, ports::JournalCheck};

use crate::{
    chain::{GENESIS, Link},
    columns::Columns,
    rows::{hash_of, sequence_of},
};

/// How many rows are held in memory at a time.
pub(crate) const PAGE: usize = 512;

/// A row of facts as it is stored.
#[derive(Debug)]
pub(crate) struct StoredRow<'a> {
    pub(crate) sequence: i64,
    pub(crate) at: i64,
    pub(crate) release: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) environment: Option<&'a str>,
    pub(crate) tag: Option<&'a str>,
    pub(crate) json: &'a str,
    pub(crate) hash: &'a [u8],
}

/// Where the chain stands: the last entry that is as it was written.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) sequence: i64,
    hash: Digest,
}

impl Place {
    /// Before the first entry.
    pub(crate) const START: Self = Self { sequence: 0, hash: GENESIS };

    /// The sequence that the next rows are greater than. Before the first entry everything counts, also a sequence that
    /// no host would give.
    pub(crate) fn after(&self) -> i64 {
        if self.sequence == 0 { i64::MIN } else { self.sequence }
    }

    /// Checks a row against this place and moves on to it.
    ///
    /// # Errors
    /// What is wrong with the row.
    pub(crate) fn follow(&self, row: &StoredRow<'_>) -> Result<Self, String> {
        let sequence = row.sequence;
        if sequence != self.sequence + 1 {
            let (expected, last) = (self.sequence + 1, self.sequence);
            return Err(format!(
                "entry {expected} is missing or out of order: entry {sequence} follows entry {last}"
            ));
        }
        let link = Link { sequence: sequence_of(sequence), at: row.at, release: row.release, json: row.json };
        let hash = link.hash(&self.hash);
        if hash != hash_of(row.hash) {
            return Err("the entry or one before it was changed: its hash does not fit".to_owned());
        }
        // The hash covers the text; the other columns are derived from it.
        let fact: Fact = serde_json::from_str(row.json)
            .map_err(|error| format!("the entry holds no fact that this version knows: {error}"))?;
        let columns = Columns::of(&fact);
        if (row.kind, row.environment, row.tag) != (columns.kind, columns.environment, columns.tag) {
            return Err(
                "what the entry is looked up by was changed: its columns do not fit its fact".to_owned()
            );
        }
        Ok(Self { sequence, hash })
    }

    /// Checks that the chain ends where the last writer left it: its note of the last sequence and hash.
    ///
    /// # Errors
    /// What is wrong with the end.
    pub(crate) fn check_end(&self, head: Option<(i64, &[u8])>) -> Result<(), String> {
        let Some((end, hash)) = head else {
            return Err("the note of where the journal ends is gone".to_owned());
        };
        if end != self.sequence {
            let last = self.sequence;
            return Err(format!(
                "the last entry is {last}, but the journal ended at {end}: entries were cut off or added"
            ));
        }
        if hash_of(hash) != self.hash {
            return Err("the note of the last entry's hash was changed".to_owned());
        }
        Ok(())
    }

    /// The answer when the chain ends here.
    pub(crate) fn intact(&self) -> JournalCheck {
        JournalCheck::Intact { entries: sequence_of(self.sequence), head: self.hash.hex() }
    }

    /// The answer when the chain breaks behind this place.
    pub(crate) fn broken(&self, problem: String) -> JournalCheck {
        JournalCheck::Broken { sequence: sequence_of(self.sequence + 1), problem }
    }
}
