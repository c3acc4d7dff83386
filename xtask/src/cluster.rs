//! The Kubernetes control plane of the tests: its programs, and one of it for people. What it is made of, and how, is known to
//! the program `cluster` of `tests/support`.

use std::{env, os::unix::process::CommandExt as _, path::PathBuf, process::Command};

use crate::step::{Failed, cargo, line, run};

/// Runs a control plane until this process is ended: it becomes that program, so whatever ends the one ends the other.
pub(crate) fn cluster(arguments: &[String]) -> Result<(), Failed> {
    let mut command = Command::new(program()?);
    let error = command.args(arguments).exec();
    Err(Failed::Start(format!("`{}` could not be run: {error}", line(&command))))
}

/// Builds the programs of a control plane where they are missing; the folder that they are in. What cannot be built is said:
/// the tests that need it will be reported as skipped.
pub(crate) fn install_missing() -> Result<Option<PathBuf>, Failed> {
    let mut command = Command::new(program()?);
    eprintln!(
        "xtask: where the programs of a Kubernetes cluster are missing, building them takes some 20 minutes once"
    );
    // Only the last word is the answer; what it says on the way is for people.
    let output = command.arg("build").stderr(std::process::Stdio::inherit()).output();
    let output =
        output.map_err(|error| Failed::Start(format!("`{}` could not be run: {error}", line(&command))))?;
    if !output.status.success() {
        eprintln!("xtask: tests that need a Kubernetes cluster will be reported as skipped.");
        return Ok(None);
    }
    Ok(Some(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())))
}

/// Builds the program, with the features of the whole workspace, as the tests are built.
fn program() -> Result<PathBuf, Failed> {
    run(&mut cargo(&["build", "--quiet", "--workspace", "--bin", "cluster"]))?;
    // It lies beside this program.
    let own = env::current_exe().map_err(|error| Failed::Start(format!("where is xtask itself? {error}")))?;
    Ok(own.with_file_name(format!("cluster{}", env::consts::EXE_SUFFIX)))
}
