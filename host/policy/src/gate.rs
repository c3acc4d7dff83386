//! A counter of free places in the pool.

use std::sync::{Condvar, Mutex, PoisonError};

/// Lets in as many decisions at once as the pool has room for; the others wait. A decision's clock starts inside.
pub(crate) struct Gate {
    free: Mutex<u32>,
    left: Condvar,
}

/// A place in the pool, until it is dropped.
pub(crate) struct Place<'a>(&'a Gate);

impl Gate {
    pub(crate) const fn new(places: u32) -> Self {
        Self { free: Mutex::new(places), left: Condvar::new() }
    }

    /// Takes a place, waiting until there is one.
    pub(crate) fn enter(&self) -> Place<'_> {
        // A number is never half-changed: a lock poisoned by somebody's panic is as good as any.
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.left.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.left.notify_one();
    }
}
