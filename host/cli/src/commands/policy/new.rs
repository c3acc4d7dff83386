//! `plimsoll policy new`

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use plimsoll_core::ports::FailureClass;
use serde_json::json;

use super::scaffold;
use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, PLAIN, STRONG},
    session::Session,
};

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
    /// Rust: the smallest and fastest.
    #[default]
    Rust,
    /// JavaScript.
    Javascript,
    /// Python.
    Python,
    /// Go.
    Go,
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
        return Err(Failure::new(FailureClass::User, message).hint(NAMES));
    }
    if scaffold::VENDORED.contains(&name.as_str()) {
        let message = format!("`{name}` is the name of a package that new projects come with");
        return Err(Failure::new(FailureClass::User, message).hint("take another name"));
    }
    let folder = arguments.path.clone().unwrap_or_else(|| PathBuf::from(name));
    let is_empty = fs::read_dir(&folder).map(|mut entries| entries.next().is_none());
    if folder.exists() && !is_empty.unwrap_or(false) {
        let message = format!("{} is there already, and not empty", folder.display());
        return Err(Failure::new(FailureClass::User, message).hint("name another folder with --path"));
    }
    for (path, content) in scaffold::own_files(name, arguments.lang, arguments.kind) {
        write(&folder.join(path), content.as_bytes())?;
    }
    for (path, content) in scaffold::vendored_files(arguments.lang) {
        write(&folder.join(path), content)?;
    }
    if session.format == Format::Json {
        output::json(&json!({ "name": name, "folder": folder }))?;
    } else {
        say!("{STRONG}{}{PLAIN} is a policy to begin with", folder.display());
        say!("  cd {}", folder.display());
        say!("  plimsoll policy build    # makes {name}.wasm");
        say!("  plimsoll policy test     # runs its cases");
        say!("  plimsoll policy fuzz     # tries to break its invariants");
    }
    Ok(Ending::Done)
}

/// What [`is_name`] wants.
pub(super) const NAMES: &str =
    "begin with a small letter; go on with small letters, digits and single hyphens, 48 at most";

/// A name that is good for a package of any language, a file and a policy.
pub(super) fn is_name(name: &str) -> bool {
    let well = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 48
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(well)
        && !name.ends_with('-')
        && !name.contains("--")
}

fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, content));
    written.map_err(|error| {
        Failure::new(FailureClass::Outside, format!("cannot write {}: {error}", path.display()))
    })
}
