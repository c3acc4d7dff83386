//! Whose signature counts, and whether it is there.

use std::collections::BTreeMap;

use plimsoll_core::{digest::Digest, names::SignerName};
use plimsoll_signature::{Form, KeyError, Mismatch, PublicKey};

use super::signatures::Signatures;
use crate::configuration::{self, Problem};

/// Somebody whose signature counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The name that the configuration gives.
    pub name: SignerName,
    /// The public keys; a signature by any of them counts.
    pub keys: Vec<PublicKey>,
}

/// A signature of an artifact, and who it is by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    /// The signer and the id of the key; absent when the signature is by nobody who is known, or over something else.
    pub signer: Option<(SignerName, Digest)>,
    /// How the signature says what it signs.
    pub form: Form,
}

/// Whose signature is missing, and what is there instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{signer}` must have signed it, and {reason}")]
pub struct Unsigned {
    /// Who must have signed it.
    pub signer: SignerName,
    /// What is there instead.
    pub reason: NotSigned,
}

/// Why an artifact is not signed with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// There is no signature at all.
    #[error("it has no signature")]
    NoSignature,
    /// There are only such that are not understood.
    #[error("its signature cannot be read: {problem}")]
    Unreadable {
        /// What is wrong with the first.
        problem: String,
    },
    /// There are some by others, or changed ones.
    #[error("none of its signatures ({count}) is by that key and unchanged")]
    OtherKey {
        /// How many signatures there are.
        count: usize,
    },
    /// There is one by the right key over something else.
    #[error("the signature by that key is over something else: {content}")]
    OtherContent {
        /// What the signature is over.
        content: String,
    },
}

impl Signer {
    /// Reads the keys of those whom a configuration names.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub(crate) fn read_all(written: &[configuration::Signer]) -> Result<Vec<Self>, Vec<Problem>> {
        let (mut signers, mut problems) = (Vec::new(), Vec::new());
        for configuration::Signer { name, keys, span, .. } in written {
            let mut read = Vec::new();
            for path in keys {
                let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
                let key = text
                    .and_then(|text| PublicKey::from_pem(&text).map_err(|error: KeyError| error.to_string()));
                match key {
                    Ok(key) => read.push(key),
                    Err(reason) => problems.push(
                        Problem::new(*span, format!("the key {} of `{name}` cannot be used: {reason}", path.display()))
                            .help("name files with public keys such as `cosign.pub`, relative to the folder of the configuration"),
                    ),
                }
            }
            signers.push(Self { name: name.clone(), keys: read });
        }
        if problems.is_empty() { Ok(signers) } else { Err(problems) }
    }

    /// Those of the signers who must have signed what a binding names.
    pub(crate) fn wanted(signers: &[Self], binding: &configuration::Binding) -> Vec<Self> {
        signers.iter().filter(|signer| binding.signed_by.contains(&signer.name)).cloned().collect()
    }
}

impl Signatures {
    /// The id of the key, among these, that the artifact was signed with.
    ///
    /// # Errors
    /// It was signed with none of them.
    pub fn signed_with(&self, digest: &Digest, keys: &[PublicKey]) -> Result<Digest, NotSigned> {
        let mut other = None;
        for signature in &self.found {
            for key in keys {
                match signature.check(digest, key) {
                    Ok(()) => return Ok(key.id()),
                    Err(Mismatch::OtherContent(content)) => other = Some(content),
                    Err(Mismatch::OtherKey) => {}
                }
            }
        }
        Err(match (other, self.found.len(), self.unreadable.first()) {
            (Some(content), _, _) => NotSigned::OtherContent { content },
            (None, 0, None) => NotSigned::NoSignature,
            (None, 0, Some(problem)) => NotSigned::Unreadable { problem: problem.clone() },
            (None, count, _) => NotSigned::OtherKey { count },
        })
    }

    /// The key that each of these signers signed the artifact with.
    ///
    /// # Errors
    /// One of them has not; the first is named.
    pub fn verify(
        &self,
        digest: &Digest,
        signers: &[Signer],
    ) -> Result<BTreeMap<SignerName, Digest>, Unsigned> {
        let signed = |signer: &Signer| match self.signed_with(digest, &signer.keys) {
            Ok(key) => Ok((signer.name.clone(), key)),
            Err(reason) => Err(Unsigned { signer: signer.name.clone(), reason }),
        };
        signers.iter().map(signed).collect()
    }

    /// Each signature of the artifact, and which of these signers it is by.
    #[must_use]
    pub fn by(&self, digest: &Digest, signers: &[Signer]) -> Vec<SignedBy> {
        let who = |signature: &plimsoll_signature::Signature| {
            let keys = signers.iter().flat_map(|signer| signer.keys.iter().map(move |key| (signer, key)));
            keys.into_iter()
                .find(|(_, key)| signature.check(digest, key).is_ok())
                .map(|(signer, key)| (signer.name.clone(), key.id()))
        };
        let signed_by = |signature| SignedBy { signer: who(signature), form: signature.form() };
        self.found.iter().map(signed_by).collect()
    }
}
