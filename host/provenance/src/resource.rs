//! Things that statements name by digest (in-toto attestation framework, "ResourceDescriptor" and "DigestSet").

use std::collections::BTreeMap;

use plimsoll_core::digest::Digest;
use serde::{Deserialize, Serialize};

/// Something that was used, and which exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// What it is called here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Its digests.
    #[serde(default)]
    pub digest: DigestSet,
    /// What else is to be said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Digests of one thing, hexadecimal, by algorithm. Those of other algorithms are not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestSet {
    /// SHA-256 of content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The id of a git commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_commit: Option<String>,
}

impl DigestSet {
    /// The digest of content; `None` when there is none that is well-formed.
    #[must_use]
    pub fn content(&self) -> Option<Digest> {
        format!("sha256:{}", self.sha256.as_deref()?).parse().ok()
    }

    /// The id of a commit.
    #[must_use]
    pub fn commit(id: &str) -> Self {
        Self { sha256: None, git_commit: Some(id.to_owned()) }
    }
}

impl From<&Digest> for DigestSet {
    fn from(digest: &Digest) -> Self {
        Self { sha256: Some(digest.hex()), git_commit: None }
    }
}
