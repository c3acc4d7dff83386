//! Building a policy in JavaScript: componentize-qjs puts it into QuickJS.

use std::path::Path;

use super::tool::{self, Tool};
use crate::failure::Failure;

const GET: &str =
    "install Node.js 18 or newer, which brings npm: https://nodejs.org, or Debian's packages nodejs and npm";

/// Installs what the lock file names, where that is not done yet, builds, and returns the component.
pub(super) fn component(folder: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let lock = folder.join("package-lock.json");
    // npm keeps its own lock file up to date in there.
    if tool::is_newer(&lock, &folder.join("node_modules/.package-lock.json")) {
        tell!("installing componentize-qjs with npm into node_modules");
        let command = if lock.is_file() { "ci" } else { "install" };
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        Tool::new(npm, GET).run(folder, &[command, "--no-audit", "--no-fund", "--ignore-scripts"])?;
    }
    tell!("building {name} with componentize-qjs");
    let output = tool::output(folder, name)?;
    // Without the asynchronous component model, and with traps in place of WASI.
    let arguments = [
        "node_modules/componentize-qjs/bin/componentize-qjs",
        "--sync",
        "--stub-wasi",
        "--wit=wit",
        "--js=policy.js",
        "--module-root=.",
        "--output",
        &output,
    ];
    Tool::new("node", GET).run(folder, &arguments)?;
    tool::read(folder, &output)
}
