//! A gigabyte in two thousand files: how near the embedded build comes to what reading, hashing and compressing them
//! must take on all processors, and how much memory a build, and a release to a registry, take at their peak.

use std::{fs, process::Command};

use plimsoll_benches::{
    contexts::DataFiles,
    limits::read_hash_compress,
    memory::peak,
    report::Report,
    timing::{Pairs, process},
};
use plimsoll_support::{Application, DebianRegistry, Requirement, missing};

/// The files of the large image, a gigabyte, and of the small one, a quarter of it.
const LARGE: DataFiles = DataFiles::GIGABYTE;
const SMALL: DataFiles = DataFiles { count: LARGE.count / 4, ..LARGE };
/// Builds of the large image.
const TURNS: usize = 3;

fn main() {
    let mut report = Report::new("gigabyte");
    if let Some(skip) = missing(&[Requirement::Git]) {
        report.absent("gigabyte", &skip.reason);
        return report.finish();
    }
    let registry = missing(&[Requirement::Registry]).map_or_else(|| Ok(DebianRegistry::start()), Err);
    let image = |name: &str| match &registry {
        Ok(registry) => registry.reference(name),
        Err(_) => format!("oci:images/{name}"),
    };
    let [large, small] =
        [LARGE, SMALL].map(|files| application(files, &image(&format!("files-{}", files.count))));
    speed(&large, &mut report);
    let build = |application: &Application| peak(&mut cold(application, "build"));
    report.sizes("peak memory of build: 1 GB / 250 MB", build(&large), build(&small), 1.25);
    match &registry {
        Ok(_) => {
            let release = |application: &Application| peak(&mut cold(application, "release"));
            report.sizes(
                "peak memory of build and push: 1 GB / 250 MB",
                release(&large),
                release(&small),
                1.25,
            );
        }
        Err(skip) => report.absent("peak memory of build and push", &skip.reason),
    }
    report.finish();
}

/// An application whose image holds so many files and nothing else.
fn application(files: DataFiles, image: &str) -> Application {
    let application = Application::create("scratch", image);
    let folder = application.git.path();
    files.write(folder);
    application.git.write("Dockerfile", DataFiles::DOCKERFILE);
    application.git.write(".gitignore", ".plimsoll/\ndeploy/\ndata/\n");
    let _ = application.git.commit("Bring the data");
    application
}

/// A command of `plimsoll` that finds nothing of earlier ones.
fn cold(application: &Application, command: &str) -> Command {
    // There is nothing before the first one.
    let _ = fs::remove_dir_all(application.git.path().join(".plimsoll"));
    application.plimsoll.command(&[command, "--quiet"])
}

fn speed(application: &Application, report: &mut Report) {
    // What follows finds the files in the page cache, both sides alike.
    let necessary = || read_hash_compress(LARGE, application.git.path());
    necessary();
    let build = || process(&mut cold(application, "build"));
    let pairs = Pairs::measure(TURNS, build, necessary);
    report.times("1 GB in 2,000 files: build / read, hash, compress", &pairs, 1.25);
}
