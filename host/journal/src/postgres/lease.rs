//! Leases: locks of the host's session.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{
    digest::Digest,
    ports::{Lease, LeaseScope},
};
use tokio::runtime::Handle;

use super::SharedSession;

/// Leases that were dropped and are not given back yet. Dropping cannot wait for the server; whoever uses the session next
/// gives them back first.
#[derive(Debug, Clone, Default)]
pub(super) struct Dropped(Arc<Mutex<Vec<LeaseScope>>>);

impl Dropped {
    fn push(&self, scope: LeaseScope) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(scope);
    }

    /// Takes all of them out.
    pub(super) fn take(&self) -> Vec<LeaseScope> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A lease that is held.
pub(super) struct SessionLease {
    pub(super) scope: LeaseScope,
    pub(super) session: Arc<SharedSession>,
}

impl Lease for SessionLease {}

impl Drop for SessionLease {
    fn drop(&mut self) {
        self.session.dropped.push(self.scope.clone());
        // Without a runtime the host is about to end, and its session with it.
        if let Ok(runtime) = Handle::try_current() {
            let session = Arc::clone(&self.session);
            runtime.spawn(async move { drop(session.lock().await) });
        }
    }
}

/// The key of an advisory lock: 64 bits of a hash. Two things that share a key wait for each other, and no more.
pub(super) fn key(schema: &str, what: &str) -> i64 {
    let digest = Digest::of(format!("plimsoll\0{schema}\0{what}").as_bytes());
    let bytes = digest.as_bytes();
    i64::from_be_bytes(std::array::from_fn(|place| bytes[place]))
}
