//! Trying again: what fails for the moment after a pause, and what a registry asks to come back for when it says so.

use std::{future::Future, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use tokio::time::sleep;

use crate::{connection::Connection, error::RegistryError};

/// The longest pause between two tries, unless the registry asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How many times longer the pauses are when the registry has too much to do and does not say for how long.
const BUSY_FACTOR: u32 = 10;

/// The tries of one piece of work.
pub(crate) struct Retries<'a> {
    connection: &'a Connection,
    pauses: ExponentialBackoff,
    /// How long the registry was left alone because it asked for it.
    waited: Duration,
}

impl<'a> Retries<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self { connection, pauses: pauses(connection), waited: Duration::ZERO }
    }

    /// Something was achieved: the tries are counted anew.
    pub(crate) fn renew(&mut self) {
        self.pauses = pauses(self.connection);
    }

    /// Waits until the work may be tried once more after a failure; gives the failure back when it may not. A registry that says
    /// when to come back is obeyed, and that is no try: it is bounded by the time in all.
    pub(crate) async fn after(&mut self, error: RegistryError) -> Result<(), RegistryError> {
        if !error.is_passing() {
            return Err(error);
        }
        let options = &self.connection.options;
        if let Some(asked) = error.retry_after() {
            let pause = asked.max(options.first_pause);
            if self.waited.saturating_add(pause) > options.busy_timeout {
                return Err(RegistryError::TooBusy { asked, source: Box::new(error) });
            }
            self.waited += pause;
            tracing::warn!(%error, ?pause, "the registry asks to be left alone");
            self.connection.traffic.gate.close_for(pause);
            return Ok(());
        }
        let Some(pause) = self.pauses.next() else {
            let tries = options.tries.max(1);
            return Err(if tries > 1 {
                RegistryError::GaveUp { tries, source: Box::new(error) }
            } else {
                error
            });
        };
        let pause = if error.is_busy() { (pause * BUSY_FACTOR).min(LONGEST_PAUSE) } else { pause };
        tracing::warn!(%error, ?pause, "the registry failed, trying again");
        sleep(pause).await;
        Ok(())
    }
}

impl Connection {
    /// Does something until it works, fails for good, or was tried often enough.
    pub(crate) async fn retrying<T, Attempt>(
        &self,
        mut attempt: impl FnMut() -> Attempt + Send,
    ) -> Result<T, RegistryError>
    where
        Attempt: Future<Output = Result<T, RegistryError>> + Send,
    {
        let mut retries = Retries::new(self);
        loop {
            self.traffic.gate.pass().await;
            match attempt().await {
                Err(error) => retries.after(error).await?,
                done => return done,
            }
        }
    }
}

fn pauses(connection: &Connection) -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(connection.options.first_pause)
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .with_max_times(connection.options.tries.max(1) - 1)
        .build()
}
