//! `plimsoll policy build`

mod go;
mod javascript;
mod project;
mod python;
mod rust;
mod tool;

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use plimsoll_app::policies;
use plimsoll_core::ports::FailureClass;
use plimsoll_harness::question::Question;
use serde_json::json;

use project::Project;

use super::{new::Language, suites::open};
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
    let folder = &arguments.folder;
    let Project { language, name } = Project::find(folder)?;
    let component = match language {
        Language::Rust => rust::component(session, folder, &name)?,
        Language::Javascript => javascript::component(folder, &name)?,
        Language::Python => python::component(folder, &name)?,
        Language::Go => go::component(folder, &name)?,
    };
    let file = arguments.output.clone().unwrap_or_else(|| folder.join(format!("{name}.wasm")));
    finish(session, &file, component)
}

/// Writes a fresh component, in whatever language its policy is: with the description that it gives of itself, and opened
/// as a release would open it, so that one that does not work is told now.
fn finish(session: &Session, file: &Path, component: Vec<u8>) -> Result<Ending, Failure> {
    let cache = session.policy_source()?.cache;
    let described = policies::with_description(cache.as_deref(), &file.display().to_string(), component)?;
    fs::write(file, &described).map_err(|error| {
        Failure::new(FailureClass::Outside, format!("cannot write {}: {error}", file.display()))
    })?;
    report(session, file, described.len())
}

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
