//! From a component's binary to a policy that can be bound.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use plimsoll_core::{
    contract::Description,
    decision::{Outcome, PolicyIdentity},
    digest::Digest,
    ports::{FailureClass, PortFailure},
};
use wasmtime::component::{Component, Linker};

use crate::{
    bindings::exports::plimsoll::policy::about,
    description,
    engine::{EngineRoom, Sort},
    grants::Capability,
    inspect::{Answers, InspectError, Inspection, inspect},
    limits::Limits,
    run::{Asker, Reply, State},
    sandbox::{Sandbox, SandboxError},
};

/// The largest component, bytes: the largest language runtimes are a third of it.
pub(crate) const MOST_COMPONENT: usize = 64 << 20;

/// A policy: compiled and described, not yet bound. Cheap to clone.
#[derive(Clone)]
pub struct Policy(Arc<Loaded>);

struct Loaded {
    room: Arc<EngineRoom>,
    component: Component,
    identity: PolicyIdentity,
    description: Description,
    carries_description: bool,
    compiled_in: Duration,
    answers: Answers,
    wants: Vec<Capability>,
}

/// Why a component was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is larger than any policy.
    #[error("the policy `{reference}` has {size} bytes, more than {MOST_COMPONENT}: is it the right file?")]
    TooLarge {
        /// Where it comes from.
        reference: String,
        /// Its size, bytes.
        size: usize,
    },
    /// It is no policy for this host.
    #[error("`{reference}` cannot be used as a policy")]
    Unfit {
        /// Where it comes from.
        reference: String,
        /// Why not.
        #[source]
        source: InspectError,
    },
    /// The sandbox did not start.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The engine refuses it.
    #[error("the policy `{reference}` does not compile: {reason}")]
    Compile {
        /// Where it comes from.
        reference: String,
        /// What the engine says.
        reason: String,
    },
    /// It does not say what it is.
    #[error("the policy `{reference}` does not describe itself: {reason}")]
    Undescribed {
        /// Where it comes from.
        reference: String,
        /// What went wrong.
        reason: String,
    },
    /// What it carries to be read is not what it says when it is asked.
    #[error("the policy `{reference}` is not what it claims to be: {difference}")]
    Misdescribed {
        /// Where it comes from.
        reference: String,
        /// Where the two part.
        difference: String,
    },
}

impl From<LoadError> for PortFailure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Sandbox(error) => error.into(),
            LoadError::Undescribed { .. } => Self::new(FailureClass::Policy, error)
                .hint("tell the policy's author; `describe` must answer within the default limits, without capabilities"),
            LoadError::Misdescribed { .. } => Self::new(FailureClass::Policy, error)
                .hint("build it again; if it is not yours, do not use it before its author explains the difference"),
            _ => Self::new(FailureClass::Policy, error)
                .hint("check that the reference names a component built for this host's contract"),
        }
    }
}

impl Sandbox {
    /// Reads, compiles and describes a component. `reference` is where the configuration says it comes from.
    ///
    /// # Errors
    /// It is no policy for this host, does not compile, does not describe itself within the default limits, or carries
    /// another description than it gives.
    pub fn load(&self, reference: &str, component: &[u8]) -> Result<Policy, LoadError> {
        let reference = reference.to_owned();
        if component.len() > MOST_COMPONENT {
            return Err(LoadError::TooLarge { reference, size: component.len() });
        }
        let inspection = match inspect(component) {
            Ok(inspection) => inspection,
            Err(source) => return Err(LoadError::Unfit { reference, source }),
        };
        let Inspection { contract, answers, wants, initial_memory, description: carried, .. } = inspection;
        let room = self.room(Sort::of(initial_memory))?;
        let digest = Digest::of(component);
        let compile = |error: wasmtime::Error| LoadError::Compile {
            reference: reference.clone(),
            reason: format!("{error:#}"),
        };
        let begun = Instant::now();
        let component = self.compile(&room, &digest, component).map_err(compile)?;
        let compiled_in = begun.elapsed();
        let description = describe(&room, &component).and_then(description::check);
        let description = match description {
            Ok(description) => description,
            Err(reason) => return Err(LoadError::Undescribed { reference, reason }),
        };
        if let Some(difference) = carried.as_ref().and_then(|it| description::difference(it, &description)) {
            return Err(LoadError::Misdescribed { reference, difference });
        }
        let identity = PolicyIdentity {
            reference,
            name: description.name.clone(),
            version: description.version.clone(),
            digest,
            contract,
        };
        let carries_description = carried.is_some();
        Ok(Policy(Arc::new(Loaded {
            room,
            component,
            identity,
            description,
            carries_description,
            compiled_in,
            answers,
            wants,
        })))
    }

    /// Asks a component what it is, and writes that into it, where [`read`](crate::Reading::of) finds it without running
    /// anything: the last step of building a policy. A component that carries its description stays as it is.
    ///
    /// # Errors
    /// As [`Sandbox::load`].
    pub fn with_description(&self, reference: &str, component: Vec<u8>) -> Result<Vec<u8>, LoadError> {
        let policy = self.load(reference, &component)?;
        if policy.carries_description() {
            return Ok(component);
        }
        let inspection = inspect(&component)
            .map_err(|source| LoadError::Unfit { reference: reference.to_owned(), source })?;
        let described = description::write(&component, policy.description(), &inspection.common_sections);
        // The description is no code: what was compiled serves for both, and a language's runtime compiles for many seconds.
        self.keep_compiled(policy.room(), &Digest::of(&described), policy.component());
        Ok(described)
    }
}

/// Asks a component what it is. All its imports trap.
fn describe(room: &EngineRoom, component: &Component) -> Result<Description, String> {
    let refused = |error: wasmtime::Error| format!("{error:#}");
    let mut linker = Linker::<State>::new(&room.engine);
    linker.define_unknown_imports_as_traps(component).map_err(refused)?;
    let linked = linker.instantiate_pre(component).map_err(refused)?;
    let about = about::GuestIndices::new(&linked).map_err(refused)?;
    let asker = Asker { room, linked: &linked, limits: Limits::default(), source: None };
    let described = asker.ask(|store, instance| {
        let about = about.load(&mut *store, instance)?;
        Ok(Reply::Answer(about.call_describe(&mut *store)?))
    });
    match described.outcome {
        Outcome::Answered(about::Description { name, version, summary, settings_schema }) => {
            Ok(Description { name, version, summary, settings_schema })
        }
        other => Err(other.unanswered().unwrap_or_default()),
    }
}

impl Policy {
    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.0.description
    }

    /// Whether the component carries this description, so that it can be read without running it.
    #[must_use]
    pub fn carries_description(&self) -> bool {
        self.0.carries_description
    }

    /// How long it took to compile it, or to take what was compiled from the cache.
    #[must_use]
    pub fn compiled_in(&self) -> Duration {
        self.0.compiled_in
    }

    /// Which policy it is.
    #[must_use]
    pub fn identity(&self) -> &PolicyIdentity {
        &self.0.identity
    }

    /// The questions that it answers.
    #[must_use]
    pub fn answers(&self) -> Answers {
        self.0.answers
    }

    /// The capabilities that it imports, in the order of the contract.
    #[must_use]
    pub fn wants(&self) -> &[Capability] {
        &self.0.wants
    }

    pub(crate) fn room(&self) -> &EngineRoom {
        &self.0.room
    }

    pub(crate) fn component(&self) -> &Component {
        &self.0.component
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Policy").field(self.identity()).finish()
    }
}
