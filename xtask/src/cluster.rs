//! The Kubernetes control plane of the tests, for people. What it is made of, and how, is known to the program `cluster` of
//! `tests/support`.

use std::{os::unix::process::CommandExt as _, process::Command};

use crate::step::{Failed, built, line};

/// Runs a control plane until this process is ended: it becomes that program, so whatever ends the one ends the other.
pub(crate) fn cluster(arguments: &[String]) -> Result<(), Failed> {
    let mut command = Command::new(built("cluster")?);
    let error = command.args(arguments).exec();
    Err(Failed::Start(format!("`{}` could not be run: {error}", line(&command))))
}
