//! Building a policy in Python: componentize-py puts it into CPython.

use std::{fs, path::Path};

use plimsoll_core::ports::FailureClass;

use super::tool::{self, Tool};
use crate::failure::Failure;

const GET: &str = "install Python 3.10 or newer with venv and pip: https://www.python.org, or Debian's package python3-venv";
/// Where the programs of a virtual environment are.
const PROGRAMS: &str = if cfg!(windows) { ".venv/Scripts" } else { ".venv/bin" };
/// A copy of what was installed.
const INSTALLED: &str = ".venv/requirements.txt";

/// Installs what `requirements.txt` names, where that is not done yet, builds, and returns the component.
pub(super) fn component(folder: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    install(folder)?;
    tell!("building {name} with componentize-py; it takes a while");
    let python = program(folder, "componentize-py");
    let componentize = Tool::new(&python, "remove the folder .venv and build again");
    // The types of the contract, for unit tests and editors. It does not write over the older ones.
    let bindings = folder.join("bindings");
    if bindings.is_dir() {
        fs::remove_dir_all(&bindings).map_err(|error| {
            Failure::new(FailureClass::Outside, format!("cannot remove {}: {error}", bindings.display()))
        })?;
    }
    componentize.run(folder, &["--wit-path=wit", "bindings", "bindings"])?;
    let output = tool::output(folder, name)?;
    // With traps in place of WASI. The seed of hashes is that of the build, the same for every question.
    componentize.run(
        folder,
        &["--quiet", "--wit-path=wit", "componentize", "--stub-wasi", "--output", &output, "policy"],
    )?;
    tool::read(folder, &output)
}

fn install(folder: &Path) -> Result<(), Failure> {
    let wanted = tool::read(folder, "requirements.txt")?;
    if fs::read(folder.join(INSTALLED)).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    tell!("installing componentize-py with pip into .venv");
    let python = if cfg!(windows) { "python" } else { "python3" };
    Tool::new(python, GET).run(folder, &["-m", "venv", "--clear", ".venv"])?;
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
    let path = folder.join(PROGRAMS).join(name);
    std::path::absolute(&path).unwrap_or(path).display().to_string()
}
