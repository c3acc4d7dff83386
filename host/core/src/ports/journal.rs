//! The journal: facts on disk, and leases that keep hosts out of each other's way.

use async_trait::async_trait;

use super::PortFailure;
use crate::{
    fact::{Entry, Fact, StoredFact},
    names::{EnvironmentName, ReleaseId},
};

/// An append-only, hash-chained list of facts, shared by all hosts of an application.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Writes a fact of a host's own steps, durably, at the end. `expected` is the number of such facts of this release that
    /// the writer knows, [given](Fact::is_given) ones not counted: with any other number nothing is written, for another host
    /// wrote in between.
    ///
    /// # Errors
    /// The journal could not be written, or another host wrote to this release.
    async fn append(
        &self,
        release: &ReleaseId,
        expected: usize,
        at: i64,
        fact: Fact,
    ) -> Result<Entry, PortFailure>;

    /// Writes a [given](Fact::is_given) fact, durably, at the end, whoever else writes about the release.
    ///
    /// # Errors
    /// The journal could not be written.
    async fn give(&self, release: &ReleaseId, at: i64, fact: Fact) -> Result<Entry, PortFailure>;

    /// All facts of a release, oldest first; none when it is unknown.
    ///
    /// # Errors
    /// The journal could not be read.
    async fn release(&self, release: &ReleaseId) -> Result<Vec<Entry>, PortFailure>;

    /// The openings of all releases, newest first, at most `limit`.
    ///
    /// # Errors
    /// The journal could not be read.
    async fn openings(&self, limit: usize) -> Result<Vec<Entry>, PortFailure>;

    /// Releases that are not settled: their newest fact is not `Settled`. The `limit` newest of them, the oldest first.
    ///
    /// # Errors
    /// The journal could not be read.
    async fn unsettled(&self, limit: usize) -> Result<Vec<ReleaseId>, PortFailure>;

    /// The newest `EnvironmentHeld` or `EnvironmentFreed` fact of an environment.
    ///
    /// # Errors
    /// The journal could not be read.
    async fn hold(&self, environment: &EnvironmentName) -> Result<Option<Entry>, PortFailure>;

    /// The `Rejected` facts of an environment, newest first, at most `limit`.
    ///
    /// # Errors
    /// The journal could not be read.
    async fn rejections(
        &self,
        environment: &EnvironmentName,
        limit: usize,
    ) -> Result<Vec<Entry>, PortFailure>;

    /// What happened in an environment (`Deployed` and `Superseded` facts and failed deployments), newest first, at most `limit`.
    ///
    /// # Errors
    /// The journal could not be read.
    async fn environment(
        &self,
        environment: &EnvironmentName,
        limit: usize,
    ) -> Result<Vec<Entry>, PortFailure>;

    /// The newest `Deployed` fact of an environment, however much happened there since; `None` when nothing was deployed
    /// there.
    ///
    /// # Errors
    /// The journal could not be read.
    async fn deployed(&self, environment: &EnvironmentName) -> Result<Option<Entry>, PortFailure>;

    /// The `Tagged` facts of a tag, newest first, at most `limit`.
    ///
    /// # Errors
    /// The journal could not be read.
    async fn tag(&self, tag: &str, limit: usize) -> Result<Vec<Entry>, PortFailure>;

    /// Entries with a sequence greater than `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// The journal could not be read.
    async fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, PortFailure>;

    /// Facts that hold decisions (`TagsDerived` and `Decided`, and those of their shadows) with a sequence greater than
    /// `after`, oldest first, at most `limit`, unread.
    ///
    /// # Errors
    /// The journal could not be read.
    async fn decisions(&self, after: u64, limit: usize) -> Result<Vec<StoredFact>, PortFailure>;

    /// Facts that hold the decisions of shadows (`TagsShadowed` and `Shadowed`) with a sequence less than `before`, newest
    /// first, at most `limit`.
    ///
    /// # Errors
    /// The journal could not be read.
    async fn shadows(&self, before: u64, limit: usize) -> Result<Vec<Entry>, PortFailure>;

    /// Follows the hash chain from the first entry to the last.
    ///
    /// # Errors
    /// The journal could not be read. A broken chain is no error but an answer.
    async fn verify(&self) -> Result<JournalCheck, PortFailure>;

    /// Takes a lease if nobody has it; `None` when another host does. It is given back on drop, and by the death of
    /// its holder.
    ///
    /// # Errors
    /// It could not be found out.
    async fn try_lease(&self, scope: &LeaseScope) -> Result<Option<Box<dyn Lease>>, PortFailure>;

    /// Who holds a lease, for messages only. Asked after [`Journal::try_lease`] was refused, the answer may be a holder that
    /// died since. `None`: nobody does, or it is not known.
    fn lease_holder(&self, _scope: &LeaseScope) -> Option<String> {
        None
    }
}

/// The right to act on something, held until it is dropped.
pub trait Lease: Send + Sync {}

/// What a lease is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaseScope {
    /// Carrying out a release.
    Release(ReleaseId),
    /// Deploying to an environment.
    Environment(EnvironmentName),
    /// Putting tags on images of the application.
    Tags,
}

/// What following the hash chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalCheck {
    /// Every entry is as it was written.
    Intact {
        /// How many entries there are.
        entries: u64,
        /// The hash of the last one, hexadecimal; compare it with one kept elsewhere to notice a cut-off end.
        head: String,
    },
    /// An entry is changed, missing or out of order.
    Broken {
        /// The place where it shows.
        sequence: u64,
        /// What is wrong there.
        problem: String,
    },
}
