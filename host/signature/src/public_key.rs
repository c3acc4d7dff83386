//! Public keys: what signatures are verified with.

use std::fmt;

use plimsoll_core::digest::Digest;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use secrecy::ExposeSecret as _;

use crate::{key_error::KeyError, pem};

/// The label of a public key (RFC 7468, section 13).
const LABEL: &str = "PUBLIC KEY";
/// What stands before the point in a public key for P-256: two object identifiers, lengths, and no unused bits (RFC 5480,
/// section 2). Everything in it is fixed, so a comparison reads it.
const PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// Bytes of a point that is not compressed: a mark and two coordinates.
const POINT: usize = 65;

/// A public key for ECDSA over P-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; POINT]);

impl PublicKey {
    /// Reads a key in PEM format, such as `cosign.pub`.
    ///
    /// # Errors
    /// It is something else.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, content) = pem::read(text)?;
        if label != LABEL {
            return Err(KeyError::OtherKind { found: label, wanted: "a public key, `PUBLIC KEY`," });
        }
        let point = content.expose_secret().strip_prefix(&PREFIX).ok_or(KeyError::OtherAlgorithm)?;
        Self::from_point(point)
    }

    /// A key from its point.
    pub(crate) fn from_point(point: &[u8]) -> Result<Self, KeyError> {
        match <[u8; POINT]>::try_from(point) {
            Ok(point @ [4, ..]) => Ok(Self(point)),
            _ => Err(KeyError::OtherAlgorithm),
        }
    }

    /// The key in PEM format.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::write(LABEL, &self.to_der()).expose_secret().to_owned()
    }

    /// What tells this key from others: the digest of its DER form, which `openssl pkey -pubin -outform DER | sha256sum` prints
    /// too.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(&self.to_der())
    }

    /// Whether a signature in DER form is this key's, over this message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.0).verify(message, signature).is_ok()
    }

    fn to_der(self) -> Vec<u8> {
        [&PREFIX[..], &self.0[..]].concat()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}
