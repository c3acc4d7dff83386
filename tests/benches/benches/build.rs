//! The embedded build of the example's kind of site - forty files on nginx - against other builders of the same
//! Dockerfile. Every builder has the base image at hand; *cold* is without anything else, *one file changed* is with
//! what the build before left, and a new front page.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use plimsoll_benches::{
    report::Report,
    timing::{Pairs, process},
};
use plimsoll_support::{Application, DebianRegistry, DockerEngine, NginxBase, Requirement, missing, run};

/// Builds of each kind.
const TURNS: usize = 7;
/// Ten times faster.
const GOAL: f64 = 0.1;

/// The application, and what our builder has before it builds it for the first time.
struct Bench {
    application: Application,
    base: String,
    fresh: PathBuf,
    _registry: DebianRegistry,
}

/// Another builder: its name, and its commands for the same Dockerfile.
struct Peer {
    name: &'static str,
    cold: Command,
    again: Command,
}

fn main() {
    let mut report = Report::new("build");
    let needs = [Requirement::Git, Requirement::Registry, Requirement::Skopeo, Requirement::NginxBase];
    if let Some(skip) = missing(&needs) {
        report.absent("build", &skip.reason);
        return report.finish();
    }
    let bench = Bench::prepare();
    let storage = tempfile::tempdir().expect("there is room for a folder");
    for (name, requirement) in [("buildah bud", Requirement::Buildah), ("docker build", Requirement::Docker)]
    {
        match missing(&[requirement]) {
            Some(skip) => report.absent(name, &skip.reason),
            None if requirement == Requirement::Buildah => {
                bench.compare(bench.buildah(storage.path()), &mut report);
            }
            None => bench.compare(bench.docker(), &mut report),
        }
    }
    report.finish();
}

impl Bench {
    /// Writes the application, and lets our builder fetch the base image by building an empty image on it.
    fn prepare() -> Self {
        let registry = DebianRegistry::start();
        let base = NginxBase::get().push(&registry);
        let application = Application::create(&base, "oci:images/website");
        let folder = application.git.path();
        fs::write(folder.join("Empty.Dockerfile"), format!("FROM {base}\n"))
            .expect("there is room for a file");
        let rules = application.read("plimsoll.toml");
        application
            .git
            .write("plimsoll.toml", rules.replace("[image]", "[image]\ndockerfile = \"Empty.Dockerfile\""));
        process(&mut application.plimsoll.command(&["build"]));
        application.git.write("plimsoll.toml", rules);
        let fresh = folder.join(".plimsoll-fresh");
        copy(&folder.join(".plimsoll"), &fresh);
        Self { application, base, fresh, _registry: registry }
    }

    fn folder(&self) -> &Path {
        self.application.git.path()
    }

    /// Measures both cases, builders in turns.
    fn compare(&self, mut peer: Peer, report: &mut Report) {
        let mut ours = self.application.plimsoll.command(&["build", "--quiet"]);
        let cold = || {
            fs::remove_dir_all(self.folder().join(".plimsoll")).expect("an earlier build left it");
            copy(&self.fresh, &self.folder().join(".plimsoll"));
            process(&mut ours)
        };
        let pairs = Pairs::measure(TURNS, cold, || process(&mut peer.cold));
        report.times(&format!("cold: embedded / {}", peer.name), &pairs, GOAL);

        process(&mut peer.again);
        let turn = std::cell::Cell::new(0);
        let edit = || {
            turn.set(turn.get() + 1);
            self.application.site.edit(&format!("{}, day {}", peer.name, turn.get()));
        };
        let mut ours = self.application.plimsoll.command(&["build", "--quiet"]);
        let changed = || {
            edit();
            process(&mut ours)
        };
        let pairs = Pairs::measure(TURNS, changed, || {
            edit();
            process(&mut peer.again)
        });
        report.times(&format!("one file changed: embedded / {}", peer.name), &pairs, GOAL);
    }

    /// buildah, with the quickest of its storages that works here.
    fn buildah(&self, storage: &Path) -> Peer {
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
        let pull = |driver: &&str| {
            let mut pull = Command::new("buildah");
            pull.args(flags(driver)).args(["pull", "--quiet", "--tls-verify=false", &self.base]);
            run(&mut pull).status.success()
        };
        let driver = ["overlay", "vfs"].into_iter().find(pull).expect("buildah has a storage that works");
        let build = |how: &[&str]| {
            let mut build = Command::new("buildah");
            build
                .args(flags(driver))
                .args(["bud", "--quiet", "--tls-verify=false", "--tag=website"])
                .args(how);
            build.arg(self.folder());
            build
        };
        let name = if driver == "overlay" { "buildah bud (overlay)" } else { "buildah bud (vfs)" };
        // Without layers there is nothing to look up and nothing to keep: its quickest way from nothing.
        Peer { name, cold: build(&["--layers=false"]), again: build(&["--layers"]) }
    }

    fn docker(&self) -> Peer {
        let engine = DockerEngine::shared();
        engine.pull(&self.base);
        let build = |how: &[&str]| {
            let mut build = engine.command();
            build.args(["build", "--quiet", "--tag=website:bench"]).args(how).arg(self.folder());
            build
        };
        Peer { name: "docker build", cold: build(&["--no-cache"]), again: build(&[]) }
    }
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    let _ = run(Command::new("cp").arg("--archive").arg(from).arg(to)).success();
}
