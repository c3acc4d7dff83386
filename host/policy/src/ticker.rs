//! The wall clock of running policies.

use std::{io, sync::Once, thread, time::Duration};

use wasmtime::Engine;

/// How often the clock of running policies moves on. A policy may run over its time by as much.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Moves an engine's epoch on, from the first question until the engine is gone.
pub(crate) struct Ticker(Once);

impl Ticker {
    pub(crate) const fn new() -> Self {
        Self(Once::new())
    }

    /// Starts the clock if it does not run yet.
    pub(crate) fn start(&self, engine: &Engine) -> io::Result<()> {
        let mut result = Ok(());
        self.0.call_once(|| result = spawn(engine));
        result
    }
}

fn spawn(engine: &Engine) -> io::Result<()> {
    // A weak handle: the thread does not keep the engine alive, and ends with it.
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    };
    thread::Builder::new().name("plimsoll-ticker".to_owned()).stack_size(64 * 1024).spawn(tick).map(drop)
}

/// The number of ticks after which a time is surely over.
pub(crate) fn ticks(milliseconds: u64) -> u64 {
    let tick = TICK.as_millis() as u64;
    milliseconds.div_ceil(tick).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_over_after_its_ticks() {
        assert_eq!([ticks(1), ticks(10), ticks(11), ticks(u64::MAX)], [2, 2, 3, u64::MAX / 10 + 2]);
    }
}
