//! The least that running a policy takes: an engine with the settings that are quickest, no budgets, no records, no
//! checks. Nobody should decide releases with it; the sandbox is measured against it. The program `minimal-host` is a whole
//! process of it.

mod request;

use std::path::Path;

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result, Store,
    component::{Component, InstancePre, Linker},
};

use bindings::exports::plimsoll::policy::promotion as contract;

mod bindings {
    #![allow(missing_docs, clippy::allow_attributes, reason = "the contract's own files document it")]
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "promotion-policy",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

/// What a policy says to the one question that is put here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The image may go into production.
    pub allowed: bool,
    /// How many rules it looked at.
    pub findings: usize,
}

/// A promotion policy, ready to be asked.
pub struct Minimal {
    engine: Engine,
    linked: InstancePre<()>,
    indices: contract::GuestIndices,
}

impl Minimal {
    /// Compiles a component that imports nothing. `places` is the number of instances that there is room for.
    ///
    /// # Errors
    /// The engine refuses it.
    pub fn compile(component: &[u8], places: u32) -> Result<Self> {
        let engine = engine(places)?;
        let component = Component::new(&engine, component)?;
        Self::link(engine, &component)
    }

    /// Maps a component that [`precompile`] compiled.
    ///
    /// # Errors
    /// The file cannot be read, or was compiled by another engine.
    pub fn map(compiled: &Path) -> Result<Self> {
        let engine = engine(1)?;
        #[expect(unsafe_code, reason = "the engine offers no other way to map a file")]
        // SAFETY: the file comes from `precompile`: whoever runs this program says so, and benchmarks alone do.
        let component = unsafe { Component::deserialize_file(&engine, compiled)? };
        Self::link(engine, &component)
    }

    fn link(engine: Engine, component: &Component) -> Result<Self> {
        let linked = Linker::new(&engine).instantiate_pre(component)?;
        let indices = contract::GuestIndices::new(&linked)?;
        Ok(Self { engine, linked, indices })
    }

    /// Puts the question in a fresh instance: new store, instantiate, typed call, drop. `settings` are the policy's, as
    /// JSON.
    ///
    /// # Errors
    /// The policy failed.
    pub fn decide(&self, settings: &str) -> Result<Verdict> {
        let mut store = Store::new(&self.engine, ());
        let instance = self.linked.instantiate(&mut store)?;
        let guest = self.indices.load(&mut store, &instance)?;
        let answer = request::with(settings, |request| guest.call_decide(&mut store, request))?;
        let verdict = answer.map_err(|failure| wasmtime::Error::msg(failure.message))?;
        Ok(Verdict {
            allowed: matches!(verdict.decision, contract::Decision::Allow),
            findings: verdict.findings.len(),
        })
    }
}

/// Compiles a component for [`Minimal::map`].
///
/// # Errors
/// The engine refuses it.
pub fn precompile(component: &[u8]) -> Result<Vec<u8>> {
    engine(1)?.precompile_component(component)
}

/// The settings that measured best for a lean guest.
fn engine(places: u32) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(places)
        .total_core_instances(places)
        .total_memories(places)
        .total_tables(places)
        .linear_memory_keep_resident(128 << 10)
        .table_keep_resident(1 << 20)
        .pagemap_scan(Enabled::No);
    let mut config = Config::new();
    config.concurrency_support(false).wasm_backtrace_max_frames(None);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}
