//! Settings that stand in files of their own: put together with the others before a policy sees any.

use std::path::Path;

use serde_json::{Map, Value};

use crate::configuration::{Binding, Problem};

/// All settings of a binding, JSON text with sorted keys.
///
/// # Errors
/// What is wrong with the files.
pub(crate) fn settings(written: &Binding) -> Result<String, Vec<Problem>> {
    if written.settings_files.is_empty() {
        return Ok(written.settings.clone());
    }
    let mut problems = Vec::new();
    // The configuration's reader wrote this object.
    let mut settings: Map<String, Value> = serde_json::from_str(&written.settings).unwrap_or_default();
    for (name, path) in &written.settings_files {
        if settings.contains_key(name) {
            let message =
                format!("the setting `{name}` stands in `settings` and in the file {}", path.display());
            problems.push(Problem::new(written.settings_span, message).help("take one of them out"));
            continue;
        }
        match read(path) {
            Ok(value) => {
                settings.insert(name.clone(), value);
            }
            Err(reason) => {
                let message =
                    format!("the setting `{name}` cannot be read from {}: {reason}", path.display());
                problems.push(
                    Problem::new(written.settings_span, message)
                        .help("paths in `settings-files` are relative to the folder of the configuration"),
                );
            }
        }
    }
    settings.sort_keys();
    if problems.is_empty() { Ok(Value::Object(settings).to_string()) } else { Err(problems) }
}

/// A setting from a file: a value where the name says so, else the text.
fn read(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::from_str(&text).map_err(|error| error.to_string()),
        Some("toml") => toml::from_str(&text).map_err(|error| error.to_string()),
        _ => Ok(Value::String(text)),
    }
}
