//! The checks that need no test to run: formatting, lints, dependencies, walls.

use crate::{
    step::{Failed, ask, cargo, run},
    toolchain,
};

/// The release of cargo-deny that is installed where there is none.
const CARGO_DENY: &str = "0.20.2";

/// Runs all checks, the quick ones first.
pub(crate) fn check() -> Result<(), Failed> {
    toolchain::add_wasm_target()?;
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    deny()?;
    run(&mut cargo(&["test", "--quiet", "--workspace", "--test", "walls"]))
}

/// Holds the dependencies against `deny.toml`. Security advisories are left to a scheduled job: they change without the
/// project changing, and their database has to be fetched.
fn deny() -> Result<(), Failed> {
    if ask(cargo(&["deny", "--version"]).env_remove("RUSTFLAGS")).is_none() {
        eprintln!("xtask: cargo-deny is missing: installing, which takes some minutes once");
        let version = format!("--version={CARGO_DENY}");
        // A build without optimisation: it runs for seconds and would compile for minutes more.
        let mut install = cargo(&["install", "cargo-deny", "--locked", "--debug", &version]);
        run(install.env_remove("CARGO_TARGET_DIR"))?;
    }
    run(&mut cargo(&["deny", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))
}
