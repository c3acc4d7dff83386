//! How much one question may use.

use crate::engine::{MOST_MEMORY, MOST_TABLE_ELEMENTS};

/// The budgets of one question. Every one is on; the defaults leave a policy written in any language room for its
/// work and stop a runaway one within a second or so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Instructions, in the engine's units of fuel. The same question uses the same fuel on every machine. A lean
    /// policy uses some ten thousand units. Default: 500 million.
    pub fuel: u64,
    /// Wall clock, milliseconds, time inside capability calls included; the clock is looked at every 10 ms. Default:
    /// 10 seconds, for a registry may be slow.
    pub time: u64,
    /// Linear memory, bytes, all memories together, at most 1 GiB. Default: 128 MiB.
    pub memory: u64,
    /// Table elements, all tables together, at most 200,000. Default: 100,000.
    pub table_elements: u64,
    /// Core instances, memories and tables, each. Default: 64.
    pub instances: u32,
    /// Size of the answer, and of all that capability calls carry in both directions, bytes, each. Default: 1 MiB.
    pub output: u64,
    /// Number of capability calls. Default: 1000.
    pub host_calls: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 500_000_000,
            time: 10_000,
            memory: 128 << 20,
            table_elements: 100_000,
            instances: 64,
            output: 1 << 20,
            host_calls: 1000,
        }
    }
}

/// A limit that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// It leaves nothing to work with.
    #[error("the limit `{name}` is 0: give at least 1, or leave it out for the default")]
    Zero {
        /// The limit's name in the configuration.
        name: &'static str,
    },
    /// It is more than the sandbox reserves.
    #[error("the limit `{name}` is {value}: the sandbox has at most {most}")]
    TooHigh {
        /// The limit's name in the configuration.
        name: &'static str,
        /// Its value.
        value: u64,
        /// The highest value.
        most: u64,
    },
}

impl Limits {
    /// Checks that the sandbox can keep these limits.
    ///
    /// # Errors
    /// The first one that it cannot.
    pub fn check(&self) -> Result<(), LimitsError> {
        let all = [
            ("fuel", self.fuel, u64::MAX),
            ("time", self.time, u64::MAX),
            ("memory", self.memory, MOST_MEMORY as u64),
            ("table-elements", self.table_elements, MOST_TABLE_ELEMENTS as u64),
            ("instances", self.instances.into(), u64::MAX),
            ("output", self.output, u64::MAX),
        ];
        for (name, value, most) in all {
            if value == 0 {
                return Err(LimitsError::Zero { name });
            }
            if value > most {
                return Err(LimitsError::TooHigh { name, value, most });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_be_kept() {
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn what_cannot_be_kept_is_named() {
        let none = Limits { fuel: 0, ..Limits::default() };
        assert_eq!(none.check(), Err(LimitsError::Zero { name: "fuel" }));
        let huge = Limits { memory: u64::MAX, ..Limits::default() };
        assert!(matches!(huge.check(), Err(LimitsError::TooHigh { name: "memory", .. })));
    }
}
