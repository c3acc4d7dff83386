//! Evidence out of files that other tools wrote.

use std::path::Path;

use plimsoll_core::ports::{Checked, FailureClass, PortFailure};

pub use plimsoll_checks::evidence::{Format, Level};

/// Takes the result out of a file. Without a format its content tells which one it is; `threshold` is the level of SARIF
/// from which a finding counts as a failure.
///
/// # Errors
/// The file cannot be read, or is not in the format.
pub fn from_file(file: &Path, format: Option<Format>, threshold: Level) -> Result<Checked, PortFailure> {
    let name = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|error| {
        PortFailure::new(FailureClass::User, format!("the file {name} cannot be read: {error}"))
            .hint("see that the file is there and readable")
    })?;
    plimsoll_checks::evidence::read(&name, &bytes, format, threshold).map_err(|error| {
        PortFailure::new(FailureClass::User, error)
            .hint("SARIF 2.1.0, JUnit XML and a JSON object with `outcome` are understood")
    })
}
