//! Which of two releases is the newer one.

use crate::{
    contract::{GitRef, Source},
    fact::{Entry, Fact},
};

/// A release's place among the releases.
///
/// Of two commits the younger one is the newer release, so that a late run of an old commit stays old; commits of the
/// same second follow the order in which the journal saw them. At one commit the event with a git tag wins over the one
/// without: pushing a branch and a tag together starts both at once, in no order, and the tagged one has to last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precedence {
    commit: String,
    commit_time: i64,
    tagged: bool,
    sequence: u64,
}

impl Precedence {
    /// The place of a release with this source whose opening has this sequence in the journal.
    #[must_use]
    pub fn new(source: &Source, sequence: u64) -> Self {
        let tagged = !source.tags.is_empty() || matches!(source.git_ref, GitRef::Tag(_));
        Self { commit: source.commit.id.clone(), commit_time: source.commit.time, tagged, sequence }
    }

    /// The place of the release that this entry opened; `None` when it is no opening.
    #[must_use]
    pub fn of_opening(entry: &Entry) -> Option<Self> {
        match &entry.fact {
            Fact::Opened(opening) => Some(Self::new(&opening.source, entry.sequence)),
            _ => None,
        }
    }

    /// Whether this release is newer than the other one.
    #[must_use]
    pub fn is_newer_than(&self, other: &Self) -> bool {
        if self.commit == other.commit {
            (self.tagged, self.sequence) > (other.tagged, other.sequence)
        } else {
            (self.commit_time, self.sequence) > (other.commit_time, other.sequence)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn precedence(commit: &str, commit_time: i64, tagged: bool, sequence: u64) -> Precedence {
        Precedence { commit: commit.to_owned(), commit_time, tagged, sequence }
    }

    #[test]
    fn the_younger_commit_is_newer_whenever_it_is_released() {
        assert!(precedence("b", 2, false, 1).is_newer_than(&precedence("a", 1, true, 9)));
    }

    #[test]
    fn a_tag_counts_at_its_own_commit_only() {
        assert!(precedence("a", 1, true, 1).is_newer_than(&precedence("a", 1, false, 2)));
        // Two commits of one second, as after a rebase: the tag on the first does not make it the newer one.
        assert!(precedence("b", 1, false, 2).is_newer_than(&precedence("a", 1, true, 1)));
    }
}
