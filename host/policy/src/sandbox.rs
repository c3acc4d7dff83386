//! The sandbox: its engines, and the cache of compiled components.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use plimsoll_core::{
    digest::Digest,
    ports::{FailureClass, PortFailure},
};
use wasmtime::component::Component;

use crate::{
    cache::CompileCache,
    engine::{EngineRoom, Sort},
};

/// How a sandbox is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxOptions {
    /// Where compiled components are kept from one run to the next. Absent: each run compiles anew, which takes some
    /// 40 ms for a small policy and seconds for a language runtime. What is there is run: only this user may be able to write
    /// there.
    pub cache: Option<PathBuf>,
    /// How many questions are asked at once, at least 1; further ones wait. Only address space is reserved for them.
    pub concurrency: u32,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self { cache: None, concurrency: 16 }
    }
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The cache directory cannot be used.
    #[error("the cache of compiled policies at `{}` cannot be used: {reason}", path.display())]
    Cache {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The engine refuses to start.
    #[error("the WebAssembly engine did not start: {reason}")]
    Engine {
        /// What it says.
        reason: String,
    },
}

impl From<SandboxError> for PortFailure {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::Cache { .. } => Self::new(FailureClass::Outside, error)
                .hint("make the directory writable for its user and nobody else, remove it so that it is made anew, or name another one: PLIMSOLL_CACHE"),
            SandboxError::Engine { .. } => Self::new(FailureClass::Outside, error)
                .hint("policies need address space: look for a limit on virtual memory (`ulimit -v`)"),
        }
    }
}

/// Where policies are compiled and asked. Cheap to clone; the clones are one sandbox.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    cache: Option<CompileCache>,
    places: u32,
    /// Engines, started when the first policy of their sort is loaded.
    rooms: Mutex<HashMap<Sort, Arc<EngineRoom>>>,
}

impl Sandbox {
    /// Sets a sandbox up. Engines and their threads start when they are needed.
    ///
    /// # Errors
    /// The cache directory cannot be used, or users other than this one may write there.
    pub fn new(options: SandboxOptions) -> Result<Self, SandboxError> {
        let SandboxOptions { cache, concurrency } = options;
        let open = |path: PathBuf| {
            CompileCache::open(&path).map_err(|error| SandboxError::Cache { path, reason: error.to_string() })
        };
        let cache = cache.map(open).transpose()?;
        Ok(Self(Arc::new(Inner { cache, places: concurrency.max(1), rooms: Mutex::default() })))
    }

    /// The engine for guests of a sort.
    pub(crate) fn room(&self, sort: Sort) -> Result<Arc<EngineRoom>, SandboxError> {
        let mut rooms = self.0.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(&sort) {
            return Ok(Arc::clone(room));
        }
        let room = EngineRoom::new(sort, self.0.places)
            .map_err(|error| SandboxError::Engine { reason: format!("{error:#}") })?;
        let room = Arc::new(room);
        rooms.insert(sort, Arc::clone(&room));
        Ok(room)
    }

    /// Compiles a component, or takes it from the cache.
    pub(crate) fn compile(
        &self,
        room: &EngineRoom,
        digest: &Digest,
        binary: &[u8],
    ) -> wasmtime::Result<Component> {
        match &self.0.cache {
            Some(cache) => cache.compile(&room.engine, digest, binary),
            None => Component::new(&room.engine, binary),
        }
    }

    /// Keeps what was compiled for a component of another digest and the same code.
    pub(crate) fn keep_compiled(&self, room: &EngineRoom, digest: &Digest, component: &Component) {
        if let Some(cache) = &self.0.cache {
            cache.keep(&room.engine, digest, component);
        }
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("places", &self.0.places).finish_non_exhaustive()
    }
}
