//! `plimsoll policy build`

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use plimsoll_componentize::{Build, ComponentizeError, Package};
use plimsoll_core::ports::FailureClass;
use plimsoll_harness::question::Question;
use serde_json::json;

use super::suites::open;
use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, FAINT, PLAIN, STRONG},
    session::Session,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct BuildArguments {
    /// The policy's folder.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The component; by default beside the sources, under the policy's name.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(session: &Session, arguments: &BuildArguments) -> Result<Ending, Failure> {
    let manifest = arguments.folder.join("Cargo.toml");
    let package = package_name(&manifest)?;
    let home = || session.world.variable("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let build = Build {
        cargo: PathBuf::from(session.world.variable("CARGO").unwrap_or_else(|| "cargo".to_owned())),
        // Where cargo itself would build.
        target_directory: session
            .world
            .variable("CARGO_TARGET_DIR")
            .map_or_else(|| arguments.folder.join("target"), PathBuf::from),
        cargo_home: session.world.variable("CARGO_HOME").map(PathBuf::from).or_else(home),
        manifest,
    };
    tell!("building {package} with cargo; the first time takes a minute");
    let component = build.component(Package::new(&package)).map_err(|error| failed(&error))?;
    let file = arguments.output.clone().unwrap_or_else(|| arguments.folder.join(format!("{package}.wasm")));
    fs::write(&file, &component.bytes).map_err(|error| {
        Failure::new(FailureClass::Outside, format!("cannot write {}: {error}", file.display()))
    })?;
    report(session, &file, component.bytes.len())
}

/// Opens the component as a release would, so that one that does not work is told now.
fn report(session: &Session, file: &Path, size: usize) -> Result<Ending, Failure> {
    let policy = open(session, &file.display().to_string())?;
    let identity = policy.identity();
    let answers: Vec<&str> = Question::of(&policy).into_iter().map(Question::name).collect();
    let wants: Vec<&str> = policy.wants().iter().map(|wanted| wanted.name()).collect();
    if session.format == Format::Json {
        output::json(&json!({
            "file": file, "size": size, "policy": identity, "answers": answers, "wants": wants,
        }))?;
    } else {
        say!("{STRONG}{}{PLAIN} {} {}", file.display(), identity.name, identity.version);
        say!("  answers  {}", answers.join(", "));
        if !wants.is_empty() {
            say!("  wants    grants = [\"{}\"]", wants.join("\", \""));
        }
        say!("  {FAINT}{size} bytes, {}{PLAIN}", identity.digest);
    }
    Ok(Ending::Done)
}

/// The name of the package in a manifest.
fn package_name(manifest: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(manifest).map_err(|error| {
        Failure::new(FailureClass::User, format!("cannot read {}: {error}", manifest.display()))
            .hint("name the folder of a policy that is written in Rust; `plimsoll policy new` makes one")
    })?;
    let name = plimsoll_harness::settings_file::settings_text(manifest, &text)
        .ok()
        .and_then(|json| serde_json::from_str::<serde_json::Value>(&json).ok())
        .and_then(|manifest| manifest["package"]["name"].as_str().map(str::to_owned));
    name.ok_or_else(|| {
        Failure::new(FailureClass::User, format!("{} names no package", manifest.display()))
            .hint("a workspace is built one policy at a time: name the policy's own folder")
    })
}

fn failed(error: &ComponentizeError) -> Failure {
    let failure = Failure::new(FailureClass::User, error.to_string());
    match error {
        ComponentizeError::NoCargo { .. } => failure.hint("install Rust with rustup: https://rustup.rs"),
        ComponentizeError::TargetMissing => failure.hint("rustup target add wasm32-unknown-unknown"),
        _ => failure,
    }
}
