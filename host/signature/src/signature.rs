//! A signature of an artifact.

use plimsoll_core::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::{bundle, key_error::KeyError, private_key::PrivateKey, public_key::PublicKey, simple_signing};

/// How a signature says what it signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A simple signing payload.
    SimpleSigning,
    /// An in-toto statement out of a Sigstore bundle.
    Bundle,
}

/// A signature: what was signed, and the signature over it. Nothing of it is to be believed before [`Signature::check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// How it says what it signs.
    form: Form,
    #[serde(with = "base64_text")]
    payload: Vec<u8>,
    #[serde(with = "base64_text")]
    signature: Vec<u8>,
}

/// What cannot be read as a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no signature that is understood: {problem}")]
pub struct SignatureError {
    pub(crate) problem: String,
}

/// Why a signature does not stand for a key and an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// It was not made with this key, or was changed.
    OtherKey,
    /// It was made with this key, over something else; the text says over what.
    OtherContent(String),
}

impl Signature {
    /// Signs an artifact of a repository, in the form of a simple signing payload.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn make(key: &PrivateKey, repository: &str, digest: &Digest) -> Result<Self, KeyError> {
        let payload = simple_signing::payload(repository, digest);
        let signature = key.sign(&payload)?;
        Ok(Self { form: Form::SimpleSigning, payload, signature })
    }

    /// A signature as the registry keeps it in the older form: a payload, and the signature beside it in base64.
    ///
    /// # Errors
    /// That text is no base64.
    pub fn from_simple_signing(payload: Vec<u8>, signature: &str) -> Result<Self, SignatureError> {
        let signature = base64_text::decode(signature)
            .map_err(|error| SignatureError { problem: format!("its signature is no base64: {error}") })?;
        Ok(Self { form: Form::SimpleSigning, payload, signature })
    }

    /// A signature from a Sigstore bundle.
    ///
    /// # Errors
    /// It is no bundle of version 0.3 with an envelope around one statement.
    pub fn from_bundle(bytes: &[u8]) -> Result<Self, SignatureError> {
        let (payload, signature) = bundle::open(bytes)?;
        Ok(Self { form: Form::Bundle, payload, signature })
    }

    /// How it says what it signs.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// What was signed.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signature in base64, as the registry keeps it beside a simple signing payload.
    #[must_use]
    pub fn to_base64(&self) -> String {
        base64_text::encode(&self.signature)
    }

    /// Whether this is a signature of the artifact with this digest, made with this key. The payload is looked at only when the
    /// signature over it is right.
    ///
    /// # Errors
    /// It is not; the mismatch says why.
    pub fn check(&self, digest: &Digest, key: &PublicKey) -> Result<(), Mismatch> {
        let is_right = match self.form {
            Form::SimpleSigning => key.verifies(&self.payload, &self.signature),
            Form::Bundle => key.verifies(&bundle::signed_bytes(&self.payload), &self.signature),
        };
        if !is_right {
            return Err(Mismatch::OtherKey);
        }
        let signed = match self.form {
            Form::SimpleSigning => simple_signing::digest(&self.payload).map(|digest| vec![digest]),
            Form::Bundle => bundle::digests(&self.payload),
        };
        match signed {
            Ok(signed) if signed.contains(digest) => Ok(()),
            Ok(signed) => {
                let signed: Vec<String> = signed.iter().map(Digest::to_string).collect();
                Err(Mismatch::OtherContent(signed.join(", ")))
            }
            Err(problem) => Err(Mismatch::OtherContent(problem)),
        }
    }
}

