//! What nobody who builds and pushes an image can leave out, each for itself, as fast as this machine can.

use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use libdeflater::{CompressionLvl, Compressor};
use sha2::{Digest as _, Sha256};

use crate::{contexts::DataFiles, timing::time};

/// The level that the embedded builder compresses with.
const LEVEL: i32 = 1;

/// Reads each file, on all processors.
pub fn read(files: DataFiles, folder: &Path) -> Duration {
    time(|| on_all(files.count, || |number| drop(bytes(files, folder, number))))
}

/// Reads each file and compresses it, on all processors.
pub fn compress(files: DataFiles, folder: &Path) -> Duration {
    let worker = || {
        let mut compressor = compressor();
        move |number| compress_one(&mut compressor, &bytes(files, folder, number))
    };
    time(|| on_all(files.count, worker))
}

/// Reads each file, hashes it and compresses it, on all processors.
pub fn read_hash_compress(files: DataFiles, folder: &Path) -> Duration {
    let worker = || {
        let mut hash = Sha256::new();
        let mut compressor = compressor();
        move |number| {
            let bytes = bytes(files, folder, number);
            hash.update(&bytes);
            compress_one(&mut compressor, &bytes);
        }
    };
    time(|| on_all(files.count, worker))
}

/// Sends files as blobs, each with its digest, to a repository of a registry without a password, with a curl on each
/// processor.
///
/// # Panics
/// curl or the registry failed.
#[must_use]
pub fn upload(blobs: &[(PathBuf, String)], registry: &str, repository: &str) -> Duration {
    let send = || move |number: usize| upload_one(&blobs[number].0, &blobs[number].1, registry, repository);
    time(|| on_all(blobs.len(), send))
}

fn upload_one(blob: &Path, digest: &str, registry: &str, repository: &str) {
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
}

fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl").args(["--silent", "--show-error"]).args(arguments).output();
    let output = output.expect("curl starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn compressor() -> Compressor {
    Compressor::new(CompressionLvl::new(LEVEL).expect("libdeflate has this level"))
}

fn compress_one(compressor: &mut Compressor, bytes: &[u8]) {
    let mut compressed = vec![0; compressor.gzip_compress_bound(bytes.len())];
    compressor.gzip_compress(bytes, &mut compressed).expect("there is room for the worst case");
}

fn bytes(files: DataFiles, folder: &Path, number: usize) -> Vec<u8> {
    fs::read(files.path(folder, number)).expect("the file was just written")
}

/// Lets a worker on each processor take numbers until none of so many is left.
fn on_all<Take: FnMut(usize)>(count: usize, worker: impl Fn() -> Take + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut take = worker();
        loop {
            match next.fetch_add(1, Ordering::Relaxed) {
                number if number < count => take(number),
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
