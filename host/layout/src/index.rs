//! The file `index.json` of a layout: which manifests it offers, and under which tags.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The annotation that holds a reference's tag (OCI image specification 1.1, "Pre-Defined Annotation Keys").
const REFERENCE_NAME: &str = "org.opencontainers.image.ref.name";

/// The entry point of a layout. What this program does not know is kept as it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IndexFile {
    schema_version: u32,
    #[serde(default)]
    manifests: Vec<Entry>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// One manifest that the layout offers. The digest is text here because other programs may use other algorithms.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Default for IndexFile {
    fn default() -> Self {
        let media_type = ("mediaType".to_owned(), "application/vnd.oci.image.index.v1+json".into());
        Self { schema_version: 2, manifests: Vec::new(), rest: Map::from_iter([media_type]) }
    }
}

impl Entry {
    fn tag(&self) -> Option<&str> {
        self.annotations.get(REFERENCE_NAME).map(String::as_str)
    }
}

impl IndexFile {
    /// Every manifest with its tag, in the file's order; those whose digest is not SHA-256 are left out.
    pub(crate) fn references(&self) -> Vec<(Option<String>, Digest)> {
        self.manifests
            .iter()
            .filter_map(|entry| Some((entry.tag().map(str::to_owned), entry.digest.parse().ok()?)))
            .collect()
    }

    /// Offers a manifest without a tag, unless it is offered already. Answers whether anything changed.
    pub(crate) fn add(&mut self, digest: &Digest, media_type: &str, size: u64) -> bool {
        let text = digest.to_string();
        let is_new = self.manifests.iter().all(|entry| entry.digest != text);
        if is_new {
            self.manifests.push(Entry {
                media_type: media_type.to_owned(),
                digest: text,
                size,
                annotations: BTreeMap::new(),
                rest: Map::new(),
            });
        }
        is_new
    }

    /// The digests of what has no tag: referrers are among them.
    pub(crate) fn untagged(&self) -> impl Iterator<Item = Digest> {
        self.manifests
            .iter()
            .filter(|entry| entry.tag().is_none())
            .filter_map(|entry| entry.digest.parse().ok())
    }

    /// Writes on a manifest that is offered already what it is (OCI image specification 1.1, "Properties" of a descriptor).
    pub(crate) fn describe(
        &mut self,
        digest: &Digest,
        artifact_type: &str,
        annotations: &BTreeMap<String, String>,
    ) {
        let text = digest.to_string();
        for entry in self.manifests.iter_mut().filter(|entry| entry.digest == text) {
            entry.rest.insert("artifactType".to_owned(), artifact_type.into());
            entry.annotations.extend(annotations.clone());
        }
    }

    /// Points a tag to a manifest that is offered already. The manifest that had the tag stays, without one.
    pub(crate) fn tag(&mut self, tag: &str, digest: &Digest) {
        let text = digest.to_string();
        let Some(mut tagged) = self.manifests.iter().find(|entry| entry.digest == text).cloned() else {
            return;
        };
        tagged.annotations.insert(REFERENCE_NAME.to_owned(), tag.to_owned());

        for entry in self.manifests.iter_mut().filter(|entry| entry.tag() == Some(tag)) {
            entry.annotations.remove(REFERENCE_NAME);
        }
        self.manifests.push(tagged);
        let is_tagged = |entry: &&Entry| entry.tag().is_some();
        let offered: BTreeSet<String> =
            self.manifests.iter().filter(is_tagged).map(|entry| entry.digest.clone()).collect();
        self.manifests.retain(|entry| entry.tag().is_some() || !offered.contains(&entry.digest));
    }
}
