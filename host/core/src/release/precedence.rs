//! Which of two releases is the newer one.

use serde::{Deserialize, Serialize};

use crate::{
    contract::{GitRef, Source},
    fact::{Entry, Fact},
};

/// A release's place in the order of releases; the greater one is the newer one.
///
/// The commit's time comes first, so that a late run of an old commit stays old. At one commit the event with a git
/// tag wins over the one without: pushing a branch and a tag together starts both at once, in no order, and the tagged
/// one has to last. Then the order in which the journal saw them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Precedence {
    commit_time: i64,
    tagged: bool,
    sequence: u64,
}

impl Precedence {
    /// The place of a release with this source whose opening has this sequence in the journal.
    #[must_use]
    pub fn new(source: &Source, sequence: u64) -> Self {
        let tagged = !source.tags.is_empty() || matches!(source.git_ref, GitRef::Tag(_));
        Self { commit_time: source.commit.time, tagged, sequence }
    }

    /// The place of the release that this entry opened; `None` when it is no opening.
    #[must_use]
    pub fn of_opening(entry: &Entry) -> Option<Self> {
        match &entry.fact {
            Fact::Opened(opening) => Some(Self::new(&opening.source, entry.sequence)),
            _ => None,
        }
    }
}
