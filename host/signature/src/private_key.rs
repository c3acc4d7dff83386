//! Private keys: what signatures are made with.

use std::fmt;

use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::{encrypted, key_error::KeyError, pem, public_key::PublicKey};

/// The label of a key without a password (RFC 7468, section 10).
const PLAIN: &str = "PRIVATE KEY";
/// The labels of keys with a password: what cosign writes, and what it wrote before version 2.
const ENCRYPTED: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
const ENCRYPTED_BEFORE: &str = "ENCRYPTED COSIGN PRIVATE KEY";

/// A private key for ECDSA over P-256.
pub struct PrivateKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
    random: SystemRandom,
}

/// A key that was made, to be kept in two files.
#[derive(Debug)]
pub struct NewKey {
    /// The private key in PEM format, locked with the password.
    pub private: SecretString,
    /// The public key.
    pub public: PublicKey,
}

impl PrivateKey {
    /// Reads a key in PEM format: PKCS#8, or the format of cosign, which the password opens.
    ///
    /// # Errors
    /// It is something else, or the password does not open it.
    pub fn from_pem(text: &SecretString, password: &SecretString) -> Result<Self, KeyError> {
        let (label, content) = pem::read(text.expose_secret())?;
        match label.as_str() {
            PLAIN => Self::from_pkcs8(&content),
            ENCRYPTED | ENCRYPTED_BEFORE => {
                Self::from_pkcs8(&encrypted::open(content.expose_secret(), password)?)
            }
            _ => Err(KeyError::OtherKind {
                found: label,
                wanted: "a private key, `PRIVATE KEY` or cosign's `ENCRYPTED SIGSTORE PRIVATE KEY`,",
            }),
        }
    }

    /// Makes a key, in the format of cosign.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn generate(password: &SecretString) -> Result<NewKey, KeyError> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
            .map_err(|_| KeyError::NoRandomness)?;
        let pkcs8 = SecretSlice::from(pkcs8.as_ref().to_vec());
        let public = Self::from_pkcs8(&pkcs8)?.public;
        let locked = encrypted::lock(&pkcs8, password, &random)?;
        Ok(NewKey { private: pem::write(ENCRYPTED, &locked), public })
    }

    /// The public key that belongs to it.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// A signature over a message, in DER form.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.pair.sign(&self.random, message).map_err(|_| KeyError::NoRandomness)?;
        Ok(signature.as_ref().to_vec())
    }

    fn from_pkcs8(pkcs8: &SecretSlice<u8>) -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.expose_secret(), &random)
            .map_err(|_| KeyError::OtherAlgorithm)?;
        let public = PublicKey::from_point(pair.public_key().as_ref())?;
        Ok(Self { pair, public, random })
    }
}

/// Shows the public part alone.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by cosign 3.1.3 for these tests, with the password `secret`.
    const COSIGN_KEY: &str = include_str!("../tests/data/cosign.key");
    const COSIGN_PUBLIC: &str = include_str!("../tests/data/cosign.pub");

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn the_key_of_cosign_opens_with_its_password_alone() {
        let key = PrivateKey::from_pem(&secret(COSIGN_KEY), &secret("secret")).unwrap();
        assert_eq!(key.public(), PublicKey::from_pem(COSIGN_PUBLIC).unwrap());
        assert_eq!(key.public().to_pem(), COSIGN_PUBLIC);
        let before = COSIGN_KEY.replace(ENCRYPTED, ENCRYPTED_BEFORE);
        assert!(PrivateKey::from_pem(&secret(&before), &secret("secret")).is_ok());
        let error = PrivateKey::from_pem(&secret(COSIGN_KEY), &secret("Secret")).unwrap_err();
        assert_eq!(error, KeyError::Password);
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }

    #[test]
    fn what_is_made_opens_again() {
        let made = PrivateKey::generate(&secret("p")).unwrap();
        let key = PrivateKey::from_pem(&made.private, &secret("p")).unwrap();
        assert_eq!(key.public(), made.public);
        let signature = key.sign(b"message").unwrap();
        assert!(made.public.verifies(b"message", &signature));
        assert!(!made.public.verifies(b"messagE", &signature));
        assert!(!PublicKey::from_pem(COSIGN_PUBLIC).unwrap().verifies(b"message", &signature));
    }

    #[test]
    fn other_keys_are_refused_by_what_they_are() {
        let error = PrivateKey::from_pem(&secret(COSIGN_PUBLIC), &secret("")).unwrap_err();
        assert!(error.to_string().contains("it holds `PUBLIC KEY`"), "{error}");
        // It is in the right wrapping, and no key.
        let plain = pem::write(PLAIN, b"no key");
        assert_eq!(PrivateKey::from_pem(&plain, &secret("")).unwrap_err(), KeyError::OtherAlgorithm);
        let error = PublicKey::from_pem(include_str!("../tests/data/p384.pub")).unwrap_err();
        assert_eq!(error, KeyError::OtherAlgorithm);
        assert!(PublicKey::from_pem(COSIGN_KEY).unwrap_err().to_string().contains("a public key"));
    }
}
