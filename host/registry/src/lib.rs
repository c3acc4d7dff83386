//! Image repositories: in registries (OCI distribution specification 1.1), and as image layouts on disk. Resolve, pull,
//! push, verify.
//!
//! oci-client speaks the protocol. What this crate adds: the credentials of the Docker configuration, time-outs,
//! retries, digests that are checked both ways, bounded memory, errors that say what to do next, and the order in which
//! things are sent.
//!
//! What oci-client 0.18 leaves open is dealt with in one place each: it knows no identity tokens (`identity_token`), sends
//! passwords to token servers without TLS (`session`), does not say why it got no token, nor how long a busy registry
//! wants to be left alone (`connection`), panics on some answers (`failure`, `repository`), and says nothing of pages of
//! tags (`repository`). One thing remains: it takes in a manifest, a list of tags and the text of an error whole before
//! their size can be looked at, so that only the time-out bounds them.
//!
//! The process installs a TLS provider for `rustls` before it makes [`Registries`].

mod address;
mod ahead;
mod artifact;
mod challenge;
mod choice;
mod connection;
mod credentials;
mod download;
mod error;
mod failure;
mod identity_token;
mod layout_repository;
mod options;
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
pub use options::RegistryOptions;
pub use referrers::Referrer;
pub use registries::Registries;
pub use repository::RegistryRepository;
