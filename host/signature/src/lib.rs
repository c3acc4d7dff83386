//! Signatures of artifacts, as cosign makes them with a key: ECDSA over P-256 with SHA-256.
//!
//! Two forms are read, both of which say by digest what they sign: the simple signing payload (containers/image, "Container
//! signature format") and the Sigstore bundle 0.3 with a DSSE envelope around an in-toto statement. The first is written, for
//! every version of cosign reads it. Where signatures are kept is not known here: this crate does no input and output.

mod bundle;
mod encrypted;
mod key_error;
mod pem;
mod private_key;
mod public_key;
mod signature;
mod simple_signing;

pub use bundle::BUNDLE;
pub use key_error::KeyError;
pub use private_key::{NewKey, PrivateKey};
pub use public_key::PublicKey;
pub use signature::{Form, Mismatch, Signature, SignatureError};
pub use simple_signing::SIMPLE_SIGNING;
