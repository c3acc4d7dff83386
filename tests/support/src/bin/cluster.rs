//! The control plane of the tests, for people: `cargo xtask cluster`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people")]

use std::{env, path::Path, process::ExitCode, thread};

use plimsoll_support::{ControlPlane, KUBECONFIG_VARIABLE, build_cluster_tools};

const USAGE: &str = "\
Usage: cluster [build]

Starts a Kubernetes control plane on loopback, and ends it when it is ended itself.
With `build`, only builds its programs where they are missing, and prints their folder.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let only_build = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["build"] => true,
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    let folder = match build_cluster_tools() {
        Ok(folder) => folder,
        Err(message) => {
            eprintln!("cluster: {message}");
            return ExitCode::FAILURE;
        }
    };
    if only_build {
        println!("{}", folder.display());
        return ExitCode::SUCCESS;
    }
    let cluster = ControlPlane::start();
    introduce(&cluster, &folder);
    // Whatever ends this process ends the cluster: its guard sees to that.
    loop {
        thread::park();
    }
}

fn introduce(cluster: &ControlPlane, folder: &Path) {
    let kubeconfig = cluster.kubeconfig().display();
    println!("A Kubernetes control plane is ready at {}.\n", cluster.server());
    println!("  export KUBECONFIG={kubeconfig}");
    println!("  export PATH={}:$PATH    # kubectl and helm", folder.display());
    println!("  export {KUBECONFIG_VARIABLE}={kubeconfig}    # for tests, which then share it\n");
    println!("Ctrl-C ends it, and what is in it is gone.");
}
