//! The binary under test.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use serde_json::Value;

use crate::command::run_for;

/// How long cargo may take: a cold build on a small machine.
const PATIENCE: Duration = Duration::from_secs(1800);

/// The path of the binary. The first call of a process lets cargo bring it up to date, with the profile of the running
/// test and with the features of the whole workspace, which are those that `cargo test --workspace` built it with.
#[track_caller]
pub(super) fn path() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(build)
}

#[track_caller]
fn build() -> PathBuf {
    let profile = profile_folder();
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command
        .args(["build", "--workspace", "--bin", "plimsoll", "--message-format=json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    // What cargo told this test of its package. Build scripts that look at it, as that of `ring` does, would run anew, and
    // once more when the next test is built.
    let told = env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    });
    for name in told {
        command.env_remove(name);
    }
    if let Some(target) = profile.parent() {
        command.arg("--target-dir").arg(target);
    }
    if profile.ends_with("release") {
        command.arg("--release");
    }
    let built = run_for(&mut command, PATIENCE).success();
    match built.text().lines().find_map(executable) {
        Some(path) => path,
        None => panic!("cargo built no binary plimsoll:\n{built}"),
    }
}

/// `target/debug` for a test binary `target/debug/deps/story-0123`.
#[track_caller]
fn profile_folder() -> PathBuf {
    let binary = env::current_exe().unwrap_or_else(|error| panic!("the test binary has no path: {error}"));
    binary.ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// The path in one of cargo's messages, when it is about our binary.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_ours = message["reason"] == "compiler-artifact" && message["target"]["name"] == "plimsoll";
    is_ours.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_found_in_cargos_messages() {
        let ours =
            r#"{"reason":"compiler-artifact","target":{"name":"plimsoll"},"executable":"/x/plimsoll"}"#;
        assert_eq!(executable(ours), Some(PathBuf::from("/x/plimsoll")));
        for other in [
            r#"{"reason":"compiler-artifact","target":{"name":"plimsoll"},"executable":null}"#,
            r#"{"reason":"compiler-artifact","target":{"name":"xtask"},"executable":"/x/xtask"}"#,
            "not json",
        ] {
            assert_eq!(executable(other), None);
        }
    }
}
