//! What lies beside an image, sifted: what counts, and why the rest does not.

use plimsoll_core::digest::Digest;
use serde::Serialize;

use crate::statement::{Statement, StatementError};

/// Who stands for a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouched {
    /// A key that was named, by its id.
    Key(Digest),
    /// Somebody: it is signed, and no key was named to check that with.
    Unchecked,
    /// Nobody whose key was named: it is signed otherwise, or was changed.
    OtherKey,
    /// Nobody.
    Unsigned,
}

/// A statement about the image, as far as it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The manifest that holds it.
    pub referrer: Digest,
    /// It.
    pub statement: Statement,
    /// Who stands for it.
    pub vouched: Vouched,
}

/// The most referrers of an image that are looked at.
pub const MOST_REFERRERS: usize = 256;

/// What lies beside an image, as far as it was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathered {
    /// What counts.
    pub found: Vec<Found>,
    /// What does not.
    pub disregarded: Vec<Disregarded>,
    /// Whether there is more than [`MOST_REFERRERS`]. What was not looked at may be a denial, so nothing is verified then.
    pub truncated: bool,
}

/// What lies beside the image and does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disregarded {
    /// The manifest that holds it.
    pub referrer: Digest,
    /// Why not.
    pub reason: String,
}

impl Found {
    /// Sifts something that lies beside an image. `subject` is the image that its manifest refers to, `payload` the statement. When
    /// `by_key` demands it, only what a named key stands for counts. `None` for a statement on other matters, such as a scan.
    ///
    /// # Errors
    /// It does not count.
    pub fn sift(
        image: &Digest,
        referrer: Digest,
        subject: Option<Digest>,
        payload: &[u8],
        vouched: Vouched,
        by_key: bool,
    ) -> Result<Option<Self>, Disregarded> {
        let because = |reason: String| Disregarded { referrer, reason };
        let statement = match Statement::read(payload) {
            Err(StatementError::OtherPredicate(_) | StatementError::OtherBuild(_)) => return Ok(None),
            read => read,
        };
        if subject != Some(*image) {
            let other = subject.map_or_else(|| "no image".to_owned(), |subject| subject.to_string());
            return Err(because(format!("it refers to {other}, not to this image")));
        }
        match vouched {
            Vouched::Unsigned if by_key => return Err(because("it is not signed".to_owned())),
            Vouched::OtherKey => {
                return Err(because(
                    "it was signed with another key, or changed after it was signed".to_owned(),
                ));
            }
            _ => {}
        }
        let statement = statement.map_err(|error| because(error.to_string()))?;
        if !statement.subjects.contains(image) {
            let others: Vec<String> = statement.subjects.iter().map(Digest::to_string).collect();
            let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
            return Err(because(format!("it is about {others}, not about this image")));
        }
        Ok(Some(Self { referrer, statement, vouched }))
    }
}
