//! What goes on at one registry, whoever of us has to do with it: how much at the same time, from when on it may be asked again,
//! and where its blobs came from.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use plimsoll_core::digest::Digest;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep_until},
};

/// The traffic with one registry.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(crate) gate: Gate,
    pub(crate) origins: Origins,
    transfers: Semaphore,
}

impl Traffic {
    /// Lets so many blobs be on their way at the same time.
    pub(crate) fn new(transfers: usize) -> Self {
        let transfers = Semaphore::new(transfers.clamp(1, Semaphore::MAX_PERMITS));
        Self { gate: Gate::default(), origins: Origins::default(), transfers }
    }

    /// Waits until another blob may be on its way: as long as the permit lives.
    pub(crate) async fn transfer(&self) -> SemaphorePermit<'_> {
        self.transfers.acquire().await.expect("nobody closes the semaphore")
    }
}

/// Closed while the registry asks to be left alone.
#[derive(Debug, Default)]
pub(crate) struct Gate(Mutex<Option<Instant>>);

impl Gate {
    /// Keeps everybody waiting for a while.
    pub(crate) fn close_for(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut opens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *opens = opens.max(Some(until));
    }

    /// Waits until the registry may be asked.
    pub(crate) async fn pass(&self) {
        loop {
            match self.opens() {
                Some(opens) if opens > Instant::now() => sleep_until(opens).await,
                _ => return,
            }
        }
    }

    fn opens(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In which repositories of the registry blobs were seen, for whoever wants them in another one.
#[derive(Debug, Default)]
pub(crate) struct Origins(Mutex<HashMap<Digest, String>>);

impl Origins {
    /// A repository has a blob.
    pub(crate) fn remember(&self, blob: &Digest, repository: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(*blob, repository.to_owned());
    }

    /// Another repository than this one that has a blob.
    pub(crate) fn other_than(&self, repository: &str, blob: &Digest) -> Option<String> {
        let origins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        origins.get(blob).filter(|origin| *origin != repository).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_that_is_closed_twice_opens_at_the_later_time() {
        let (gate, begun) = (Gate::default(), Instant::now());
        assert_eq!(gate.opens(), None);
        gate.close_for(Duration::from_secs(60));
        let opens = gate.opens();
        assert!(opens >= Some(begun + Duration::from_secs(60)));
        gate.close_for(Duration::from_secs(5));
        assert_eq!(gate.opens(), opens);
    }

    #[test]
    fn a_blob_is_never_mounted_from_where_it_goes() {
        let (origins, blob) = (Origins::default(), Digest::of(b"layer"));
        origins.remember(&blob, "base");
        assert_eq!(origins.other_than("site", &blob).as_deref(), Some("base"));
        assert_eq!(origins.other_than("base", &blob), None);
        assert_eq!(origins.other_than("site", &Digest::of(b"other")), None);
    }
}
