//! Image repositories: in registries (OCI distribution specification 1.1), and as image layouts on disk. Resolve, pull,
//! push, verify.
//!
//! oci-client has the names and errors of the protocol; the requests themselves are made in `client`, which says why. What this crate
//! adds: credentials from wherever users have them, time-outs, retries, digests that are checked both ways, bounded memory, errors
//! that say what to do next, and the order in which things are sent.
//!
//! The process installs a TLS provider for `rustls` before it makes [`Registries`].

mod address;
mod artifact;
mod authentication;
mod certificates;
mod client;
mod connection;
mod credentials;
mod download;
mod error;
mod failure;
mod http;
mod layout_repository;
mod options;
mod proxies;
mod pull;
mod push;
mod referrers;
mod registries;
mod repository;
mod session;
mod waiting;

pub use artifact::{Artifact, ArtifactLayer};
pub use error::RegistryError;
pub use layout_repository::LayoutRepository;
pub use options::{
    AzureAssertion, AzureClient, AzureWorkload, ClientCertificate, Proxies, RegistryHost, RegistryOptions,
    WorkflowToken,
};
pub use referrers::Referrer;
pub use registries::Registries;
pub use repository::RegistryRepository;
