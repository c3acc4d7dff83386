//! Waiting: for transfers, but not for ever, and for work that would hold up an asynchronous thread.

use std::{
    future::Future,
    panic::resume_unwind,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use plimsoll_core::ports::{Activity, Progress};
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout},
};

/// How often a watcher is told how far an upload is.
const TICK: Duration = Duration::from_millis(100);

/// Nothing happened for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Idle;

/// The bytes of a transfer that were moved so far, counted by whoever moves them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<AtomicU64>);

impl Meter {
    pub(crate) fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Begins at so many bytes.
    pub(crate) fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Drives a transfer, tells how far it is, and gives it up when the meter stands still for longer than `idle`.
    pub(crate) async fn watch<T>(
        &self,
        transfer: impl Future<Output = T>,
        idle: Duration,
        (what, total): (&str, u64),
        progress: &dyn Progress,
    ) -> Result<T, Idle> {
        let mut transfer = pin!(transfer);
        let (mut seen, mut since) = (self.read(), Instant::now());
        loop {
            if let Ok(done) = timeout(TICK.min(idle), &mut transfer).await {
                return Ok(done);
            }
            let now = self.read();
            if now != seen {
                (seen, since) = (now, Instant::now());
                progress.activity(Activity::Transfer { what, done: now.min(total), total });
            } else if since.elapsed() >= idle {
                return Err(Idle);
            }
        }
    }
}

/// Does longer work on a blocking thread.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // The task is never aborted, so if there is no result, the work panicked: so does this.
    spawn_blocking(work).await.unwrap_or_else(|panic| resume_unwind(panic.into_panic()))
}

#[cfg(test)]
mod tests {
    use std::future;

    use plimsoll_core::ports::Silent;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn a_slow_transfer_goes_on_and_a_still_one_ends() {
        let idle = Duration::from_millis(60);
        let meter = Meter::default();
        let slow = async {
            for _ in 0..6 {
                sleep(Duration::from_millis(20)).await;
                meter.add(1);
            }
        };
        assert_eq!(meter.watch(slow, idle, ("blob", 6), &Silent).await, Ok(()));
        let still = meter.watch(future::pending::<()>(), idle, ("blob", 6), &Silent).await;
        assert_eq!(still, Err(Idle));
    }
}
