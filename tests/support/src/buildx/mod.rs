//! buildx, the plugin of the Docker client, with a BuildKit that it knows.

mod tools;

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use crate::{
    command::{run, until},
    daemon::{Guard, Process, guarded_folder},
    requirement::{is_root, located, program},
};
pub(crate) use tools::TOOLS;
pub use tools::build_buildx;

/// How long BuildKit may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// buildx, and a `buildkitd` on a socket, which speaks plain HTTP with registries on loopback. What this process started ends in
/// any case when this process ends, with everything that it runs and mounts.
#[derive(Debug)]
pub struct Buildx {
    folder: PathBuf,
    _process: Process,
    // Last, so that it goes when all else is gone.
    _guard: Guard,
}

impl Buildx {
    /// The name that [`docker_config`](Self::docker_config) knows it by.
    pub const BUILDER: &str = "plimsoll-tests";

    /// The one of this test process, started by the first call.
    ///
    /// # Panics
    /// It did not start.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Buildx> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts one.
    ///
    /// # Panics
    /// It did not start.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let (folder, guard) = guarded_folder("buildkit");
        let root = folder.join("root").display().to_string();
        let arguments = [
            // In namespaces of its own: its containers end and its mounts are gone when it is killed.
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "buildkitd",
            "--addr",
            &address(&folder),
            "--root",
            &root,
            "--containerd-worker=false",
            // Containers share the network of this machine, so that none has to be made for them.
            "--oci-worker-net=host",
        ];
        let mut process = Process::start(&folder, "unshare", arguments.map(str::to_owned).to_vec());
        let answer = until(PATIENCE, || {
            let answers = || run(&mut buildctl(&folder, &["debug", "workers"])).status.success();
            (process.has_ended() || answers()).then(|| !process.has_ended())
        });
        assert!(answer == Some(true), "buildkitd does not answer:\n{}", process.last_lines());
        install_buildx(&folder);
        let buildx = Self { folder, _process: process, _guard: guard };
        let mut create = buildx.docker();
        create.args([
            "buildx",
            "create",
            "--driver",
            "remote",
            "--name",
            Self::BUILDER,
            &address(&buildx.folder),
        ]);
        let _ = run(&mut create).success();
        buildx
    }

    /// A folder for `DOCKER_CONFIG`: it has the plugin, which knows the BuildKit as the builder
    /// [`BUILDER`](Self::BUILDER).
    #[must_use]
    pub fn docker_config(&self) -> PathBuf {
        docker_config(&self.folder)
    }

    /// A `docker` command with the plugin, and no engine.
    #[must_use]
    pub fn docker(&self) -> Command {
        let mut command = Command::new("docker");
        command
            .env("DOCKER_CONFIG", self.docker_config())
            .env_remove("DOCKER_HOST")
            .env_remove("DOCKER_CONTEXT");
        command
    }
}

/// Puts buildx where `docker` looks for plugins, into a folder for `DOCKER_CONFIG`.
#[track_caller]
fn install_buildx(folder: &Path) {
    let plugins = docker_config(folder).join("cli-plugins");
    let made =
        fs::create_dir_all(&plugins).and_then(|()| symlink(located("buildx"), plugins.join("docker-buildx")));
    if let Err(error) = made {
        panic!("buildx could not be put into {}: {error}", plugins.display());
    }
}

fn docker_config(folder: &Path) -> PathBuf {
    folder.join("docker")
}

fn address(folder: &Path) -> String {
    format!("unix://{}", folder.join("buildkitd.sock").display())
}

fn buildctl(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(located("buildctl"));
    command.args(["--addr", &address(folder)]).args(arguments);
    command
}

/// Why no BuildKit can be had; nothing when one can.
pub(crate) fn obstacle() -> Option<String> {
    let needed = TOOLS.programs.iter().copied().chain(["docker", "runc", "unshare"]);
    let by_root = || (!is_root()).then(|| "buildkitd needs root here".to_owned());
    needed.into_iter().find_map(program).or_else(by_root)
}
