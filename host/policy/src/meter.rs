//! What a running policy has of memory and tables, and what it asked for in vain.

use plimsoll_core::decision::Budget;
use wasmtime::ResourceLimiter;

use crate::limits::Limits;

/// Watches the growth of one instance.
pub(crate) struct Meter {
    limits: Limits,
    pub(crate) memory: u64,
    tables: u64,
    /// The budget that a growth was refused for. A policy may live with the refusal; if it does not, this is why.
    pub(crate) refused: Option<Budget>,
}

impl Meter {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self { limits, memory: 0, tables: 0, refused: None }
    }
}

/// Adds a growth to what is used, if that stays within the limit.
fn grow(used: &mut u64, current: usize, desired: usize, limit: u64) -> bool {
    let wanted = used.saturating_add(desired.saturating_sub(current) as u64);
    if wanted <= limit {
        *used = wanted;
    }
    wanted <= limit
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let limit = self.limits.memory;
        let fits = grow(&mut self.memory, current, desired, limit);
        if !fits {
            self.refused = Some(Budget::Memory(limit));
        }
        Ok(fits)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let limit = self.limits.table_elements;
        let fits = grow(&mut self.tables, current, desired, limit);
        if !fits {
            self.refused = Some(Budget::Tables(limit));
        }
        Ok(fits)
    }

    fn instances(&self) -> usize {
        self.limits.instances as usize
    }

    fn memories(&self) -> usize {
        self.limits.instances as usize
    }

    fn tables(&self) -> usize {
        self.limits.instances as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_count_together() {
        let mut meter = Meter::new(Limits { memory: 300, ..Limits::default() });
        assert!(meter.memory_growing(0, 200, None).unwrap());
        assert!(meter.memory_growing(0, 100, None).unwrap());
        assert!(!meter.memory_growing(100, 101, None).unwrap());
        assert_eq!(meter.refused, Some(Budget::Memory(300)));
    }

    #[test]
    fn what_was_refused_does_not_count() {
        let mut meter = Meter::new(Limits { table_elements: 10, ..Limits::default() });
        assert!(!meter.table_growing(0, 11, None).unwrap());
        assert!(meter.table_growing(0, 10, None).unwrap());
    }
}
