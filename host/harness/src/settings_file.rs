//! Settings in a file of their own: JSON, TOML or YAML by its name.

use std::path::Path;

use serde_json::Value;

/// Settings as the JSON text that policies get.
///
/// # Errors
/// The text is not in the language that the file's name says, or holds no object. The message says where.
pub fn settings_text(path: &Path, text: &str) -> Result<String, String> {
    let value: Result<Value, String> = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => toml::from_str(text).map_err(|error| error.to_string()),
        Some("yaml" | "yml") => {
            serde_saphyr::from_str_with_options(text, yaml()).map_err(|error| error.to_string())
        }
        _ => serde_json::from_str(text).map_err(|error| error.to_string()),
    };
    let value =
        value.map_err(|error| format!("the settings in {} cannot be read: {error}", path.display()))?;
    if value.is_object() {
        return Ok(value.to_string());
    }
    Err(format!("the settings in {} are no object: write `{{}}` for none", path.display()))
}

/// How YAML is read: `yes`, `on` and `y` are texts, as in YAML 1.2, "Core Schema".
pub(crate) fn yaml() -> serde_saphyr::Options {
    serde_saphyr::options! { strict_booleans: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_languages_say_the_same() {
        for (name, text) in [
            ("s.json", r#"{"quorum":2}"#),
            ("s.toml", "quorum = 2"),
            ("s.yaml", "quorum: 2"),
            ("-", r#"{"quorum":2}"#),
        ] {
            assert_eq!(settings_text(name.as_ref(), text).as_deref(), Ok(r#"{"quorum":2}"#), "{name}");
        }
        for (name, text) in [("s.json", "[]"), ("s.json", "{"), ("s.toml", "quorum"), ("s.yaml", "- 1")] {
            assert!(settings_text(name.as_ref(), text).is_err(), "{name} {text}");
        }
    }
}
