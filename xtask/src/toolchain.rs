//! The Rust toolchain.

use std::{path::Path, process::Command};

use crate::step::{Failed, ask, find, root, run};

/// What policies are compiled to.
const TARGET: &str = "wasm32-unknown-unknown";

/// Adds the target that policies are compiled to, if it is missing.
pub(crate) fn add_wasm_target() -> Result<(), Failed> {
    let sysroot = ask(Command::new("rustc").args(["--print", "sysroot"]).current_dir(root()));
    let installed =
        sysroot.is_some_and(|path| Path::new(&path).join("lib/rustlib").join(TARGET).join("lib").is_dir());
    if installed {
        return Ok(());
    }
    if find("rustup").is_none() {
        return Err(Failed::Start(format!(
            "the standard library for {TARGET} is missing and there is no rustup to add it; install the toolchain with rustup, or your distribution's package of that library"
        )));
    }
    run(Command::new("rustup").args(["target", "add", TARGET]).current_dir(root()))
}
