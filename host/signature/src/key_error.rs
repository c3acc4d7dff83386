//! Why a key cannot be used.

/// Why a text is no key that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not in PEM format (RFC 7468).
    #[error("it is not in PEM format: {problem}")]
    NotPem {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It holds something else than the key that is needed.
    #[error("it holds `{found}`, and {wanted} is needed")]
    OtherKind {
        /// The label that was found.
        found: String,
        /// What is needed.
        wanted: &'static str,
    },
    /// It is a key of another kind.
    #[error("it is no key for ECDSA over P-256, the kind that cosign makes")]
    OtherAlgorithm,
    /// The encryption around a private key is none that is known.
    #[error("the encryption of the key is not understood: {problem}")]
    Encryption {
        /// What is wrong with it.
        problem: String,
    },
    /// The password does not open the key.
    #[error("the password does not open the key, or the key was changed")]
    Password,
    /// There is no randomness to make a key or a signature with.
    #[error("the system gives no random numbers")]
    NoRandomness,
}
