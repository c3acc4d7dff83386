//! Signatures of artifacts, as cosign makes them with a key: ECDSA over P-256 with SHA-256.
//!
//! Two forms are read, both of which say by digest what they sign: the simple signing payload (containers/image, "Container
//! signature format") and the Sigstore bundle 0.3 with a DSSE envelope around an in-toto statement. The first is written, for
//! every version of cosign reads it. Statements of other kinds, such as provenance, are signed in the second form. Where signatures are kept is not known here: this crate does no input and output.

mod bundle;
mod encrypted;
mod key_error;
mod pem;
mod private_key;
mod public_key;
mod signature;
mod simple_signing;
mod statement;

pub use bundle::{BUNDLE, STATEMENT};
pub use key_error::KeyError;
pub use private_key::{NewKey, PrivateKey};
pub use public_key::PublicKey;
pub use signature::{Form, Mismatch, Signature, SignatureError};
pub use simple_signing::SIMPLE_SIGNING;
pub use statement::SignedStatement;
