//! Building a policy in Go: the ordinary toolchain makes a module for WASI, which is cut off from it.

use std::path::Path;

use plimsoll_core::ports::FailureClass;

use super::tool::{self, Tool};
use crate::failure::Failure;

/// The first minor version of Go 1 that exports functions of a WebAssembly library.
const FIRST: u32 = 24;
const GET: &str = "install Go 1.24 or newer: https://go.dev/dl (Debian 12's package golang is too old)";

/// Builds the module, and returns its component.
pub(super) fn component(folder: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let go = Tool::new("go", GET);
    let version = go.run(folder, &["env", "GOVERSION"])?;
    let version = version.trim();
    if minor(version).is_some_and(|minor| minor < FIRST) {
        let message = format!("this is {version}, and policies need Go 1.{FIRST} or newer");
        return Err(Failure::new(FailureClass::User, message).hint(GET));
    }
    tell!("building {name} with {version}");
    let output = tool::output(folder, name)?;
    // A library rather than a program: its functions are called, and `main` is not. Nothing in it names this machine.
    go.variables(&[("GOOS", "wasip1"), ("GOARCH", "wasm"), ("CGO_ENABLED", "0")]).run(
        folder,
        &[
            "build",
            "-buildmode=c-shared",
            "-buildvcs=false",
            "-trimpath",
            "-ldflags=-s -w",
            "-o",
            &output,
            ".",
        ],
    )?;
    let module = tool::read(folder, &output)?;
    plimsoll_componentize::encode_with_world(&module, &folder.join("wit")).map_err(|error| {
        Failure::new(FailureClass::User, format!("{name} makes no component: {error}")).hint(
            "wit/world.wit has to import every capability that the policy calls, and export what it answers",
        )
    })
}

/// 26 of `go1.26.8`. A version of another form, such as of a development tree, is taken as new enough.
fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix("go1.")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        for (version, expected) in
            [("go1.26.8", Some(26)), ("go1.24rc1", Some(24)), ("go1.19", Some(19)), ("devel go1.27", None)]
        {
            assert_eq!(minor(version), expected, "{version}");
        }
    }
}
