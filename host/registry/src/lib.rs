//! Image repositories: in registries (OCI distribution specification 1.1), and as image layouts on disk. Resolve, pull,
//! push, verify.
//!
//! The requests are made here, over reqwest, because oci-client 0.18 makes its connections itself, asks for tokens by itself, takes no
//! certificate to show in TLS, and keeps the headers of answers to itself: how long a busy registry wants to be left alone, and how
//! much of an upload it has. What this crate is about: credentials from wherever users have them, time-outs, retries, transfers that
//! go on where they broke off, digests that are checked both ways, bounded memory, errors that say what to do next, and the order in
//! which things are sent.
//!
//! The process installs a TLS provider for `rustls` before it makes [`Registries`].

mod address;
mod artifact;
mod attach;
mod authentication;
mod certificates;
mod choice;
mod connection;
mod credentials;
mod download;
mod error;
mod failure;
mod http;
mod layout_repository;
mod manifests;
mod options;
mod proxies;
mod pull;
mod push;
mod referrers;
mod registries;
mod repository;
mod request;
mod retries;
mod retry_after;
mod session;
mod tags;
mod traffic;
mod upload;
mod waiting;

pub use artifact::{Artifact, ArtifactLayer};
pub use error::RegistryError;
pub use layout_repository::LayoutRepository;
pub use options::{
    AzureAssertion, AzureClient, AzureWorkload, ClientCertificate, Proxies, RegistryHost, RegistryOptions,
    WorkflowToken,
};
pub use registries::Registries;
pub use repository::RegistryRepository;
