//! Programs of other toolchains, and what they leave in a project's folder.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use plimsoll_core::ports::FailureClass;

use crate::failure::Failure;

/// The folder of a project for what is made on the way.
const BUILD: &str = "build";

/// A program that a build runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tool<'a> {
    program: &'a str,
    /// How to get it.
    get: &'a str,
    variables: &'a [(&'a str, &'a str)],
}

impl<'a> Tool<'a> {
    pub(super) const fn new(program: &'a str, get: &'a str) -> Self {
        Self { program, get, variables: &[] }
    }

    /// Sets environment variables.
    pub(super) const fn variables(self, variables: &'a [(&'a str, &'a str)]) -> Self {
        Self { variables, ..self }
    }

    /// Runs it in a folder, and returns what it prints. What it says is shown when it fails.
    pub(super) fn run(&self, folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new(self.program);
        command.args(arguments).current_dir(folder).stdin(Stdio::null());
        command.envs(self.variables.iter().copied());
        let output = command.output().map_err(|error| self.not_started(folder, &error))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        let complaint = String::from_utf8_lossy(&output.stderr);
        let line = [&[self.program], arguments].concat().join(" ");
        let message = format!("`{line}` failed in {}:\n{}{}", folder.display(), said, complaint.trim_end());
        let failure = Failure::new(FailureClass::User, message);
        // Debian's Python without the package for virtual environments says so in its own words.
        Err(if complaint.contains("ensurepip") || said.contains("ensurepip") {
            failure.hint(self.get)
        } else {
            failure
        })
    }

    fn not_started(&self, folder: &Path, error: &io::Error) -> Failure {
        if error.kind() == io::ErrorKind::NotFound && folder.is_dir() {
            return Failure::new(FailureClass::User, format!("there is no `{}` here", self.program))
                .hint(self.get);
        }
        Failure::new(FailureClass::Outside, format!("cannot start `{}`: {error}", self.program))
    }
}

/// The file that a component, or the module for one, is built to, relative to the project's folder.
pub(super) fn output(folder: &Path, name: &str) -> Result<String, Failure> {
    let build = folder.join(BUILD);
    fs::create_dir_all(&build).map_err(|error| {
        Failure::new(FailureClass::Outside, format!("cannot make {}: {error}", build.display()))
    })?;
    Ok(format!("{BUILD}/{name}.wasm"))
}

/// Reads a file of a project.
pub(super) fn read(folder: &Path, file: &str) -> Result<Vec<u8>, Failure> {
    let path = folder.join(file);
    fs::read(&path).map_err(|error| {
        Failure::new(FailureClass::Outside, format!("cannot read {}: {error}", path.display()))
    })
}

/// Whether a file was changed after another one was, or the other one is not there.
pub(super) fn is_newer(file: &Path, other: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    changed(other).is_none_or(|other| changed(file).is_some_and(|file| file > other))
}
