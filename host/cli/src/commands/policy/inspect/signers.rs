//! Who has signed an artifact.

use plimsoll_app::sharing::SignedBy;
use plimsoll_core::{digest::Digest, reference::ImageReference};
use serde_json::{Value, json};

use super::{super::share, row};
use crate::{failure::Failure, session::Session};

/// Each signature of an artifact, and which signer of the configuration it is by. Absent when the registry cannot be asked: what
/// was fetched before can be looked into without it.
pub(super) fn find(
    session: &Session,
    written: &str,
    artifact: Digest,
) -> Result<Option<Vec<SignedBy>>, Failure> {
    let exact = ImageReference { digest: Some(artifact), ..share::reference(written)? };
    match session.policy_source()?.signatures(&exact) {
        Ok((digest, signatures)) if signatures.found.is_empty() => Ok(Some(signatures.by(&digest, &[]))),
        Ok((digest, signatures)) => Ok(Some(signatures.by(&digest, &session.signers()?))),
        Err(failure) => {
            tell!("its signatures could not be looked up: {failure}");
            Ok(None)
        }
    }
}

pub(super) fn print(signatures: Option<&[SignedBy]>) {
    match signatures {
        None => {}
        Some([]) => row("signed", "by nobody"),
        Some(signatures) => {
            for (index, SignedBy { signer, .. }) in signatures.iter().enumerate() {
                let label = if index == 0 { "signed" } else { "" };
                match signer {
                    Some((name, key)) => row(label, &format!("by {} with the key {key}", name.as_str())),
                    None => row(label, "with a key that the configuration does not name"),
                }
            }
        }
    }
}

pub(super) fn json(signatures: &[SignedBy]) -> Value {
    let signature = |SignedBy { signer, form }: &SignedBy| {
        let (name, key) = signer.as_ref().map(|(name, key)| (name.as_str(), key)).unzip();
        json!({ "form": form, "signer": name, "key": key })
    };
    signatures.iter().map(signature).collect()
}
