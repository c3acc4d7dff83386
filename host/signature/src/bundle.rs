//! Sigstore bundles 0.3 of a signature with a key: a DSSE envelope around an in-toto statement.

use plimsoll_core::digest::Digest;
use serde::Deserialize;

use crate::signature::{SignatureError, base64_text};

/// Media type of a bundle, also as what it is in a registry.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// Media type of what the envelope holds (in-toto attestation framework, "Envelope").
pub const STATEMENT: &str = "application/vnd.in-toto+json";
/// The versions of the statement.
const STATEMENT_TYPES: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
/// What a statement says that is a signature and no other attestation: a failed scan, too, is signed with a key.
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    #[serde(with = "base64_text")]
    payload: Vec<u8>,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    #[serde(with = "base64_text")]
    sig: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
}

#[derive(Deserialize)]
struct Subject {
    digest: SubjectDigest,
}

#[derive(Deserialize)]
struct SubjectDigest {
    sha256: Option<String>,
}

/// Payload and signature of a bundle, unverified.
pub(crate) fn open(bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), SignatureError> {
    let unusable = |problem: String| SignatureError { problem };
    let bundle: Bundle = serde_json::from_slice(bytes).map_err(|error| unusable(error.to_string()))?;
    if bundle.media_type != BUNDLE {
        return Err(unusable(format!("a bundle of the kind `{}`", bundle.media_type)));
    }
    let envelope = bundle.dsse_envelope.ok_or_else(|| unusable("a bundle without an envelope".to_owned()))?;
    if envelope.payload_type != STATEMENT {
        return Err(unusable(format!("an envelope with `{}`", envelope.payload_type)));
    }
    match <[EnvelopeSignature; 1]>::try_from(envelope.signatures) {
        Ok([signature]) => Ok((envelope.payload, signature.sig)),
        Err(signatures) => {
            Err(unusable(format!("an envelope with {} signatures instead of one", signatures.len())))
        }
    }
}

/// What an envelope's signature is over (DSSE 1.0, "Pre-Authentication Encoding").
pub(crate) fn signed_bytes(payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {STATEMENT} {} ", STATEMENT.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Whether a statement is a signature of an artifact; if not, why.
pub(crate) fn digests(payload: &[u8]) -> Result<Vec<Digest>, String> {
    let statement: Statement = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    if !STATEMENT_TYPES.contains(&statement.kind.as_str()) {
        return Err(format!("it is a statement of the kind `{}`", statement.kind));
    }
    if statement.predicate_type != SIGNED {
        return Err(format!("it is no signature but states `{}`", statement.predicate_type));
    }
    let sums = statement.subject.iter().filter_map(|subject| subject.digest.sha256.as_ref());
    Ok(sums.filter_map(|sum| format!("sha256:{sum}").parse().ok()).collect())
}
