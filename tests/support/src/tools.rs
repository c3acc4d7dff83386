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
