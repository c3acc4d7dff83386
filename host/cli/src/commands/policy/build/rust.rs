//! Building a policy in Rust.

use std::path::{Path, PathBuf};

use plimsoll_componentize::{Build, ComponentizeError, Package};
use plimsoll_core::ports::FailureClass;

use crate::{failure::Failure, session::Session};

/// Builds the package with cargo, and returns its component.
pub(super) fn component(session: &Session, folder: &Path, package: &str) -> Result<Vec<u8>, Failure> {
    let home = || session.world.variable("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let build = Build {
        cargo: PathBuf::from(session.world.variable("CARGO").unwrap_or_else(|| "cargo".to_owned())),
        manifest: folder.join("Cargo.toml"),
        // Where cargo itself would build.
        target_directory: session
            .world
            .variable("CARGO_TARGET_DIR")
            .map_or_else(|| folder.join("target"), PathBuf::from),
        cargo_home: session.world.variable("CARGO_HOME").map(PathBuf::from).or_else(home),
    };
    tell!("building {package} with cargo; the first time takes a minute");
    build.component(Package::new(package)).map(|component| component.bytes).map_err(|error| failed(&error))
}

fn failed(error: &ComponentizeError) -> Failure {
    let failure = Failure::new(FailureClass::User, error.to_string());
    match error {
        ComponentizeError::NoCargo { .. } => failure.hint("install Rust with rustup: https://rustup.rs"),
        ComponentizeError::TargetMissing => failure.hint("rustup target add wasm32-unknown-unknown"),
        _ => failure,
    }
}