/// Bytes as base64 text in JSON.
pub(crate) mod base64_text {
    use base64::{DecodeError, Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn encode(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }

    pub(crate) fn decode(text: &str) -> Result<Vec<u8>, DecodeError> {
        STANDARD.decode(text)
    }

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        decode(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;
    use serde_json::{Value, json};

    use super::*;

    /// Made by cosign 3.1.3 for these tests, in both forms, for [`SIGNED`].
    const BUNDLE: &[u8] = include_bytes!("../tests/data/bundle.json");
    const PAYLOAD: &[u8] = include_bytes!("../tests/data/simple-signing.json");
    const SIGNATURE: &str = include_str!("../tests/data/simple-signing.sig");
    const SIGNED: &str = "sha256:9514c2e0fec4e4b947ed65a1884113cde12537d62dfef18180fe91d09ccc8f57";

    fn key() -> PublicKey {
        PublicKey::from_pem(include_str!("../tests/data/cosign.pub")).unwrap()
    }

    fn both() -> [Signature; 2] {
        [
            Signature::from_simple_signing(PAYLOAD.to_vec(), SIGNATURE).unwrap(),
            Signature::from_bundle(BUNDLE).unwrap(),
        ]
    }

    /// A bundle around a statement, signed with a key of our own.
    fn bundle(private: &PrivateKey, statement: &Value) -> Signature {
        let payload = statement.to_string().into_bytes();
        let signature = private.sign(&bundle::signed_bytes(&payload)).unwrap();
        let bundle = json!({
            "mediaType": crate::BUNDLE,
            "verificationMaterial": { "publicKey": { "hint": "x" } },
            "dsseEnvelope": {
                "payload": base64_text::encode(&payload),
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{ "sig": base64_text::encode(&signature), "keyid": "" }],
            },
        });
        Signature::from_bundle(bundle.to_string().as_bytes()).unwrap()
    }

    fn private() -> PrivateKey {
        let made = PrivateKey::generate(&SecretString::from("")).unwrap();
        PrivateKey::from_pem(&made.private, &SecretString::from("")).unwrap()
    }

    #[test]
    fn what_cosign_signed_is_verified_for_its_digest_and_key_alone() {
        let (signed, other) = (SIGNED.parse().unwrap(), Digest::of(b"other"));
        for signature in both() {
            assert_eq!(signature.check(&signed, &key()), Ok(()));
            assert_eq!(signature.check(&signed, &private().public()), Err(Mismatch::OtherKey));
            assert_eq!(signature.check(&other, &key()), Err(Mismatch::OtherContent(SIGNED.to_owned())));
        }
    }

    #[test]
    fn what_was_kept_is_verified_again() {
        for signature in both() {
            let kept = serde_json::to_vec(&signature).unwrap();
            assert_eq!(serde_json::from_slice::<Signature>(&kept).unwrap(), signature);
        }
    }

    #[test]
    fn a_signature_of_another_kind_of_statement_does_not_count() {
        let private = private();
        let digest = Digest::of(b"policy");
        let statement = |kind: &str, predicate: &str, name: &str| {
            json!({
                "_type": kind, "predicateType": predicate, "predicate": {},
                "subject": [{ "digest": { "sha512": "0" } }, { "name": "x", "digest": { name: digest.hex() } }],
            })
        };
        let (v1, signed) = ("https://in-toto.io/Statement/v1", "https://sigstore.dev/cosign/sign/v1");
        let check = |statement: &Value| bundle(&private, statement).check(&digest, &private.public());
        assert_eq!(check(&statement(v1, signed, "sha256")), Ok(()));
        for (statement, says) in [
            (statement("https://in-toto.io/Statement/v9", signed, "sha256"), "Statement/v9"),
            (
                statement(v1, "https://cosign.sigstore.dev/attestation/vuln/v1", "sha256"),
                "it is no signature but states",
            ),
            (statement(v1, signed, "sha1"), ""),
            (json!({}), "missing field"),
        ] {
            match check(&statement) {
                Err(Mismatch::OtherContent(problem)) => assert!(problem.contains(says), "{problem}"),
                other => panic!("{statement}: {other:?}"),
            }
        }
        let other = json!({ "critical": {
            "image": { "docker-manifest-digest": digest }, "type": "atomic container signature", "identity": {},
        }});
        let payload = other.to_string().into_bytes();
        let signature = private.sign(&payload).unwrap();
        let signature = Signature::from_simple_signing(payload, &base64_text::encode(&signature)).unwrap();
        assert!(matches!(signature.check(&digest, &private.public()), Err(Mismatch::OtherContent(_))));
    }

    #[test]
    fn what_is_no_bundle_says_why() {
        let good: Value = serde_json::from_slice(BUNDLE).unwrap();
        for (pointer, value, says) in [
            ("/mediaType", json!("application/vnd.dev.sigstore.bundle+json;version=0.1"), "version=0.1"),
            ("/dsseEnvelope", json!(null), "without an envelope"),
            ("/dsseEnvelope/payloadType", json!("text/plain"), "text/plain"),
            ("/dsseEnvelope/payload", json!("?"), "no signature that is understood"),
            ("/dsseEnvelope/signatures", json!([]), "0 signatures"),
            ("/dsseEnvelope/signatures", json!([{ "sig": "" }, { "sig": "" }]), "2 signatures"),
        ] {
            let mut other = good.clone();
            *other.pointer_mut(pointer).unwrap() = value;
            let error = Signature::from_bundle(other.to_string().as_bytes()).unwrap_err();
            assert!(error.to_string().contains(says), "{pointer}: {error}");
        }
        assert!(Signature::from_simple_signing(PAYLOAD.to_vec(), "?").is_err());
    }

    proptest! {
        /// One changed bit anywhere, and it is nobody's signature.
        #[test]
        fn a_changed_signature_is_noticed(form in 0_usize..2, place in any::<proptest::sample::Index>(), bit in 0..8, in_payload in any::<bool>()) {
            let mut signature = both()[form].clone();
            let bytes = if in_payload { &mut signature.payload } else { &mut signature.signature };
            let place = place.index(bytes.len());
            bytes[place] ^= 1_u8 << bit;
            prop_assert_eq!(signature.check(&SIGNED.parse().unwrap(), &key()), Err(Mismatch::OtherKey));
        }

        #[test]
        fn any_bundle_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Signature::from_bundle(&bytes).is_err());
        }

        /// A bundle that was cut, or had a piece replaced, is refused, or is nobody's signature, or says the same as before.
        #[test]
        fn a_damaged_bundle_is_never_another_one(from in any::<proptest::sample::Index>(), length in 0_usize..20, by in "[ -~]{0,20}") {
            let mut bytes = BUNDLE.to_vec();
            let from = from.index(bytes.len());
            let to = (from + length).min(bytes.len());
            bytes.splice(from..to, by.into_bytes());
            if let Ok(signature) = Signature::from_bundle(&bytes) {
                let checked = signature.check(&SIGNED.parse().unwrap(), &key());
                prop_assert!(checked.is_err() || signature.payload() == both()[1].payload());
                prop_assert!(signature.check(&Digest::of(b"other"), &key()).is_err());
            }
        }

        /// What is read out of a payload is only ever the digest that is in it, and nothing panics.
        #[test]
        fn any_payload_is_survived(payload in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(simple_signing::digest(&payload).is_err());
            prop_assert!(bundle::digests(&payload).is_err());
        }
    }
}
