//! Programs of others that the tests compare with, and that this Debian release does not have: built from their sources or
//! fetched from a later release once, and kept by version in the user's cache folder, where other checkouts find them too.

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
    /// Its programs, all of which are there when it is.
    programs: &'static [&'static str],
    /// The command that brings this version into the part `bin` of a folder; nothing where that cannot be done.
    build: fn(&str, &Path) -> Option<Command>,
    /// What is needed to get it.
    needs: &'static str,
}

const TOOLS: [Tool; 3] = [
    Tool { name: "cosign", version: "3.1.3", programs: &["cosign"], build: cosign, needs: "Go" },
    Tool { name: "wkg", version: "0.16.1", programs: &["wkg"], build: wkg, needs: "cargo" },
    // Under names of their own, for the engine of this Debian release is in use, too.
    Tool {
        name: "docker",
        version: "26.1.5",
        programs: &["docker-buildx-26", "dockerd-26"],
        build: docker,
        needs: "apt-get",
    },
];

/// Fetches Debian's next engine, with lists of packages of its own, and unpacks it. Arguments: the version, the folder.
const DOCKER: &str = r#"
set -eu
folder=$(realpath --canonicalize-missing "$2")
rm -rf "$folder"
mkdir -p "$folder/bin" "$folder/apt/lists/partial" "$folder/apt/archives/partial"
cd "$folder/apt"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" >sources.list
ask() {
    apt-get --quiet --option Acquire::Retries=3 --option APT::Sandbox::User=root --option Dir::Etc::SourceParts=- \
        --option Dir::Etc::SourceList="$PWD/sources.list" --option Dir::State::Lists="$PWD/lists" \
        --option Dir::State::Status=/dev/null --option Dir::Cache="$PWD" "$@"
}
ask update
ask download docker.io docker-buildx
for package in *.deb; do dpkg-deb --extract "$package" "$folder"; done
cd "$folder"
usr/sbin/dockerd --version | grep --fixed-strings "version $1"
rm -rf apt
ln -s ../usr/libexec/docker/cli-plugins/docker-buildx bin/docker-buildx-26
ln -s ../usr/sbin/dockerd bin/dockerd-26
"#;

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
        if !tool.programs.iter().all(|program| bin.join(program).is_file()) {
            eprintln!(
                "xtask: {} {} is missing: getting it, which takes some minutes once",
                tool.name, tool.version
            );
            let built = (tool.build)(tool.version, &folder).map(|mut command| run(&mut command));
            if !matches!(built, Some(Ok(()))) {
                if let Some(Err(Failed::Start(message))) = built {
                    eprintln!("xtask: {message}");
                }
                eprintln!(
                    "xtask: {} could not be had, which needs {} and its registry; tests that need it will be reported as skipped.",
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

fn docker(version: &str, folder: &Path) -> Option<Command> {
    let _ = find("apt-get")?;
    let mut command = Command::new("sh");
    command.args(["-c", DOCKER, "docker", version]).arg(folder);
    Some(command)
}
