//! The journal of an application that has released nothing yet.

use async_trait::async_trait;
use plimsoll_core::{
    fact::{Entry, Fact, StoredFact},
    names::{EnvironmentName, ReleaseId},
    ports::{FailureClass, Journal, JournalCheck, Lease, LeaseScope, PortFailure},
};

/// A journal that is not there: it holds no facts and takes none. What only reads, such as a dry run, uses it instead
/// of making an empty file.
#[derive(Debug, Clone, Copy, Default)]
pub struct AbsentJournal;

/// An attempt to write where nothing may be written.
#[derive(Debug, thiserror::Error)]
#[error("there is no journal to write to: it was opened for reading only")]
struct NotWritable;

#[async_trait]
impl Journal for AbsentJournal {
    async fn append(&self, _: &ReleaseId, _: usize, _: i64, _: Fact) -> Result<Entry, PortFailure> {
        Err(PortFailure::new(FailureClass::Internal, NotWritable))
    }

    async fn give(&self, _: &ReleaseId, _: i64, _: Fact) -> Result<Entry, PortFailure> {
        Err(PortFailure::new(FailureClass::Internal, NotWritable))
    }

    async fn unsettled(&self, _: usize) -> Result<Vec<ReleaseId>, PortFailure> {
        Ok(Vec::new())
    }

    async fn rejections(&self, _: &EnvironmentName, _: usize) -> Result<Vec<Entry>, PortFailure> {
        Ok(Vec::new())
    }

    async fn hold(&self, _: &EnvironmentName) -> Result<Option<Entry>, PortFailure> {
        Ok(None)
    }

    async fn release(&self, _: &ReleaseId) -> Result<Vec<Entry>, PortFailure> {
        Ok(Vec::new())
    }

    async fn openings(&self, _: usize) -> Result<Vec<Entry>, PortFailure> {
        Ok(Vec::new())
    }

    async fn environment(&self, _: &EnvironmentName, _: usize) -> Result<Vec<Entry>, PortFailure> {
        Ok(Vec::new())
    }

    async fn deployed(&self, _: &EnvironmentName) -> Result<Option<Entry>, PortFailure> {
        Ok(None)
    }

    async fn tag(&self, _: &str, _: usize) -> Result<Vec<Entry>, PortFailure> {
        Ok(Vec::new())
    }

    async fn entries(&self, _: u64, _: usize) -> Result<Vec<Entry>, PortFailure> {
        Ok(Vec::new())
    }

    async fn decisions(&self, _: u64, _: usize) -> Result<Vec<StoredFact>, PortFailure> {
        Ok(Vec::new())
    }

    async fn shadows(&self, _: u64, _: usize) -> Result<Vec<Entry>, PortFailure> {
        Ok(Vec::new())
    }

    async fn verify(&self) -> Result<JournalCheck, PortFailure> {
        Ok(JournalCheck::Intact { entries: 0, head: "0".repeat(64) })
    }

    async fn try_lease(&self, _: &LeaseScope) -> Result<Option<Box<dyn Lease>>, PortFailure> {
        Err(PortFailure::new(FailureClass::Internal, NotWritable))
    }
}
