//! Why a policy cannot be had.

use std::path::PathBuf;

use plimsoll_core::{
    digest::Digest,
    names::SignerName,
    ports::{FailureClass, PortFailure},
    reference::ImageReference,
};

use super::{package::PackageError, signer::Unsigned};

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum SharingError {
    /// No stock policy has this name.
    #[error("there is no stock policy `{name}`: there are {}", plimsoll_stock::NAMES.join(", "))]
    Unknown {
        /// The name.
        name: String,
    },
    /// The file cannot be read.
    #[error("the policy {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A tag that nothing pins.
    #[error("the policy oci://{reference} is not locked: its tag may point to something else tomorrow")]
    NotLocked {
        /// The reference.
        reference: Box<ImageReference>,
    },
    /// The reference and the lock name different digests.
    #[error("the policy oci://{reference} is locked to {locked}, which is another digest")]
    LockedOtherwise {
        /// The reference.
        reference: Box<ImageReference>,
        /// What the lock says.
        locked: Digest,
    },
    /// There is no such artifact.
    #[error("there is no policy oci://{reference}")]
    NotThere {
        /// The reference.
        reference: Box<ImageReference>,
    },
    /// What is there is no policy.
    #[error("oci://{reference} is no policy: {source}")]
    NoPolicy {
        /// The reference.
        reference: Box<ImageReference>,
        /// Why not.
        source: PackageError,
    },
    /// What is there is not what the lock says.
    #[error("the component of oci://{reference} has the digest {found}, and the lock says {locked}")]
    OtherComponent {
        /// The reference.
        reference: Box<ImageReference>,
        /// What it has.
        found: Digest,
        /// What the lock says.
        locked: Digest,
    },
    /// Who must have signed it has not.
    #[error("the policy oci://{reference} cannot be trusted: {source}")]
    Unsigned {
        /// The reference.
        reference: Box<ImageReference>,
        /// Whose signature is missing, and what is there instead.
        source: Unsigned,
    },
    /// The registry does not let its signatures be looked at.
    #[error("the signatures of oci://{reference} could not be looked at: {reason}")]
    Withheld {
        /// The reference.
        reference: Box<ImageReference>,
        /// What the registry says.
        reason: String,
    },
    /// The lock was written before this signature was wanted.
    #[error("the policy oci://{reference} is not locked as signed by `{signer}`")]
    SignerNotLocked {
        /// The reference.
        reference: Box<ImageReference>,
        /// Who must have signed it.
        signer: SignerName,
    },
    /// The lock names a key that the configuration does not.
    #[error(
        "the policy oci://{reference} is locked as signed by `{signer}` with the key {locked}, which is no key of `{signer}`"
    )]
    OtherSignerLocked {
        /// The reference.
        reference: Box<ImageReference>,
        /// Who must have signed it.
        signer: SignerName,
        /// The key that the lock names.
        locked: Digest,
    },
    /// Fetching came to a bad end.
    #[error("fetching oci://{reference} failed: {reason}")]
    Broken {
        /// The reference.
        reference: Box<ImageReference>,
        /// What happened.
        reason: String,
    },
}

impl From<SharingError> for PortFailure {
    fn from(error: SharingError) -> Self {
        match error {
            SharingError::NotLocked { .. } => Self::new(FailureClass::Configuration, error).hint(
                "run `plimsoll policy lock` and commit plimsoll.lock, or write the digest into the reference",
            ),
            SharingError::LockedOtherwise { .. } | SharingError::OtherComponent { .. } => {
                Self::new(FailureClass::Configuration, error).hint(
                    "if the change is meant, run `plimsoll policy lock --update` and look at what changes",
                )
            }
            SharingError::Unsigned { .. } => Self::new(FailureClass::Configuration, error).hint(
                "let the signer look at it and sign it with `plimsoll policy sign`; `plimsoll policy verify` shows whose signature it has",
            ),
            SharingError::SignerNotLocked { .. } => Self::new(FailureClass::Configuration, error)
                .hint("run `plimsoll policy lock`, which verifies the signatures, and commit plimsoll.lock"),
            SharingError::OtherSignerLocked { .. } => Self::new(FailureClass::Configuration, error).hint(
                "if the signer has another key now, run `plimsoll policy lock`, which verifies the signatures, and look at what changes",
            ),
            SharingError::Withheld { .. } => Self::new(FailureClass::Outside, error)
                .hint("use credentials that may read everything in the repository"),
            SharingError::Broken { .. } => Self::new(FailureClass::Internal, error),
            _ => Self::new(FailureClass::Configuration, error),
        }
    }
}
