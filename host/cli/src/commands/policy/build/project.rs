//! What a folder holds: a policy's name and language, by the file that its toolchain looks for.

use std::{fs, path::Path};

use plimsoll_core::ports::FailureClass;
use serde_json::Value;

use super::super::new::{self, Language};
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
            Language::Go => go_module(&text),
        };
        // A scope or a path comes before the name itself.
        let written = name.ok_or_else(|| unnamed(&manifest, language))?;
        let name = written.rsplit('/').next().unwrap_or_default().to_owned();
        // It becomes the name of a file.
        if !new::is_name(&name) {
            let message = format!(
                "{} names the package `{written}`, and `{name}` cannot be a policy's name",
                manifest.display()
            );
            let hint = format!("change it there: {}", new::NAMES);
            return Err(Failure::new(FailureClass::User, message).hint(hint));
        }
        Ok(Self { language, name })
    }
}

/// The name in a table of a TOML file.
fn in_toml(manifest: &Path, text: &str, table: &str) -> Option<String> {
    let json = plimsoll_harness::settings_file::settings_text(manifest, text).ok()?;
    let manifest: Value = serde_json::from_str(&json).ok()?;
    text_of(&manifest[table]["name"])
}

/// The path of a Go module, without the version that ends the path of later ones.
fn go_module(text: &str) -> Option<String> {
    let path = text.lines().find_map(|line| {
        let mut words = line.split("//").next()?.split_whitespace();
        (words.next() == Some("module")).then(|| words.next()).flatten()
    })?;
    let path = path.trim_matches(['"', '`']);
    let version = |last: &str| {
        last.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let path = path.rsplit_once('/').filter(|(_, last)| version(last)).map_or(path, |(path, _)| path);
    Some(path.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        fs::write(folder.path().join(file), text).expect("there is room for a file");
        Project::find(folder.path()).map(|project| project.name).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn names_are_read() {
        for (file, text, name) in [
            ("go.mod", "module gate", "gate"),
            ("go.mod", "// one\n\nmodule example.com/contoso/gate // old\n\ngo 1.24\n", "gate"),
            ("go.mod", "module example.com/contoso/gate/v2 // old\n", "gate"),
            ("go.mod", "module\texample.com/contoso/gate\r\n", "gate"),
            ("go.mod", "module \"example.com/gate/v12\"//old", "gate"),
            ("go.mod", "  module  `gate`", "gate"),
            ("go.mod", "module example.com/v2/vault", "vault"),
            ("package.json", r#"{"name": "gate"}"#, "gate"),
            ("package.json", r#"{"name": "@contoso/gate"}"#, "gate"),
            ("pyproject.toml", "[project]\nname = \"gate\"", "gate"),
            ("Cargo.toml", "[package]\nname = \"gate\"", "gate"),
        ] {
            assert_eq!(found(file, text).as_deref(), Ok(name), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_no_file_of_the_folder_is_refused() {
        for (file, text) in [
            ("go.mod", "module example.com/Gate"),
            ("go.mod", "module example.com/gate.v2"),
            ("go.mod", "module example.com/gate/"),
            ("package.json", r#"{"name": ".."}"#),
            ("package.json", r#"{"name": "..\\gate"}"#),
            ("package.json", r#"{"name": ""}"#),
            ("pyproject.toml", "[project]\nname = \"my_gate\""),
            ("Cargo.toml", "[package]\nname = \"my gate\""),
        ] {
            let told = found(file, text).expect_err(text);
            assert!(told.contains("change it there: begin with a small letter"), "{text}: {told}");
        }
        for (file, text) in [("go.mod", "// module gate\nmodules gate"), ("package.json", "{}")] {
            let told = found(file, text).expect_err(text);
            assert!(told.contains("names no package"), "{text}: {told}");
        }
    }
}
