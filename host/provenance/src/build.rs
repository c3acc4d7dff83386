//! How an image was built: SLSA provenance 1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::resource::{DigestSet, Resource};

/// The type of Plimsoll's builds: what their parameters mean is in `docs/provenance.md`.
pub const BUILD_TYPE: &str = "https://plimsoll.dev/build/v1";
/// Who builds: a Plimsoll host, wherever it runs. Whose host it is, the signature says.
pub const BUILDER: &str = "https://plimsoll.dev/host";

/// The predicate of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// What was built, from what.
    pub build_definition: BuildDefinition,
    /// Which run built it.
    pub run_details: RunDetails,
}

/// What was built, from what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildDefinition {
    /// [`BUILD_TYPE`].
    pub build_type: String,
    /// What was asked for from outside: the event, and what the configuration says of the image.
    pub external_parameters: External,
    /// What the host added.
    pub internal_parameters: Internal,
    /// The commit, the base images as far as the builder tells, and the policies.
    #[serde(default)]
    pub resolved_dependencies: Vec<Resource>,
}

/// What was asked for from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct External {
    /// The event's source.
    pub source: Source,
    /// The Dockerfile, from the folder of the configuration.
    pub dockerfile: String,
    /// The folder that COPY and ADD read from, likewise.
    pub context: String,
    /// The stage; the last one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The names of the build arguments. Values are left out: the statement goes where the image goes, and not everybody who may
    /// see the image may see the configuration that holds them. Its digest pins them.
    #[serde(default)]
    pub build_arguments: Vec<String>,
    /// What the image runs on.
    #[serde(default)]
    pub platforms: Vec<String>,
}

/// The event's source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The repository's short name.
    pub repository: String,
    /// Its web address, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The git reference, whole; absent for a commit without any.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<String>,
    /// The git tags that the event carries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What the host added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Internal {
    /// What built the image.
    pub builder: String,
    /// Digest of the configuration.
    pub configuration: DigestSet,
    /// Whether the working tree held changes that are not in the commit: then the commit does not say all.
    #[serde(default)]
    pub dirty: bool,
}

/// Which run built it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunDetails {
    /// Who built it.
    pub builder: Builder,
    /// Which run it was.
    pub metadata: Metadata,
}

/// Who built it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Builder {
    /// [`BUILDER`].
    pub id: String,
    /// Versions of its parts.
    #[serde(default)]
    pub version: BTreeMap<String, String>,
}

/// Which run it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The release's id.
    pub invocation_id: String,
    /// When the release began, Unix seconds.
    #[serde(with = "crate::time")]
    pub started_on: i64,
    /// When the image was in its repository, Unix seconds.
    #[serde(with = "crate::time")]
    pub finished_on: i64,
}

impl Build {
    /// The type of the predicate.
    pub const PREDICATE: &str = "https://slsa.dev/provenance/v1";

    /// The commit that it was built from; `None` when the statement names none.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        self.build_definition.resolved_dependencies.iter().find_map(|it| it.digest.git_commit.as_deref())
    }
}
