//! BuildKit, built from its sources (`cargo xtask test` does that).

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Reference, ReferenceBuild, await_answer, registry};
use crate::{
    command::{Finished, run},
    daemon::{Guard, Process, guarded_folder},
    requirement::{is_root, located, program},
    text::write,
};

/// A running `buildkitd`.
#[derive(Debug)]
pub struct BuildKit {
    address: String,
    _process: Process,
    // Last, so that it goes when all else is gone.
    _guard: Guard,
}

impl BuildKit {
    /// Starts it. It finds the images of Docker Hub in the registry at that address.
    ///
    /// # Panics
    /// It did not start.
    #[must_use]
    #[track_caller]
    pub fn start(images: SocketAddr) -> Self {
        let (folder, guard) = guarded_folder("buildkit");
        let registry = registry(images);
        let configuration = format!(
            "[registry.\"docker.io\"]\nmirrors = [\"{registry}\"]\n[registry.\"{registry}\"]\nhttp = true\n"
        );
        write(&folder.join("buildkitd.toml"), configuration);
        let address = format!("unix://{}/socket", folder.display());
        let arguments =
            ["--mount", "buildkitd", "--config", "buildkitd.toml", "--root", "state", "--addr", &address];
        // In a mount namespace of its own, so that nothing stays mounted.
        let mut process = Process::start(&folder, "unshare", arguments.map(str::to_owned).to_vec());
        let buildkit = |arguments: &[&str]| run(command(&address).args(arguments));
        await_answer(&mut process, || buildkit(&["debug", "workers"]).status.success());
        Self { address, _process: process, _guard: guard }
    }
}

impl Reference for BuildKit {
    fn name(&self) -> &'static str {
        "BuildKit"
    }

    fn build(&self, build: &ReferenceBuild<'_>, layout: &Path) -> Finished {
        let context = build.context.display();
        let mut command = command(&self.address);
        command
            .args(["build", "--progress=plain", "--frontend=dockerfile.v0"])
            .arg(format!("--local=context={context}"))
            .arg(format!("--local=dockerfile={context}"))
            .arg(format!("--opt=platform={}", build.platform))
            .args(build.target.map(|target| format!("--opt=target={target}")))
            .args(build.pairs().map(|pair| format!("--opt=build-arg:{pair}")))
            .arg(format!("--output=type=oci,tar=false,compression=uncompressed,dest={}", layout.display()));
        run(&mut command)
    }
}

/// Where the program is that says what BuildKit's packages make of words and of `.dockerignore` files.
#[must_use]
pub fn dockerfile_oracle() -> PathBuf {
    located("dockerfile-oracle")
}

fn command(address: &str) -> Command {
    let mut command = Command::new(located("buildctl"));
    command.arg("--addr").arg(address);
    command
}

/// Why it cannot be started; nothing when it can.
pub(crate) fn obstacle() -> Option<String> {
    let missing = ["buildkitd", "buildctl", "dockerfile-oracle", "runc", "unshare"]
        .iter()
        .find_map(|name| program(name));
    missing.or_else(|| (!is_root()).then(|| "buildkitd needs root here".to_owned()))
}
