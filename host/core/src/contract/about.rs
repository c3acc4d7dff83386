//! `interface about`.

use serde::{Deserialize, Serialize};

/// A policy's own description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One sentence on what it decides.
    pub summary: String,
    /// JSON Schema of its settings object.
    pub settings_schema: String,
}

/// One thing that is wrong with a settings object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SettingsProblem {
    /// JSON Pointer into the settings, empty for the whole object.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}
