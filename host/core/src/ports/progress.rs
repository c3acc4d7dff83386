//! Progress: what is going on, for whoever watches.

use crate::{digest::Digest, fact::Entry, release::Step};

/// A watcher. All methods return at once and never fail.
pub trait Progress: Send + Sync {
    /// A release is taken up again: its facts so far, oldest first.
    fn known(&self, entries: &[Entry]) {
        let _ = entries;
    }

    /// A step of the release machine is about to be carried out.
    fn starting(&self, step: &Step) {
        let _ = step;
    }

    /// The step's effect is there; its fact is not in the journal yet.
    fn performed(&self, step: &Step) {
        let _ = step;
    }

    /// A fact is in the journal.
    fn recorded(&self, entry: &Entry) {
        let _ = entry;
    }

    /// A blob of the image that is being built lies complete in its layout.
    fn blob(&self, digest: &Digest) {
        let _ = digest;
    }

    /// Something goes on inside a step.
    fn activity(&self, activity: Activity<'_>) {
        let _ = activity;
    }
}

/// Something that goes on inside a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity<'a> {
    /// One line for people, such as the instruction being built.
    Line(&'a str),
    /// Something people should know though nothing failed.
    Warning(&'a str),
    /// A transfer advanced.
    Transfer {
        /// What is moved: the blob's digest or a file's name.
        what: &'a str,
        /// Bytes moved so far.
        done: u64,
        /// Bytes in all; 0 when unknown.
        total: u64,
    },
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {}
