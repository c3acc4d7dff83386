//! What can be set.

use plimsoll_sdk::{Glob, schemars::JsonSchema, serde::Deserialize};

/// Settings of `version-gate`. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// What stands before the version in a version's tag.
    pub prefix: String,
    /// Which of these tags open the gate: `*` stands for any characters, `?` for one. Absent: all with the prefix.
    pub pattern: Option<Glob>,
    /// Whether pre-releases such as `v1.2.3-rc.1` may enter.
    pub pre_releases: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { prefix: "v".to_owned(), pattern: None, pre_releases: false }
    }
}

impl Settings {
    /// Whether a tag is one that could open the gate, by its name alone.
    #[must_use]
    pub fn admits(&self, tag: &str) -> bool {
        self.pattern.as_ref().map_or_else(|| tag.starts_with(&self.prefix), |pattern| pattern.matches(tag))
    }

    /// The pattern as it would be written.
    #[must_use]
    pub fn pattern_text(&self) -> String {
        self.pattern.as_ref().map_or_else(|| format!("{}*", self.prefix), ToString::to_string)
    }
}
