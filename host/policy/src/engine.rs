//! Engines: every setting of wasmtime, in one place.

use std::io;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::{
    gate::{Gate, Place},
    ticker::Ticker,
};

/// The most linear memory one policy can be given, bytes.
pub(crate) const MOST_MEMORY: usize = 1 << 30;
/// The most table elements one policy can be given.
pub(crate) const MOST_TABLE_ELEMENTS: usize = 200_000;
/// The native stack of a policy, bytes. Every thread that asks a policy has a good deal more.
pub(crate) const STACK: usize = 512 << 10;
/// The most handles of the component model that a policy can hold at once. The contract has none.
pub(crate) const HANDLES: usize = 64;
/// Core instances of one component: a language runtime is linked from several modules.
const CORE_INSTANCES: u32 = 64;
/// Memories of one component: some language runtimes have one for each linked module.
const MEMORIES: u32 = 4;
/// Tables of one component.
const TABLES: u32 = 16;

/// The two sorts of guests: they want their memory reset in different ways, which is a setting of a whole engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sort {
    /// Starts with at most [`Sort::LEAN_MEMORY`] bytes of memory: it is wiped and kept.
    Lean,
    /// Anything larger, such as a language runtime: only pages that were written are wiped.
    Roomy,
}

impl Sort {
    /// The memory that a lean guest may start with, bytes; so much is kept and wiped after a question.
    pub(crate) const LEAN_MEMORY: u64 = 128 << 10;

    pub(crate) const fn of(initial_memory: u64) -> Self {
        if initial_memory <= Self::LEAN_MEMORY { Self::Lean } else { Self::Roomy }
    }
}

/// An engine with what belongs to it: its clock and the places in its pool.
pub(crate) struct EngineRoom {
    pub(crate) engine: Engine,
    gate: Gate,
    ticker: Ticker,
}

impl EngineRoom {
    /// Makes an engine that holds `places` instances at once.
    pub(crate) fn new(sort: Sort, places: u32) -> wasmtime::Result<Self> {
        let engine = Engine::new(&config(sort, places))?;
        Ok(Self { engine, gate: Gate::new(places), ticker: Ticker::new() })
    }

    /// Takes a place in the pool, and sees that the clock runs.
    pub(crate) fn enter(&self) -> io::Result<Place<'_>> {
        self.ticker.start(&self.engine)?;
        Ok(self.gate.enter())
    }
}

fn config(sort: Sort, places: u32) -> Config {
    let mut config = Config::new();
    // Budgets: fuel counts instructions, epochs are the wall clock.
    config.consume_fuel(true).epoch_interruption(true).max_wasm_stack(STACK);
    // The same question has the same answer, and uses the same fuel, on every machine.
    config.cranelift_nan_canonicalization(true).relaxed_simd_deterministic(true);
    // Policies do not wait for each other: no asynchronous component functions, whose bookkeeping costs a microsecond.
    config.concurrency_support(false);
    // A policy's crash is told by its trap; walking its stack tells a host nothing and costs time and space.
    config.wasm_backtrace_max_frames(None).generate_address_map(false).native_unwind_info(false);
    config.cranelift_opt_level(OptLevel::Speed);
    config.memory_init_cow(true);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(sort, places)));
    config
}

fn pool(sort: Sort, places: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(places)
        .total_core_instances(places * CORE_INSTANCES)
        .total_memories(places * MEMORIES)
        .total_tables(places * TABLES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .max_memory_size(MOST_MEMORY)
        .table_elements(MOST_TABLE_ELEMENTS)
        .table_keep_resident(1 << 20);
    match sort {
        Sort::Lean => pool.linear_memory_keep_resident(Sort::LEAN_MEMORY as usize).pagemap_scan(Enabled::No),
        // Without the kernel's list of written pages, giving the memory back is cheaper than wiping all of it.
        Sort::Roomy if PoolingAllocationConfig::is_pagemap_scan_available() => {
            pool.linear_memory_keep_resident(64 << 20).pagemap_scan(Enabled::Yes)
        }
        Sort::Roomy => pool.linear_memory_keep_resident(0).pagemap_scan(Enabled::No),
    };
    pool
}
