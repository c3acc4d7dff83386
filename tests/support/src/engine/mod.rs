//! A Docker engine: the machine's own where one runs, else one started here.

mod container;
mod daemon;

use std::{ffi::OsString, path::Path, process::Command, sync::OnceLock, time::Duration};

pub use container::Container;

use crate::{
    command::{Finished, run, run_for},
    requirement::{is_root, program},
};

/// A Docker engine, the same for all tests of a run.
#[derive(Debug)]
pub struct DockerEngine {
    /// What `DOCKER_HOST` must say to reach it.
    host: String,
    /// Keeps an engine that was started here alive.
    _daemon: Option<daemon::Tenancy>,
}

impl DockerEngine {
    /// The engine that runs on this machine; where none does, the one that the first test which asks starts. That one
    /// ends by itself when no test process uses it any more.
    ///
    /// # Panics
    /// None runs and none could be started.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static ENGINE: OnceLock<DockerEngine> = OnceLock::new();
        ENGINE.get_or_init(|| match running() {
            Some(host) => Self { host, _daemon: None },
            None => {
                let tenancy = daemon::Tenancy::take();
                Self { host: tenancy.host(), _daemon: Some(tenancy) }
            }
        })
    }

    /// Its address, as `DOCKER_HOST` has it: `unix:///var/run/docker.sock`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// A `docker` command for this engine, to which arguments are added.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", &self.host).env_remove("DOCKER_CONTEXT");
        command
    }

    /// Runs a `docker` command and goes on only when it succeeded.
    ///
    /// # Panics
    /// It failed.
    #[track_caller]
    pub fn docker(&self, arguments: &[&str]) -> Finished {
        run(self.command().args(arguments)).success()
    }

    /// Fetches an image from a registry on loopback.
    ///
    /// # Panics
    /// The engine could not fetch it.
    #[track_caller]
    pub fn pull(&self, image: &str) {
        let _ = self.docker(&["pull", "--quiet", image]);
    }

    /// Takes an image from an OCI layout, under a name such as `website:test`.
    ///
    /// # Panics
    /// The layout or the engine failed.
    #[track_caller]
    pub fn load(&self, layout: &Path, tag: &str, name: &str) {
        let source = format!("oci:{}:{tag}", layout.display());
        let destination = format!("docker-daemon:{name}");
        let _ = crate::skopeo(&["copy", "--dest-daemon-host", &self.host, &source, &destination]);
    }

    /// Builds an image with the engine's own builder.
    ///
    /// # Panics
    /// The build failed.
    #[track_caller]
    pub fn build(&self, context: &Path, name: &str) -> Finished {
        let arguments: [OsString; 4] = ["build".into(), "--tag".into(), name.into(), context.into()];
        run_for(self.command().args(arguments), Duration::from_secs(600)).success()
    }

    /// Runs an image whose server listens on a port, and waits until it accepts connections.
    ///
    /// # Panics
    /// The container did not start, or nothing listens in it.
    #[must_use]
    #[track_caller]
    pub fn serve(&'static self, image: &str, port: u16) -> Container {
        Container::serve(self, image, port)
    }
}

/// Why no engine can be had; nothing when one runs or can be started.
pub(crate) fn obstacle() -> Option<String> {
    program("docker").or_else(|| {
        if running().is_some() {
            return None;
        }
        let started_by_root = || "no Docker engine runs, and only root may start one".to_owned();
        program("dockerd").or_else(|| (!is_root()).then(started_by_root))
    })
}

/// The address of the engine that runs on this machine.
fn running() -> Option<String> {
    let given = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    let host = given.unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned());
    answers(&host).then_some(host)
}

/// Whether an engine answers there.
fn answers(host: &str) -> bool {
    run(Command::new("docker").args(["--host", host, "version", "--format", "{{.Server.Version}}"]))
        .status
        .success()
}
