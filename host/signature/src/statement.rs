//! Signed in-toto statements: a Sigstore bundle 0.3 of a DSSE envelope signed with a key, as `cosign attest` makes it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use plimsoll_core::digest::Digest;
use serde_json::json;

use crate::{
    bundle::{self, BUNDLE, STATEMENT},
    key_error::KeyError,
    private_key::PrivateKey,
    public_key::PublicKey,
    signature::SignatureError,
};

/// A statement as it came, with the signature over it. Nothing of it is to be believed before [`SignedStatement::signed_with`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl SignedStatement {
    /// Signs a statement; the text is not looked at.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn sign(key: &PrivateKey, payload: Vec<u8>) -> Result<Self, KeyError> {
        let signature = key.sign(&bundle::signed_bytes(&payload))?;
        Ok(Self { payload, signature })
    }

    /// A statement from a Sigstore bundle.
    ///
    /// # Errors
    /// It is no bundle of version 0.3 with an envelope around one statement.
    pub fn from_bundle(bytes: &[u8]) -> Result<Self, SignatureError> {
        let (payload, signature) = bundle::open(bytes)?;
        Ok(Self { payload, signature })
    }

    /// The statement in a Sigstore bundle that says which key it was signed with.
    #[must_use]
    pub fn to_bundle(&self, key: &PublicKey) -> Vec<u8> {
        let bundle = json!({
            "mediaType": BUNDLE,
            "verificationMaterial": { "publicKey": { "hint": STANDARD.encode(key.id().as_bytes()) } },
            "dsseEnvelope": {
                "payload": STANDARD.encode(&self.payload),
                "payloadType": STATEMENT,
                "signatures": [{ "sig": STANDARD.encode(&self.signature) }],
            },
        });
        bundle.to_string().into_bytes()
    }

    /// The statement, whoever signed it.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The id of the key, among these, that it was signed with.
    #[must_use]
    pub fn signed_with(&self, keys: &[PublicKey]) -> Option<Digest> {
        let signed = bundle::signed_bytes(&self.payload);
        keys.iter().find(|key| key.verifies(&signed, &self.signature)).map(PublicKey::id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;

    fn key() -> PrivateKey {
        let made = PrivateKey::generate(&SecretString::from("")).unwrap();
        PrivateKey::from_pem(&made.private, &SecretString::from("")).unwrap()
    }

    #[test]
    fn what_was_signed_is_known_again_by_its_key_alone() {
        let (ours, theirs) = (key(), key());
        let signed = SignedStatement::sign(&ours, b"{\"a\": 1}".to_vec()).unwrap();
        let read = SignedStatement::from_bundle(&signed.to_bundle(&ours.public())).unwrap();
        assert_eq!(read, signed);
        assert_eq!(read.payload(), b"{\"a\": 1}");
        assert_eq!(read.signed_with(&[theirs.public(), ours.public()]), Some(ours.public().id()));
        assert_eq!(read.signed_with(&[theirs.public()]), None);
        let changed = SignedStatement { payload: b"{\"a\": 2}".to_vec(), ..read };
        assert_eq!(changed.signed_with(&[ours.public()]), None);
    }

    /// Made by cosign 3.1.3.
    #[test]
    fn the_bundle_of_cosign_is_read() {
        let key = PublicKey::from_pem(include_str!("../tests/data/cosign.pub")).unwrap();
        let read = SignedStatement::from_bundle(include_bytes!("../tests/data/bundle.json")).unwrap();
        assert_eq!(read.signed_with(&[key]), Some(key.id()));
    }

    proptest! {
        #[test]
        fn any_bundle_is_survived(text in "(\\{|\\}|\\[|\\]|\"(mediaType|dsseEnvelope|payload|sig)\":?|,|null|\\PC){0,30}") {
            let _ = SignedStatement::from_bundle(text.as_bytes());
        }
    }
}
