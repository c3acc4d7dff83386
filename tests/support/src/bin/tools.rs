//! Builds the programs that the tests need and that Go sources are all there is of: for `cargo xtask test`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people and for xtask")]

use std::{path::PathBuf, process::ExitCode};

use plimsoll_support::{build_buildx, build_cluster_tools};

/// Prints the folder of each set of programs that is there in the end. What cannot be built is said.
fn main() -> ExitCode {
    let announce = |what: &'static str, time: &'static str| {
        move || eprintln!("tools: building {what}, which takes some {time} once")
    };
    let cluster = build_cluster_tools(announce("Kubernetes, etcd, kwok and helm", "ten minutes"));
    let buildkit = build_buildx(announce("BuildKit and buildx", "minutes"));
    let there = [told("Kubernetes cluster", &cluster), told("BuildKit", &buildkit)];
    if there.iter().all(|there| *there) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn told(what: &str, built: &Result<PathBuf, String>) -> bool {
    match built {
        Ok(folder) => println!("{}", folder.display()),
        Err(message) => {
            eprintln!("tools: {message}\ntools: tests that need a {what} will be reported as skipped.");
        }
    }
    built.is_ok()
}
