//! Policies in registries: packing, fetching, keeping and pinning them.
//!
//! A policy is an OCI artifact with the media types of the CNCF for WebAssembly (TAG Runtime, "Wasm OCI Artifact layout"). What
//! was fetched is kept by digest and verified whenever it is used.

mod lock;
mod package;
mod source;
mod store;

pub use lock::{LOCK_VERSION, Lock, LockError, LockedPolicy, lock_path};
pub use package::{Package, PackageError, layer_of, pack};
pub(crate) use source::parse;
pub use source::{Fetched, PolicySource, SharingError};
