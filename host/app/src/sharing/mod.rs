//! Policies in registries: packing, fetching, keeping and pinning them.
//!
//! A policy is an OCI artifact with the media types of the CNCF for WebAssembly (TAG Runtime, "Wasm OCI Artifact layout"). What
//! was fetched is kept by digest and verified whenever it is used. Signatures are kept beside it, and verified as often.

mod error;
mod lock;
mod package;
mod sign;
mod signatures;
mod signer;
mod source;
mod store;

pub use error::SharingError;
pub use lock::{LOCK_VERSION, Lock, LockError, LockedPolicy, lock_path};
pub use package::{Package, PackageError, layer_of, pack};
pub use plimsoll_signature::{KeyError, NewKey, PrivateKey, PublicKey};
pub use sign::{Signed, sign};
pub use signatures::Signatures;
pub use signer::{NotSigned, SignedBy, Signer, Unsigned};
pub(crate) use source::parse;
pub use source::{Fetched, PolicySource};
