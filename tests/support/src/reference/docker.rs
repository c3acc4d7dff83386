//! The Docker engine of Debian's next release with its buildx (`cargo xtask test` fetches both), beside the one of this
//! release.

use std::{net::SocketAddr, path::Path, process::Command};

use super::{Reference, ReferenceBuild, await_answer, registry};
use crate::{
    command::{Finished, run},
    daemon::{Guard, Process, guarded_folder},
    requirement::{is_root, program},
    text::write,
};

/// A running `dockerd` 26.
#[derive(Debug)]
pub struct LaterDocker {
    host: String,
    _process: Process,
    // Last, so that it goes when all else is gone.
    _guard: Guard,
}

impl LaterDocker {
    /// Starts it. It finds the images of Docker Hub in the registry at that address.
    ///
    /// # Panics
    /// It did not start.
    #[must_use]
    #[track_caller]
    pub fn start(images: SocketAddr) -> Self {
        let (folder, guard) = guarded_folder("docker");
        // Not the machine's own configuration. Only with containerd's store can images leave it as layouts.
        write(&folder.join("daemon.json"), r#"{"features": {"containerd-snapshotter": true}}"#);
        let host = format!("unix://{}/socket", folder.display());
        let place = |name: &str| folder.join(name).display().to_string();
        let arguments = vec![
            "--mount".to_owned(),
            "dockerd-26".to_owned(),
            format!("--config-file={}", place("daemon.json")),
            format!("--host={host}"),
            format!("--data-root={}", place("data")),
            format!("--exec-root={}", place("exec")),
            format!("--pidfile={}", place("pid")),
            format!("--registry-mirror=http://{}", registry(images)),
            "--bridge=none".to_owned(),
            "--iptables=false".to_owned(),
            "--ip6tables=false".to_owned(),
            "--ip-forward=false".to_owned(),
            "--ip-masq=false".to_owned(),
        ];
        // In a mount namespace of its own, so that nothing stays mounted.
        let mut process = Process::start(&folder, "unshare", arguments);
        await_answer(&mut process, || run(command("docker", &host).arg("version")).status.success());
        Self { host, _process: process, _guard: guard }
    }
}

impl Reference for LaterDocker {
    fn name(&self) -> &'static str {
        "Docker 26"
    }

    fn build(&self, build: &ReferenceBuild<'_>, layout: &Path) -> Finished {
        let mut finished = self.build_once(build, layout);
        // Rarely, its store loses what the build has just put there, while other builds run. That is no answer.
        if finished.stderr.trim_ascii_end().ends_with(b"ERROR: failed to solve: not found") {
            finished = self.build_once(build, layout);
        }
        finished
    }
}

impl LaterDocker {
    fn build_once(&self, build: &ReferenceBuild<'_>, layout: &Path) -> Finished {
        let mut command = command("docker-buildx-26", &self.host);
        command
            .args(["build", "--progress=plain", "--provenance=false"])
            .arg(format!("--platform={}", build.platform))
            .args(build.target.map(|target| format!("--target={target}")))
            .args(build.pairs().map(|pair| format!("--build-arg={pair}")))
            .arg(format!("--output=type=oci,tar=false,dest={}", layout.display()))
            .arg(build.context);
        run(&mut command)
    }
}

/// A client of it, with buildx's own notes beside its socket.
fn command(program: &str, host: &str) -> Command {
    let folder = Path::new(host.trim_start_matches("unix://")).parent().unwrap_or(Path::new("/"));
    let mut command = Command::new(program);
    command
        .env("DOCKER_HOST", host)
        .env("DOCKER_CONFIG", folder.join("client"))
        .env_remove("DOCKER_CONTEXT")
        .env_remove("BUILDX_BUILDER");
    command
}

/// Why it cannot be started; nothing when it can.
pub(crate) fn obstacle() -> Option<String> {
    let programs = ["dockerd-26", "docker-buildx-26", "docker", "containerd", "unshare"];
    let missing = programs.iter().find_map(|name| program(name));
    missing.or_else(|| (!is_root()).then(|| "only root may start a Docker engine".to_owned()))
}
