//! `plimsoll-componentize`: builds a policy crate, in the folder where it is run, into a component.

#![expect(clippy::print_stderr, reason = "a command for people")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use plimsoll_componentize::{Build, Package};

const USAGE: &str = "\
Usage: plimsoll-componentize PACKAGE FILE

Builds the policy crate PACKAGE of the cargo workspace in this folder, and writes it to FILE as a component. The
workspace has to define the profile `policy`, and the target wasm32-unknown-unknown has to be installed.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [package, file] = arguments.as_slice() else {
        eprint!("{USAGE}");
        return ExitCode::from(64);
    };
    match write(package, Path::new(file)) {
        Ok(size) => {
            eprintln!("wrote {file}, {size} bytes");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Builds a package into a file and its folder, and returns the component's size.
fn write(package: &str, file: &Path) -> Result<usize, String> {
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let build = Build {
        // Which cargo is in use, where cargo itself runs this.
        cargo: env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from),
        manifest: PathBuf::from("Cargo.toml"),
        target_directory: PathBuf::from("target/policies"),
        cargo_home: env::var_os("CARGO_HOME").map(PathBuf::from).or(home),
    };
    let component = build.component(Package::new(package)).map_err(|error| error.to_string())?;
    let written =
        file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(file, &component.bytes));
    written.map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    Ok(component.bytes.len())
}
