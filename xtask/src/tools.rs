//! Programs of others that the tests compare with, and that no Debian release has: built from their sources once, and kept by
//! version in the user's cache folder, where other checkouts find them too.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::step::{Failed, built, cargo, find, line, run};

/// A program of others.
struct Tool {
    name: &'static str,
    version: &'static str,
    /// The command that builds this version into the part `bin` of a folder; nothing where that cannot be done.
    build: fn(&str, &Path) -> Option<Command>,
    /// What is needed to build it.
    needs: &'static str,
}

const TOOLS: [Tool; 2] = [
    Tool { name: "cosign", version: "3.1.3", build: cosign, needs: "Go" },
    Tool { name: "wkg", version: "0.16.1", build: wkg, needs: "cargo" },
];

/// Builds what is missing; answers the search path with all of it. What cannot be built is said: the tests that need it will
/// be reported as skipped.
pub(crate) fn install_missing() -> Result<OsString, Failed> {
    let mut folders = with_versions_of_their_own()?;
    let path = env::var_os("PATH").unwrap_or_default();
    let Some(cache) = cache() else {
        eprintln!("xtask: there is no home folder to keep programs in");
        return Ok(path);
    };
    for tool in &TOOLS {
        let folder = cache.join(format!("{}-{}", tool.name, tool.version));
        let bin = folder.join("bin");
        if !bin.join(tool.name).is_file() {
            eprintln!(
                "xtask: {} {} is missing: building, which takes some minutes once",
                tool.name, tool.version
            );
            let built = (tool.build)(tool.version, &folder).map(|mut command| run(&mut command));
            if !matches!(built, Some(Ok(()))) {
                if let Some(Err(Failed::Start(message))) = built {
                    eprintln!("xtask: {message}");
                }
                eprintln!(
                    "xtask: {} was not built, which needs {} and its registry; tests that need it will be reported as skipped.",
                    tool.name, tool.needs
                );
            }
        }
        folders.push(bin);
    }
    folders.extend(env::split_paths(&path));
    Ok(env::join_paths(folders).unwrap_or(path))
}

/// The folders of programs whose versions `tests/support` knows, and which it builds itself.
fn with_versions_of_their_own() -> Result<Vec<PathBuf>, Failed> {
    let mut command = Command::new(built("tools")?);
    // What it says on the way is for people.
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output =
        output.map_err(|error| Failed::Start(format!("`{}` could not be run: {error}", line(&command))))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(PathBuf::from).collect())
}

/// Where the programs are kept (XDG Base Directory Specification).
fn cache() -> Option<PathBuf> {
    let user = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    Some(user.or_else(home)?.join("plimsoll-tests/tools"))
}

fn cosign(version: &str, folder: &Path) -> Option<Command> {
    let mut command = Command::new(find("go")?);
    command
        .args(["install", "-trimpath", "-ldflags=-s -w"])
        .arg(format!("github.com/sigstore/cosign/v3/cmd/cosign@v{version}"))
        .env("GOBIN", folder.join("bin"));
    Some(command)
}

fn wkg(version: &str, folder: &Path) -> Option<Command> {
    // A build without optimisation: it runs for seconds and would compile for minutes more.
    let mut command = cargo(&["install", "wkg", "--locked", "--debug", "--quiet"]);
    command
        .arg(format!("--version={version}"))
        .arg("--root")
        .arg(folder)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env_remove("CARGO_TARGET_DIR");
    Some(command)
}
