//! What a test needs and not every machine has.

use std::{
    env,
    ffi::OsString,
    fmt,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use crate::{buildx, cluster, engine, nginx, postgres, reference};

/// Something from outside the project that a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Debian's registry: `docker-registry`.
    Registry,
    /// A Docker engine: one that runs, or the right and the programs to start one.
    Docker,
    /// BuildKit, and the right to start it.
    BuildKit,
    /// The Docker engine of Debian's next release, and the right to start it.
    LaterDocker,
    /// BuildKit and buildx with the Docker client, and the right to start it.
    Buildx,
    /// `buildah`, and the right to use it.
    Buildah,
    /// `skopeo`.
    Skopeo,
    /// `git`.
    Git,
    /// `openssl`.
    Openssl,
    /// `go`, and modules from its proxy.
    Go,
    /// Go 1.24 or newer, which makes WebAssembly libraries.
    GoForPolicies,
    /// `cosign`.
    Cosign,
    /// `wkg`.
    Wkg,
    /// `node` with `npm`, and packages from its registry.
    Node,
    /// `python3` with venv and pip, and packages from PyPI.
    Python,
    /// PostgreSQL's server, and a user that may run it.
    Postgres,
    /// Debian's package manager with its lists, for the nginx base image.
    NginxBase,
    /// A Kubernetes control plane: one that is named, or the programs to start one.
    Cluster,
    /// `helm`.
    Helm,
}

/// Why a test was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// The test's name.
    pub test: String,
    /// What is missing, and how to get it.
    pub reason: String,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "skipped {}: {}", self.test, self.reason)
    }
}

/// The first requirement that this machine does not meet. Tests use [`require!`](crate::require).
#[must_use]
pub fn missing(requirements: &[Requirement]) -> Option<Skip> {
    let reason = requirements.iter().find_map(|requirement| requirement.obstacle())?;
    Some(Skip { test: thread::current().name().unwrap_or("a test").to_owned(), reason })
}

/// Says on standard error that a test was skipped, past the test runner, which shows only what failing tests print.
///
/// # Panics
/// This is CI (`CI=true`), where nothing may be missing.
#[track_caller]
pub fn report(skip: &Skip) {
    assert!(!in_ci(), "{skip}\nIn CI nothing may be skipped.");
    // Without a standard error there is nobody to tell.
    let _ = writeln!(io::stderr(), "{skip}");
}

impl Requirement {
    /// What stands in the way, as a sentence; nothing when the requirement is met.
    fn obstacle(self) -> Option<String> {
        match self {
            Self::Registry => program("docker-registry"),
            Self::Docker => engine::obstacle(),
            Self::BuildKit => reference::buildkit_obstacle(),
            Self::LaterDocker => reference::docker_obstacle(),
            Self::Buildx => buildx::obstacle(),
            Self::Buildah => {
                program("buildah").or_else(|| (!is_root()).then(|| "buildah needs root here".to_owned()))
            }
            Self::Skopeo => program("skopeo"),
            Self::Git => program("git"),
            Self::Openssl => program("openssl"),
            Self::Go => find_program("go")
                .is_none()
                .then(|| "there is no `go`; see https://go.dev/doc/install".to_owned()),
            Self::GoForPolicies => go_obstacle(),
            Self::Cosign => program("cosign"),
            Self::Wkg => program("wkg"),
            Self::Node => program("node").or_else(|| program("npm")),
            Self::Python => python_obstacle().or_else(|| program("pip3")),
            Self::Postgres => postgres::obstacle(),
            Self::NginxBase => nginx::obstacle(),
            Self::Cluster => cluster::obstacle(),
            Self::Helm => program("helm"),
        }
    }
}

/// Debian 12 has Go 1.19, so no package is of help.
fn go_obstacle() -> Option<String> {
    let printed = find_program("go").and_then(|go| Command::new(go).args(["env", "GOVERSION"]).output().ok());
    let version = printed.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let is_enough = |version: &String| {
        let minor = version.strip_prefix("go1.").and_then(|rest| rest.get(..2)?.parse::<u32>().ok());
        minor.is_some_and(|minor| minor >= 24)
    };
    let found = version.clone().unwrap_or_else(|| "no `go`".to_owned());
    (!version.is_some_and(|version| is_enough(&version))).then(|| {
        format!("policies in Go need 1.24 or newer, and here is {found}; see https://go.dev/doc/install")
    })
}

fn python_obstacle() -> Option<String> {
    let python = find_program("python3");
    let has_venv = |python| Command::new(python).args(["-c", "import venv, ensurepip"]).output();
    let is_there = python.is_some_and(|python| has_venv(python).is_ok_and(|output| output.status.success()));
    (!is_there).then(|| {
        "there is no `python3` with venv; `cargo xtask test` installs python3-venv where it can".to_owned()
    })
}

/// What to say when a program is missing.
pub(crate) fn program(name: &str) -> Option<String> {
    find_program(name)
        .is_none()
        .then(|| format!("there is no `{name}`; `cargo xtask test` installs it where it can"))
}

/// A program on [`search_path`].
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    env::split_paths(&search_path()).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

/// Where a program is. Its name has to do where it is missing, for the message of whoever wants to run it.
pub(crate) fn located(name: &str) -> PathBuf {
    find_program(name).unwrap_or_else(|| PathBuf::from(name))
}

/// The search path, the folders of system programs that it may leave out, and those of the programs that were built from their
/// sources. These come first where they are: their versions go together.
pub(crate) fn search_path() -> OsString {
    let mut path = cluster::TOOLS.bin().into_os_string();
    path.push(":");
    path.push(buildx::TOOLS.bin());
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    path.push(":/usr/local/sbin:/usr/sbin:/sbin");
    path
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    Path::new("/proc/self").metadata().is_ok_and(|process| process.uid() == 0)
}

fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named() {
        let obstacle = program("no-such-program-anywhere").expect("it is missing");
        assert!(obstacle.contains("no-such-program-anywhere"), "{obstacle}");
        assert_eq!(program("sh"), None);
    }
}
