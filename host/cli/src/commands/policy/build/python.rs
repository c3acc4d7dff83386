//! Building a policy in Python: componentize-py puts it into CPython.

use std::{fs, io, path::Path};

use plimsoll_core::ports::FailureClass;

use super::tool::{self, Tool};
use crate::failure::Failure;

const GET: &str = "install Python 3.10 or newer with venv and pip: https://www.python.org, or Debian's package python3-venv";
/// The virtual environment. All that a build makes, and all that it removes, is in `build`: the rest is the author's.
const ENVIRONMENT: &str = "build/venv";
/// Where the programs of a virtual environment are.
const PROGRAMS: &str = if cfg!(windows) { "Scripts" } else { "bin" };
/// A copy of what was installed.
const INSTALLED: &str = "build/venv/requirements.txt";
/// The types of the contract, for unit tests and editors.
const BINDINGS: &str = "build/bindings";
/// Where they are made.
const NEW_BINDINGS: &str = "build/bindings.new";

/// Installs what `requirements.txt` names, where that is not done yet, builds, and returns the component.
pub(super) fn component(folder: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let output = tool::output(folder, name)?;
    install(folder)?;
    tell!("building {name} with componentize-py; it takes a while");
    let python = program(folder, "componentize-py");
    let again = format!("remove the folder {ENVIRONMENT} and build again");
    let componentize = Tool::new(&python, &again);
    // It does not write over older ones.
    remove(&folder.join(NEW_BINDINGS))?;
    componentize.run(folder, &["--wit-path=wit", "bindings", NEW_BINDINGS])?;
    remove(&folder.join(BINDINGS))?;
    fs::rename(folder.join(NEW_BINDINGS), folder.join(BINDINGS))
        .map_err(|error| Failure::new(FailureClass::Outside, format!("cannot make {BINDINGS}: {error}")))?;
    // With traps in place of WASI. The seed of hashes is that of the build, the same for every question.
    componentize.run(
        folder,
        &["--quiet", "--wit-path=wit", "componentize", "--stub-wasi", "--output", &output, "policy"],
    )?;
    tool::read(folder, &output)
}

/// Removes a folder that an earlier build made.
fn remove(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::new(FailureClass::Outside, format!("cannot remove {}: {error}", folder.display())))
        }
        _ => Ok(()),
    }
}

fn install(folder: &Path) -> Result<(), Failure> {
    let wanted = tool::read(folder, "requirements.txt")?;
    if fs::read(folder.join(INSTALLED)).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    tell!("installing componentize-py with pip into {ENVIRONMENT}");
    let python = if cfg!(windows) { "python" } else { "python3" };
    Tool::new(python, GET).run(folder, &["-m", "venv", ENVIRONMENT])?;
    let python = program(folder, "python");
    Tool::new(&python, GET).run(
        folder,
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
            "requirements.txt",
        ],
    )?;
    fs::write(folder.join(INSTALLED), wanted)
        .map_err(|error| Failure::new(FailureClass::Outside, format!("cannot write {INSTALLED}: {error}")))
}

/// The path of a program of the virtual environment. It is run in the project's folder, so a relative one would not do.
fn program(folder: &Path, name: &str) -> String {
    let path = folder.join(ENVIRONMENT).join(PROGRAMS).join(name);
    std::path::absolute(&path).unwrap_or(path).display().to_string()
}
