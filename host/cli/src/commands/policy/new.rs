//! `plimsoll policy new`

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use plimsoll_core::ports::FailureClass;
use serde_json::json;

use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, PLAIN, STRONG},
    session::Session,
};

/// The SDK's sources and the contract, by their paths in a project's folder `vendor`.
const VENDORED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/vendored.rs"));

#[derive(Debug, Clone, Args)]
pub(crate) struct NewArguments {
    /// The policy's name: small letters, digits and hyphens.
    name: String,
    /// The language that it is written in.
    #[arg(long, value_enum, default_value_t)]
    lang: Language,
    /// The questions that it answers.
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
    /// The folder that is made; by default one of the policy's name.
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust.
    #[default]
    Rust,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Which tags does the image get?
    Tagging,
    /// May it enter the environment?
    #[default]
    Promotion,
    /// Both.
    Both,
}

pub(crate) fn run(session: &Session, arguments: &NewArguments) -> Result<Ending, Failure> {
    let name = &arguments.name;
    if !is_name(name) {
        let message = format!("`{name}` cannot be a policy's name");
        return Err(Failure::new(FailureClass::User, message).hint(
            "begin with a small letter; go on with small letters, digits and single hyphens, 48 at most",
        ));
    }
    let folder = arguments.path.clone().unwrap_or_else(|| PathBuf::from(name));
    let is_empty = fs::read_dir(&folder).map(|mut entries| entries.next().is_none());
    if folder.exists() && !is_empty.unwrap_or(false) {
        let message = format!("{} is there already, and not empty", folder.display());
        return Err(Failure::new(FailureClass::User, message).hint("name another folder with --path"));
    }
    let Language::Rust = arguments.lang;
    for (path, content) in project(name, arguments.kind) {
        write(&folder.join(path), content.as_bytes())?;
    }
    for (path, content) in VENDORED {
        write(&folder.join("vendor").join(path), content)?;
    }
    if session.format == Format::Json {
        output::json(&json!({ "name": name, "folder": folder }))?;
    } else {
        say!("{STRONG}{}{PLAIN} is a policy to begin with", folder.display());
        say!("  cd {}", folder.display());
        say!("  plimsoll policy build    # makes {name}.wasm");
        say!("  plimsoll policy test     # runs its cases");
        say!("  plimsoll policy fuzz     # tries to break its invariant");
    }
    Ok(Ending::Done)
}

/// A name that is good for a crate, a file and a policy.
fn is_name(name: &str) -> bool {
    let well = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 48
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(well)
        && !name.ends_with('-')
        && !name.contains("--")
}

/// The project's own files.
fn project(name: &str, kind: Kind) -> Vec<(&'static str, String)> {
    let (source, cases) = match kind {
        Kind::Promotion => (
            include_str!("../../../scaffolds/rust/promotion.rs.in"),
            include_str!("../../../scaffolds/rust/promotion.toml.in"),
        ),
        Kind::Tagging => (
            include_str!("../../../scaffolds/rust/tagging.rs.in"),
            include_str!("../../../scaffolds/rust/tagging.toml.in"),
        ),
        Kind::Both => (
            include_str!("../../../scaffolds/rust/both.rs.in"),
            include_str!("../../../scaffolds/rust/both.toml.in"),
        ),
    };
    let files = [
        ("Cargo.toml", include_str!("../../../scaffolds/rust/Cargo.toml.in")),
        ("README.md", include_str!("../../../scaffolds/rust/README.md.in")),
        (".gitignore", include_str!("../../../scaffolds/rust/gitignore.in")),
        ("vendor/plimsoll/sdk/Cargo.toml", include_str!("../../../scaffolds/rust/sdk.toml.in")),
        ("src/lib.rs", source),
        ("cases.toml", cases),
    ];
    let filled = |text: &str| {
        text.replace("{name}", name)
            .replace("{type}", &type_name(name))
            .replace("{version}", env!("CARGO_PKG_VERSION"))
    };
    files.into_iter().map(|(path, text)| (path, filled(text))).collect()
}

/// `branch-gate` as `BranchGate`; a word that the template uses itself gets an ending.
fn type_name(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    let camel: String = name.split('-').map(capital).collect();
    format!("{camel}Policy")
}

fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, content));
    written.map_err(|error| {
        Failure::new(FailureClass::Outside, format!("cannot write {}: {error}", path.display()))
    })
}
