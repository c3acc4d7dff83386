//! Why there is no host.

use std::path::PathBuf;

use plimsoll_core::ports::PortFailure;

use crate::configuration::ConfigurationError;

/// Why there is no host.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The configuration file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration is wrong.
    #[error(transparent)]
    Configuration(#[from] Box<ConfigurationError>),
    /// A part failed to start.
    #[error(transparent)]
    Part(#[from] PortFailure),
}
