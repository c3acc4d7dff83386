//! What nobody who builds and pushes an image can leave out, each for itself, as fast as this machine can.

use std::{
    fs,
    io::{self, Write as _},
    num::NonZero,
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

use crate::{contexts::DataFiles, timing::time};

/// The level that the embedded builder compresses with.
const LEVEL: u32 = 4;

/// Reads each file, on all processors.
pub fn read(files: DataFiles, folder: &Path) -> Duration {
    time(|| on_all(files, || |number| drop(bytes(files, folder, number))))
}

/// Reads each file and compresses it, on all processors.
pub fn compress(files: DataFiles, folder: &Path) -> Duration {
    let worker = || {
        let mut compressed = GzEncoder::new(io::sink(), Compression::new(LEVEL));
        move |number| {
            compressed.write_all(&bytes(files, folder, number)).expect("nothing is written anywhere");
        }
    };
    time(|| on_all(files, worker))
}

/// Reads each file, hashes it and compresses it, on all processors.
pub fn read_hash_compress(files: DataFiles, folder: &Path) -> Duration {
    let worker = || {
        let mut hash = Sha256::new();
        let mut compressed = GzEncoder::new(io::sink(), Compression::new(LEVEL));
        move |number| {
            let bytes = bytes(files, folder, number);
            hash.update(&bytes);
            compressed.write_all(&bytes).expect("nothing is written anywhere");
        }
    };
    time(|| on_all(files, worker))
}

/// Sends a file as a blob to a repository of a registry without a password, with curl.
///
/// # Panics
/// curl or the registry failed.
#[must_use]
pub fn upload(blob: &Path, digest: &str, registry: &str, repository: &str) -> Duration {
    let begun = Instant::now();
    let begin = format!("http://{registry}/v2/{repository}/blobs/uploads/");
    let begun_at =
        curl(&["--request", "POST", "--output", "/dev/null", "--write-out", "%header{location}", &begin]);
    let separator = if begun_at.contains('?') { '&' } else { '?' };
    let end = format!("{begun_at}{separator}digest={digest}");
    let blob = blob.display().to_string();
    let kind = "Content-Type: application/octet-stream";
    let status = curl(&[
        "--upload-file",
        &blob,
        "--header",
        kind,
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code}",
        &end,
    ]);
    assert_eq!(status, "201", "the registry does not take the blob");
    begun.elapsed()
}

fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl").args(["--silent", "--show-error"]).args(arguments).output();
    let output = output.expect("curl starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn bytes(files: DataFiles, folder: &Path, number: usize) -> Vec<u8> {
    fs::read(files.path(folder, number)).expect("the file was just written")
}

/// Lets a worker on each processor take files until none is left.
fn on_all<Take: FnMut(usize)>(files: DataFiles, worker: impl Fn() -> Take + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut take = worker();
        loop {
            match next.fetch_add(1, Ordering::Relaxed) {
                number if number < files.count => take(number),
                _ => break,
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(work);
        }
    });
}
