//! The programs of a control plane and its clients: built from their sources once, and kept by version in the user's cache
//! folder, where other checkouts find them too.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    command::{end, wait},
    requirement::find_program,
    text::shared_cache,
};

/// What is built: its `tool` lines. The versions are in there and nowhere else.
const MODULE: &str = include_str!("../../../cluster/go.mod");

/// The programs, by which it is seen whether the folder is whole.
pub(super) const PROGRAMS: [&str; 7] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl", "helm"];

/// How long a build may take: with cold caches, on two busy cores, it needs a third.
const PATIENCE: Duration = Duration::from_secs(3600);

/// The folder with the programs, whether or not they are built yet.
pub(crate) fn folder() -> PathBuf {
    let version = |module| version(MODULE, module).unwrap_or("unknown");
    shared_cache().join("tools").join(format!(
        "kubernetes-{}-etcd-{}-kwok-{}-helm-{}/bin",
        version("k8s.io/kubernetes"),
        version("go.etcd.io/etcd/server/v3"),
        version("sigs.k8s.io/kwok"),
        version("helm.sh/helm/v3"),
    ))
}

/// Builds the programs where they are missing, and answers with the folder that they are in. What `go` has to say goes to
/// standard error.
///
/// # Errors
/// They cannot be built: why.
pub fn build_cluster_tools() -> Result<PathBuf, String> {
    let folder = folder();
    let tools = shared_cache().join("tools");
    let lock = fs::create_dir_all(&tools)
        .and_then(|()| File::create(tools.join("kubernetes.lock")))
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|error| format!("{} could not be locked: {error}", tools.display()))?;
    if PROGRAMS.iter().all(|program| folder.join(program).is_file()) {
        return Ok(folder);
    }
    let go = find_program("go").ok_or("there is no `go`; see https://go.dev/doc/install")?;
    let unfinished = tempfile::Builder::new()
        .prefix("kubernetes-unfinished-")
        .tempdir_in(&tools)
        .map_err(|error| format!("no folder could be made in {}: {error}", tools.display()))?;
    build(&go, &unfinished.path().join("bin"))?;
    put(unfinished.path(), folder.parent().unwrap_or(&folder))
        .map_err(|error| format!("{} could not be put into place: {error}", folder.display()))?;
    drop(lock);
    Ok(folder)
}

fn build(go: &Path, folder: &Path) -> Result<(), String> {
    let kubernetes = version(MODULE, "k8s.io/kubernetes").ok_or("go.mod names no k8s.io/kubernetes")?;
    let mut parts = kubernetes.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // Clients and feature gates go by these; the published sources say v0.0.0.
    let variables =
        [("gitVersion", format!("v{kubernetes}")), ("gitMajor", major.into()), ("gitMinor", minor.into())];
    let mut flags = "-s -w".to_owned();
    for (name, value) in variables {
        flags.push_str(&format!(" -X k8s.io/component-base/version.{name}={value}"));
    }
    let mut command = Command::new(go);
    command
        .args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", &flags, "-o"])
        // With a slash at the end, it is a folder to go.
        .arg(folder.join(""))
        .arg("tool")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../cluster"))
        .envs([("CGO_ENABLED", "0"), ("GOWORK", "off")])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("{} could not be run: {error}", go.display()))?;
    match wait(&mut child, PATIENCE) {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("go could not build them: {status}")),
        None => {
            end(&mut child);
            Err(format!("go did not build them within {PATIENCE:?}"))
        }
    }
}

/// Moves a whole folder to its place, where something unfinished may lie.
fn put(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::rename(from, to)
}

/// The version of a module in a `go.mod`, without its `v` (Go modules reference, `require` directive).
fn version<'a>(file: &'a str, module: &str) -> Option<&'a str> {
    file.lines().find_map(|line| {
        let line = line.trim_start().trim_start_matches("require ");
        line.strip_prefix(module)?.strip_prefix(" v")?.split(' ').next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_are_those_of_the_module() {
        let file =
            "module m\n\nrequire a.example/b v1.2.3\n\nrequire (\n\ta.example/b/c v4.5.6 // indirect\n)\n";
        assert_eq!(version(file, "a.example/b"), Some("1.2.3"));
        assert_eq!(version(file, "a.example/b/c"), Some("4.5.6"));
        assert_eq!(version(file, "a.example/d"), None);
        assert!(!folder().to_string_lossy().contains("unknown"), "{}", folder().display());
    }
}
