//! Capabilities, and who may use them.

use std::{fmt, sync::Arc};

use plimsoll_core::ports::{HistoryReader, RegistryReader};
use tokio::runtime::Handle;

/// What a policy may ask of the host: one interface of the contract each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Lines for whoever operates the host.
    Log,
    /// Looks into image repositories.
    Registry,
    /// Earlier releases and deployments.
    History,
}

impl Capability {
    /// Every capability, in the order of the contract.
    pub const ALL: [Self; 3] = [Self::Log, Self::Registry, Self::History];

    /// Its name in the contract and in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Registry => "registry",
            Self::History => "history",
        }
    }

    /// What a policy may do with it, for whoever grants it.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Log => "writes lines into the host's log and the record of its decision",
            Self::Registry => {
                "lists the tags of the image's repository, and looks digests and labels up there"
            }
            Self::History => "looks earlier releases and deployments of this application up",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a binding grants. Nothing by default.
///
/// What stands behind `registry` and `history` is asynchronous, while a policy waits for its answer: its futures run
/// on the given runtime, which must have its clock and its I/O on and be driven by a thread other than the one that
/// asks the policy.
#[derive(Clone, Default)]
pub struct Grants {
    pub(crate) log: bool,
    pub(crate) registry: Option<Reader<dyn RegistryReader>>,
    pub(crate) history: Option<Reader<dyn HistoryReader>>,
    /// What is granted without a reader behind it.
    recorded: Vec<Capability>,
}

/// Something to look things up in, and where its futures run.
pub(crate) struct Reader<T: ?Sized> {
    pub(crate) reader: Arc<T>,
    pub(crate) runtime: Handle,
}

impl<T: ?Sized> Clone for Reader<T> {
    fn clone(&self) -> Self {
        Self { reader: Arc::clone(&self.reader), runtime: self.runtime.clone() }
    }
}

impl Grants {
    /// Grants nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Grants `log`.
    #[must_use]
    pub const fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// Grants `registry`.
    #[must_use]
    pub fn registry(mut self, reader: Arc<dyn RegistryReader>, runtime: Handle) -> Self {
        self.registry = Some(Reader { reader, runtime });
        self
    }

    /// Grants `history`.
    #[must_use]
    pub fn history(mut self, reader: Arc<dyn HistoryReader>, runtime: Handle) -> Self {
        self.history = Some(Reader { reader, runtime });
        self
    }

    /// Grants capabilities that only a [record](crate::Recorded) answers: calling one of them in a question that is put
    /// without a record traps.
    #[must_use]
    pub fn recorded(mut self, capabilities: &[Capability]) -> Self {
        self.recorded.extend_from_slice(capabilities);
        self
    }

    /// Whether a capability is granted.
    #[must_use]
    pub fn grants(&self, capability: Capability) -> bool {
        let from_world = match capability {
            Capability::Log => self.log,
            Capability::Registry => self.registry.is_some(),
            Capability::History => self.history.is_some(),
        };
        from_world || self.recorded.contains(&capability)
    }

    /// All that is granted, in the order of the contract.
    #[must_use]
    pub fn granted(&self) -> Vec<Capability> {
        Capability::ALL.into_iter().filter(|capability| self.grants(*capability)).collect()
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Grants").field(&self.granted()).finish()
    }
}
