//! A gigabyte in two thousand files: how near the embedded build comes to what reading, hashing and compressing them
//! must take on all processors, and how much memory a build, and a release to a registry, take at their peak.

use std::{
    fs,
    io::{self, Write as _},
    num::NonZero,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use flate2::{Compression, write::GzEncoder};
use plimsoll_benches::{
    memory::peak,
    report::Report,
    timing::{Pairs, process, time},
};
use plimsoll_support::{Application, DebianRegistry, Requirement, missing};
use sha2::{Digest as _, Sha256};

/// Bytes in a file.
const FILE: usize = 1 << 19;
/// The files of the large image, a gigabyte, and of the small one, a quarter of it.
const FILES: [usize; 2] = [2000, 500];
/// Builds of the large image.
const TURNS: usize = 3;
/// The level that the embedded builder compresses with.
const LEVEL: u32 = 4;

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
    let [large, small] = FILES.map(|files| application(files, &image(&format!("files-{files}"))));
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
fn application(files: usize, image: &str) -> Application {
    let application = Application::create("scratch", image);
    let folder = application.git.path();
    for number in 0..files {
        let path = data(folder, number);
        fs::create_dir_all(path.parent().expect("it is in a folder"))
            .and_then(|()| fs::write(path, content(number as u64)))
            .expect("there is room for the files");
    }
    application.git.write("Dockerfile", "FROM scratch\nCOPY data/ /data/\n");
    application.git.write(".gitignore", ".plimsoll/\ndeploy/\ndata/\n");
    let _ = application.git.commit("Bring the data");
    application
}

fn data(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("data/{:02}/{number:04}.bin", number % 50))
}

/// Half noise, half text, as a page with its pictures would be.
fn content(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(FILE);
    while bytes.len() < FILE {
        for _ in 0..256 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.extend_from_slice(&state.to_be_bytes()[..4]);
        }
        for line in 0..16_u64 {
            let text =
                format!("Ship {} left berth {} with cargo for {seed}.\n", state >> 50, line + (state >> 60));
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes.truncate(FILE);
    bytes
}

/// A command of `plimsoll` that finds nothing of earlier ones.
fn cold(application: &Application, command: &str) -> Command {
    // There is nothing before the first one.
    let _ = fs::remove_dir_all(application.git.path().join(".plimsoll"));
    application.plimsoll.command(&[command, "--quiet"])
}

fn speed(application: &Application, report: &mut Report) {
    // What follows finds the files in the page cache, both sides alike.
    necessary(application.git.path());
    let build = || process(&mut cold(application, "build"));
    let pairs = Pairs::measure(TURNS, build, || time(|| necessary(application.git.path())));
    report.times("1 GB in 2,000 files: build / read, hash, compress", &pairs, 1.25);
}

/// What no builder can leave out: reads each file, hashes it, and compresses it, on all processors.
fn necessary(folder: &Path) {
    let next = &AtomicUsize::new(0);
    let work = || {
        let mut hash = Sha256::new();
        let mut compressed = GzEncoder::new(io::sink(), Compression::new(LEVEL));
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= FILES[0] {
                break;
            }
            let bytes = fs::read(data(folder, number)).expect("the file was just written");
            hash.update(&bytes);
            compressed.write_all(&bytes).expect("nothing is written anywhere");
        }
        std::hint::black_box((hash.finalize(), compressed.finish().is_ok()));
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(work);
        }
    });
}
