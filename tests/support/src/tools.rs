//! Other implementations of image tools, as witnesses and as peers.

use std::{path::Path, process::Command};

use crate::command::{Finished, run};

/// Runs `skopeo` and goes on only when it succeeded. Its policy file is not needed.
///
/// # Panics
/// It failed.
#[track_caller]
pub fn skopeo(arguments: &[&str]) -> Finished {
    run(Command::new("skopeo").arg("--insecure-policy").args(arguments)).success()
}

/// Runs `buildah` with its storage in a folder, and goes on only when it succeeded. The storage driver is the one that
/// works on every file system.
///
/// # Panics
/// It failed.
#[track_caller]
pub fn buildah(storage: &Path, arguments: &[&str]) -> Finished {
    run(Command::new("buildah")
        .arg("--root")
        .arg(storage.join("root"))
        .arg("--runroot")
        .arg(storage.join("run"))
        .arg("--storage-driver=vfs")
        .args(arguments))
    .success()
}

/// Runs `cosign` in a folder that it also takes for its home, with the password of a private key.
#[track_caller]
pub fn cosign(folder: &Path, password: &str, arguments: &[&str]) -> Finished {
    run(Command::new("cosign")
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("COSIGN_PASSWORD", password))
}

/// Runs `wkg` in a folder that it also takes for its home, and goes on only when it succeeded.
///
/// # Panics
/// It failed.
#[track_caller]
pub fn wkg(folder: &Path, arguments: &[&str]) -> Finished {
    run(Command::new("wkg").args(arguments).current_dir(folder).env("HOME", folder)).success()
}
