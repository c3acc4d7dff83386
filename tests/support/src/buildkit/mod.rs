//! A BuildKit of today, which no Debian release has beside the engine that its Docker packages bring, and buildx to use it.

mod tools;

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use crate::{
    command::{Finished, run, run_for, until},
    guard::Guard,
    process::Process,
    requirement::{is_root, located, program},
};
pub(crate) use tools::TOOLS;
pub use tools::build_buildkit;

/// How long BuildKit may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long one of its builds may take.
const BUILD: Duration = Duration::from_secs(600);

/// A `buildkitd` on a socket, which reads the registries on loopback over plain HTTP. What this process started ends in any case
/// when this process ends, with everything that it runs and mounts.
#[derive(Debug)]
pub struct BuildKit {
    folder: PathBuf,
    // Before the guard, which removes the folder.
    _process: Process,
    _guard: Guard,
}

impl BuildKit {
    /// The name that [`docker_config`](Self::docker_config) knows it by.
    pub const BUILDER: &str = "plimsoll-tests";

    /// The one of this test process, started by the first call.
    ///
    /// # Panics
    /// It did not start.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<BuildKit> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts one.
    ///
    /// # Panics
    /// It did not start.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let (folder, guard) = Guard::over_new_folder("buildkit");
        let mut command = Command::new("unshare");
        // In namespaces of its own: its containers end and its mounts are gone when it is killed.
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command
            .arg(located("buildkitd"))
            .arg("--addr")
            .arg(address(&folder))
            .arg("--root")
            .arg(folder.join("root"));
        // Containers share the network of this machine, so that none has to be made for them.
        command.args(["--containerd-worker=false", "--oci-worker-net=host"]);
        let mut process = Process::start(&folder, "buildkitd", command);
        let answer = until(PATIENCE, || {
            let answers = || run(&mut buildctl(&folder, &["debug", "workers"])).status.success();
            (process.has_ended() || answers()).then(|| !process.has_ended())
        });
        assert!(answer == Some(true), "buildkitd does not answer:\n{}", process.last_lines());
        install_buildx(&folder);
        let buildkit = Self { folder, _process: process, _guard: guard };
        let mut create = buildkit.docker();
        create.args(["buildx", "create", "--driver", "remote", "--name", Self::BUILDER, &buildkit.address()]);
        let _ = run(&mut create).success();
        buildkit
    }

    /// Its address, as `BUILDKIT_HOST` has it: `unix:///...`.
    #[must_use]
    pub fn address(&self) -> String {
        address(&self.folder)
    }

    /// A folder for `DOCKER_CONFIG`: it has the plugin buildx, which knows this BuildKit as the builder
    /// [`BUILDER`](Self::BUILDER).
    #[must_use]
    pub fn docker_config(&self) -> PathBuf {
        docker_config(&self.folder)
    }

    /// A `docker` command that knows this BuildKit, and no engine.
    #[must_use]
    pub fn docker(&self) -> Command {
        let mut command = Command::new("docker");
        command
            .env("DOCKER_CONFIG", self.docker_config())
            .env_remove("DOCKER_HOST")
            .env_remove("DOCKER_CONTEXT");
        command
    }

    /// Runs BuildKit's own client to its end.
    #[track_caller]
    pub fn buildctl<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Finished {
        run_for(&mut buildctl(&self.folder, arguments), BUILD)
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

fn buildctl<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Command {
    let mut command = Command::new(located("buildctl"));
    command.args(["--addr", &address(folder)]).args(arguments);
    command
}

/// Why no BuildKit can be had; nothing when one can.
pub(crate) fn obstacle() -> Option<String> {
    let needed = TOOLS.programs.iter().copied().chain(["docker", "runc", "unshare"]);
    let by_root = || (!is_root()).then(|| "only root may start a BuildKit here".to_owned());
    needed.into_iter().find_map(program).or_else(by_root)
}
