//! The other side: buildah, a Docker engine with both of its builders, and the current BuildKit behind buildx.

use std::{path::Path, process::Command};

use plimsoll_benches::{report::Report, timing::process};
use plimsoll_support::{Buildx, DockerEngine, Requirement, missing, run};

use crate::{
    Took, Turn, median_of_several,
    ours::{Contents, Ours},
};

/// Another builder.
pub(crate) enum Peer {
    /// buildah, with its flags for the quickest of its storages that works here.
    Buildah { flags: Vec<String>, driver: &'static str },
    /// The engine, through this client, with this value of `DOCKER_BUILDKIT`.
    Docker { client: &'static str, buildkit: &'static str },
    /// A current BuildKit, which the engine's client reaches through buildx.
    Buildx,
}

/// All that are here; of the others the report says that they are not.
pub(crate) fn all(ours: &Ours<'_>, storage: &Path, report: &mut Report) -> Vec<Peer> {
    let mut peers = Vec::new();
    match missing(&[Requirement::Buildah]) {
        None => peers.push(buildah(ours, storage)),
        Some(skip) => report.absent("buildah", &skip.reason),
    }
    match missing(&[Requirement::Docker]) {
        None => {
            if let Contents::Site(base) = &ours.contents {
                DockerEngine::shared().pull(base);
            }
            peers.push(Peer::Docker { client: "docker", buildkit: "0" });
            match buildkit_client() {
                Some(client) => peers.push(Peer::Docker { client, buildkit: "1" }),
                None => report
                    .absent("docker with BuildKit", "no client here builds with it: install docker-buildx"),
            }
        }
        Some(skip) => report.absent("docker", &skip.reason),
    }
    match missing(&[Requirement::Buildx]) {
        None => peers.push(Peer::Buildx),
        Some(skip) => report.absent("buildx", &skip.reason),
    }
    peers
}

fn buildah(ours: &Ours<'_>, storage: &Path) -> Peer {
    let flags = |driver: &str| {
        let at = |name: &str| storage.join(driver).join(name).display().to_string();
        vec![
            "--root".to_owned(),
            at("root"),
            "--runroot".to_owned(),
            at("run"),
            format!("--storage-driver={driver}"),
        ]
    };
    let works = |driver: &&str| {
        let mut first = Command::new("buildah");
        match &ours.contents {
            Contents::Site(base) => {
                first.args(flags(driver)).args(["pull", "--quiet", "--tls-verify=false", base])
            }
            Contents::Data(_) => first.args(flags(driver)).args(["from", "scratch"]),
        };
        run(&mut first).status.success()
    };
    let driver = ["overlay", "vfs"].into_iter().find(works).expect("buildah has a storage that works");
    Peer::Buildah { flags: flags(driver), driver }
}

/// A client that builds with BuildKit: newer ones need another program for it.
fn buildkit_client() -> Option<&'static str> {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n")
        .expect("there is room for a file");
    ["docker", "/usr/bin/docker"].into_iter().find(|client| {
        let mut build = docker(client, "1");
        build.args(["build", "--quiet"]).arg(folder.path());
        build.output().is_ok_and(|output| output.status.success())
    })
}

fn docker(client: &str, buildkit: &str) -> Command {
    let mut command = Command::new(client);
    command.env("DOCKER_HOST", DockerEngine::shared().host()).env_remove("DOCKER_CONTEXT");
    command.env("DOCKER_BUILDKIT", buildkit);
    command
}

impl Peer {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Buildah { driver: "overlay", .. } => "buildah (overlay)",
            Self::Buildah { .. } => "buildah (vfs)",
            Self::Docker { buildkit: "0", .. } => "docker",
            Self::Docker { .. } => "docker with BuildKit",
            Self::Buildx => "buildx",
        }
    }

    pub(crate) fn turn(&mut self, ours: &mut Ours<'_>) -> Turn {
        let name = ours.new_repository("theirs");
        let image = ours.registry.reference(&name);
        let folder = ours.folder().to_owned();
        let cold = self.took(&image, &folder, false, || {});
        // Where its quickest way from nothing keeps nothing.
        process(&mut self.build(&image, &folder, true));
        let warm = self.took(&image, &folder, true, || {});
        let build = median_of_several(|| process(&mut self.build(&image, &folder, true)));
        let warm = Took { build, ..warm };
        let changed = self.took(&image, &folder, true, || ours.edit());
        self.remove(&image);
        Turn { cold, warm, changed }
    }

    /// Builds and pushes, each after a change or none.
    fn took(&self, image: &str, folder: &Path, again: bool, mut change: impl FnMut()) -> Took {
        change();
        let build = process(&mut self.build(image, folder, again));
        let with_push = match self.push(image) {
            Some(mut push) => build + process(&mut push),
            // Building and pushing are one command there.
            None => {
                change();
                process(&mut buildx(&format!("type=image,name={image},push=true"), folder, again))
            }
        };
        Took { build, with_push }
    }

    fn build(&self, image: &str, folder: &Path, again: bool) -> Command {
        let mut build = match self {
            Self::Buildah { flags, .. } => {
                let mut build = Command::new("buildah");
                // Without layers there is nothing to look up and nothing to keep: its quickest way from nothing.
                let layers = if again { "--layers" } else { "--layers=false" };
                build.args(flags).args(["bud", "--quiet", "--tls-verify=false", layers]);
                build
            }
            Self::Docker { client, buildkit } => {
                let mut build = docker(client, buildkit);
                build.args(["build", "--quiet"]).args((!again).then_some("--no-cache"));
                build
            }
            Self::Buildx => return buildx("type=cacheonly", folder, again),
        };
        build.arg("--tag").arg(image).arg(folder);
        build
    }

    /// The command that pushes what was built, where there is one.
    fn push(&self, image: &str) -> Option<Command> {
        let mut push = match self {
            Self::Buildah { flags, .. } => {
                let mut push = Command::new("buildah");
                push.args(flags).args(["push", "--quiet", "--tls-verify=false"]);
                push
            }
            Self::Docker { client, buildkit } => {
                let mut push = docker(client, buildkit);
                push.args(["push", "--quiet"]);
                push
            }
            Self::Buildx => return None,
        };
        push.arg(image);
        Some(push)
    }

    /// Makes room again.
    fn remove(&self, image: &str) {
        let mut remove = match self {
            Self::Buildah { flags, .. } => {
                let mut remove = Command::new("buildah");
                remove.args(flags).args(["rmi", "--all", "--force"]);
                remove
            }
            Self::Docker { client, buildkit } => {
                let mut remove = docker(client, buildkit);
                remove.args(["image", "rm", "--force", image]);
                remove
            }
            Self::Buildx => {
                let mut remove = Buildx::shared().docker();
                remove.args(["buildx", "prune", "--builder", Buildx::BUILDER, "--all", "--force"]);
                remove
            }
        };
        // The next turn tells when there is none.
        let _ = remove.output();
    }
}

/// A build by BuildKit, which leaves the image there.
fn buildx(output: &str, folder: &Path, again: bool) -> Command {
    let mut build = Buildx::shared().docker();
    build.args(["buildx", "build", "--quiet", "--provenance=false", "--builder", Buildx::BUILDER]);
    build.args(["--output", output]).args((!again).then_some("--no-cache")).arg(folder);
    build
}
