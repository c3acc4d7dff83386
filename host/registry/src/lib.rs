//! Image repositories: in registries (OCI distribution specification 1.1), and as image layouts on disk. Resolve, pull,
//! push, verify.
//!
//! Every byte that comes in is checked against a digest before anyone sees it, no body is read without a bound, and
//! nothing is held in memory that grows with a layer. Requests are made here, without a client library for registries:
//! the protocol is small, and a release depends on bounds, on retries that heed `Retry-After`, on identity tokens, and on
//! digests that are checked both ways.
//!
//! The process installs a TLS provider for `rustls` before it makes [`Registries`].

mod address;
mod authorization;
mod body;
mod connection;
mod credentials;
mod error;
mod layout_repository;
mod options;
mod pull;
mod push;
mod registries;
mod repository;
mod waiting;

pub use error::RegistryError;
pub use layout_repository::LayoutRepository;
pub use options::RegistryOptions;
pub use registries::Registries;
pub use repository::RegistryRepository;
