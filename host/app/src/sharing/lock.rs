//! `plimsoll.lock`: which policy exactly each reference of the configuration means.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use plimsoll_core::{digest::Digest, names::SignerName, reference::ImageReference};
use serde::{Deserialize, Serialize};

use super::{error::SharingError, signer::Signer};

/// The version of the file's form.
pub const LOCK_VERSION: u32 = 1;

/// What stands at the top of the file.
const HEADING: &str = "# Which policy exactly each reference of plimsoll.toml means. `plimsoll policy lock` writes this file; commit it.\n\n";

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The version of its form.
    pub version: u32,
    /// The policies, sorted by reference.
    #[serde(default)]
    pub policies: Vec<LockedPolicy>,
}

/// A reference, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LockedPolicy {
    /// The reference, as the configuration writes it.
    pub reference: String,
    /// Digest of the artifact's manifest.
    pub digest: Digest,
    /// Digest of the component.
    pub component: Digest,
    /// The version of the contract that it was built for.
    pub contract: String,
    /// Who has signed it, and the id of the key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signed_by: BTreeMap<SignerName, Digest>,
}

/// Why a lock file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is not in the form of a lock file.
    #[error("{} is no lock file: {source}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: Box<toml::de::Error>,
    },
    /// It is of another version.
    #[error("{} has version {version}, and this Plimsoll knows {LOCK_VERSION}: use a newer one", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
}

/// The lock file that belongs to a configuration.
#[must_use]
pub fn lock_path(configuration: &Path) -> PathBuf {
    configuration.with_extension("lock")
}

impl LockedPolicy {
    /// These signers with the one key that the lock names for each.
    ///
    /// # Errors
    /// The lock does not name a signer, or names a key that is none of the signer's.
    pub(super) fn signers(
        &self,
        reference: &ImageReference,
        signers: &[Signer],
    ) -> Result<Vec<Signer>, SharingError> {
        let pinned = |Signer { name, keys }: &Signer| {
            let (reference, signer) = (Box::new(reference.clone()), name.clone());
            let Some(locked) = self.signed_by.get(name) else {
                return Err(SharingError::SignerNotLocked { reference, signer });
            };
            match keys.iter().find(|key| key.id() == *locked) {
                Some(key) => Ok(Signer { name: signer, keys: vec![*key] }),
                None => Err(SharingError::OtherSignerLocked { reference, signer, locked: *locked }),
            }
        };
        signers.iter().map(pinned).collect()
    }

    /// Whether these signers, and no others, have signed it by what the lock says, each with a key that is still the signer's.
    #[must_use]
    pub fn is_signed_by(&self, signers: &[Signer]) -> bool {
        let has = |Signer { name, keys }: &Signer| {
            self.signed_by.get(name).is_some_and(|locked| keys.iter().any(|key| key.id() == *locked))
        };
        self.signed_by.len() == signers.len() && signers.iter().all(has)
    }
}

impl Lock {
    /// Reads a file; one that is not there pins nothing.
    ///
    /// # Errors
    /// It cannot be read, or is no lock file of this version.
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::new(Vec::new())),
            Err(source) => return Err(LockError::File { path: path.to_owned(), source }),
        };
        let lock: Self = toml::from_str(&text)
            .map_err(|source| LockError::Form { path: path.to_owned(), source: Box::new(source) })?;
        if lock.version == LOCK_VERSION {
            return Ok(lock);
        }
        Err(LockError::Version { path: path.to_owned(), version: lock.version })
    }

    /// A lock of these policies.
    #[must_use]
    pub fn new(mut policies: Vec<LockedPolicy>) -> Self {
        policies.sort_by(|one, other| one.reference.cmp(&other.reference));
        policies.dedup();
        Self { version: LOCK_VERSION, policies }
    }

    /// What a reference is pinned to.
    #[must_use]
    pub fn find(&self, reference: &ImageReference) -> Option<&LockedPolicy> {
        let written = format!("oci://{reference}");
        self.policies.iter().find(|policy| policy.reference == written)
    }

    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADING}version = {}\n", self.version);
        for policy in &self.policies {
            let LockedPolicy { reference, digest, component, contract, signed_by } = policy;
            text.push_str(&format!(
                "\n[[policies]]\nreference = \"{reference}\"\ndigest = \"{digest}\"\ncomponent = \"{component}\"\ncontract = \"{contract}\"\n"
            ));
            let signed_by: Vec<String> =
                signed_by.iter().map(|(signer, key)| format!("{signer} = \"{key}\"")).collect();
            if !signed_by.is_empty() {
                text.push_str(&format!("signed-by = {{ {} }}\n", signed_by.join(", ")));
            }
        }
        text
    }

    /// Writes the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), LockError> {
        std::fs::write(path, self.to_text())
            .map_err(|source| LockError::File { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plimsoll.lock");
        assert_eq!(Lock::read(&path).unwrap(), Lock::new(Vec::new()));
        let contoso: SignerName = "contoso".parse().unwrap();
        let signed_by = BTreeMap::from([(contoso, Digest::of(b"key"))]);
        let policy = |reference: &str| LockedPolicy {
            reference: format!("oci://{reference}"),
            digest: Digest::of(b"manifest"),
            component: Digest::of(b"component"),
            contract: "0.1.0".to_owned(),
            signed_by: signed_by.clone(),
        };
        let lock = Lock::new(vec![policy("ghcr.io/contoso/b:1"), policy("ghcr.io/contoso/a:1")]);
        lock.write(&path).unwrap();
        assert_eq!(Lock::read(&path).unwrap(), lock);
        assert!(lock.find(&"ghcr.io/contoso/a:1".parse().unwrap()).is_some());
        assert!(lock.find(&"ghcr.io/contoso/a:2".parse().unwrap()).is_none());
        for (text, says) in
            [("version = 2", "version 2"), ("version = 1\nx = 1", "no lock file"), ("?", "no lock file")]
        {
            std::fs::write(&path, text).unwrap();
            let error = Lock::read(&path).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
