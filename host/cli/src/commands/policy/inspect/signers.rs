//! Who has signed an artifact.

use plimsoll_app::sharing::SignedBy;
use plimsoll_core::{digest::Digest, reference::ImageReference};
use serde_json::{Value, json};

use super::{super::share, row};
use crate::{failure::Failure, output::visible, session::Session};

/// What was found of signatures.
pub(super) struct Found {
    /// Each signature, and which signer of the configuration it is by.
    by: Vec<SignedBy>,
    /// What is wrong with those that cannot be read.
    unreadable: Vec<String>,
    /// Whether a configuration names signers.
    configured: bool,
}

/// The signatures of an artifact. Absent when the registry cannot be asked: what was fetched before can be looked into without it.
pub(super) fn find(session: &Session, written: &str, artifact: Digest) -> Result<Option<Found>, Failure> {
    let exact = ImageReference { digest: Some(artifact), ..share::reference(written)? };
    match session.policy_source()?.signatures(&exact) {
        Ok((digest, signatures)) => {
            let signers = if signatures.found.is_empty() { Vec::new() } else { session.signers()? };
            let (by, configured) = (signatures.by(&digest, &signers), !signers.is_empty());
            Ok(Some(Found { by, unreadable: signatures.unreadable, configured }))
        }
        Err(failure) => {
            tell!("its signatures could not be looked up: {failure}");
            Ok(None)
        }
    }
}

pub(super) fn print(found: Option<&Found>) {
    let Some(Found { by, unreadable, configured }) = found else { return };
    let signed = by.iter().map(|SignedBy { signer, .. }| match signer {
        Some((name, key)) => format!("by {} with the key {key}", name.as_str()),
        None if *configured => "by nobody whom the configuration names".to_owned(),
        None => "by somebody: no signers are configured".to_owned(),
    });
    let unreadable = unreadable.iter().map(|problem| format!("cannot be read: {}", visible(problem)));
    let mut lines: Vec<String> = signed.chain(unreadable).collect();
    if lines.is_empty() {
        lines.push("by nobody".to_owned());
    }
    for (index, line) in lines.iter().enumerate() {
        row(if index == 0 { "signed" } else { "" }, line);
    }
}

pub(super) fn json(Found { by, unreadable, .. }: &Found) -> Value {
    let signature = |SignedBy { signer, form }: &SignedBy| {
        let (name, key) = signer.as_ref().map(|(name, key)| (name.as_str(), key)).unzip();
        json!({ "form": form, "signer": name, "key": key })
    };
    let unreadable = unreadable.iter().map(|problem| json!({ "unreadable": problem }));
    by.iter().map(signature).chain(unreadable).collect()
}
