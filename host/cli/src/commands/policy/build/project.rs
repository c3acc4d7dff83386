//! What a folder holds: a policy's name and language, by the file that its toolchain looks for.

use std::{fs, path::Path};

use plimsoll_core::ports::FailureClass;
use serde_json::Value;

use super::super::new::Language;
use crate::failure::Failure;

/// The file by which each language is known.
const MANIFESTS: [(&str, Language); 4] = [
    ("Cargo.toml", Language::Rust),
    ("go.mod", Language::Go),
    ("pyproject.toml", Language::Python),
    ("package.json", Language::Javascript),
];

/// A policy's project.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) language: Language,
    pub(super) name: String,
}

impl Project {
    /// Reads what the folder holds.
    pub(super) fn find(folder: &Path) -> Result<Self, Failure> {
        let there = MANIFESTS.into_iter().find(|(file, _)| folder.join(file).is_file());
        let Some((file, language)) = there else {
            let files = MANIFESTS.map(|(file, _)| file).join(", ");
            let message = format!("{} holds no policy: none of {files} is there", folder.display());
            return Err(Failure::new(FailureClass::User, message)
                .hint("name the folder of a policy; `plimsoll policy new` makes one"));
        };
        let manifest = folder.join(file);
        let text = fs::read_to_string(&manifest).map_err(|error| {
            Failure::new(FailureClass::User, format!("cannot read {}: {error}", manifest.display()))
        })?;
        let name = match language {
            Language::Rust => in_toml(&manifest, &text, "package"),
            Language::Python => in_toml(&manifest, &text, "project"),
            Language::Javascript => {
                serde_json::from_str(&text).ok().and_then(|manifest: Value| text_of(&manifest["name"]))
            }
            Language::Go => {
                text.lines().find_map(|line| Some(line.strip_prefix("module ")?.trim().to_owned()))
            }
        };
        // A scope or a path comes before the name itself.
        let name = name.as_deref().and_then(|name| name.rsplit('/').next()).map(str::to_owned);
        match name {
            Some(name) if !name.is_empty() => Ok(Self { language, name }),
            _ => Err(unnamed(&manifest, language)),
        }
    }
}

/// The name in a table of a TOML file.
fn in_toml(manifest: &Path, text: &str, table: &str) -> Option<String> {
    let json = plimsoll_harness::settings_file::settings_text(manifest, text).ok()?;
    let manifest: Value = serde_json::from_str(&json).ok()?;
    text_of(&manifest[table]["name"])
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn unnamed(manifest: &Path, language: Language) -> Failure {
    let failure = Failure::new(FailureClass::User, format!("{} names no package", manifest.display()));
    if language == Language::Rust {
        return failure.hint("a workspace is built one policy at a time: name the policy's own folder");
    }
    failure.hint("give it the name of the policy")
}
