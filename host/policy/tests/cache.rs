//! The compile cache: filled, used, and never believed blindly.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use common::promotion_request;
use plimsoll_core::decision::Outcome;
use plimsoll_policy::{Binding, Sandbox, SandboxError, SandboxOptions};

/// Loads the lean guest in a sandbox of its own, as a new process would, has it decide, and says how long loading took.
fn decide(cache: &Path) -> Duration {
    let options = SandboxOptions { cache: Some(cache.to_owned()), ..SandboxOptions::default() };
    let sandbox = Sandbox::new(options).unwrap();
    let begun = Instant::now();
    let policy = sandbox.load("lean", plimsoll_guests::component("lean")).unwrap();
    let took = begun.elapsed();
    let policy = policy.bind(Binding::default()).unwrap().as_promotion().unwrap();
    let decided = policy.decide(&promotion_request("production", &["v1.2.3"], "{}"));
    assert!(matches!(decided.outcome, Outcome::Answered(_)), "{:?}", decided.outcome);
    took
}

/// The compiled components in a cache.
fn compiled(cache: &Path) -> Vec<PathBuf> {
    let engines = fs::read_dir(cache.join("compiled/modules")).unwrap().map(|entry| entry.unwrap().path());
    let files = engines.flat_map(|engine| fs::read_dir(engine).unwrap()).map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_none()).collect()
}

/// The one compiled component in a cache.
fn the_file(cache: &Path) -> PathBuf {
    let [file] = &compiled(cache)[..] else { panic!("{:?}", compiled(cache)) };
    file.clone()
}

#[test]
fn a_warm_cache_is_used() {
    let cache = tempfile::tempdir().unwrap();
    let cold = decide(cache.path());
    let written = fs::metadata(the_file(cache.path())).unwrap().modified().unwrap();
    let warm = decide(cache.path());
    assert_eq!(fs::metadata(the_file(cache.path())).unwrap().modified().unwrap(), written);
    assert!(warm < cold, "warm {warm:?}, cold {cold:?}");
}

#[test]
fn a_changed_byte_is_noticed() {
    let cache = tempfile::tempdir().unwrap();
    decide(cache.path());
    let file = the_file(cache.path());
    let good = fs::read(&file).unwrap();
    for position in [0, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[position] ^= 1;
        fs::write(&file, &bad).unwrap();
        decide(cache.path());
        assert_eq!(fs::read(&file).unwrap(), good, "compiled again");
    }
}

#[test]
fn a_cut_file_is_compiled_again() {
    let cache = tempfile::tempdir().unwrap();
    decide(cache.path());
    let file = the_file(cache.path());
    let good = fs::read(&file).unwrap();
    for length in [0, good.len() / 2] {
        fs::write(&file, &good[..length]).unwrap();
        decide(cache.path());
        assert_eq!(fs::read(&file).unwrap(), good);
    }
}

#[test]
fn a_file_without_a_seal_is_not_believed() {
    let cache = tempfile::tempdir().unwrap();
    decide(cache.path());
    let file = the_file(cache.path());
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    fs::remove_dir_all(cache.path().join("seals")).unwrap();
    decide(cache.path());
    assert_ne!(fs::metadata(&file).unwrap().modified().unwrap(), written, "compiled again");
    let seals = fs::read_dir(cache.path().join("seals")).unwrap().count();
    assert_eq!(seals, 1);
}

#[test]
fn a_damaged_seal_costs_a_compilation() {
    let cache = tempfile::tempdir().unwrap();
    decide(cache.path());
    for seal in fs::read_dir(cache.path().join("seals")).unwrap() {
        fs::write(seal.unwrap().path(), "nonsense\n\u{0}").unwrap();
    }
    decide(cache.path());
    assert_eq!(compiled(cache.path()).len(), 1);
}

#[test]
fn a_cache_that_is_a_file_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = SandboxOptions { cache: Some(file.path().to_owned()), ..SandboxOptions::default() };
    assert!(matches!(Sandbox::new(options), Err(SandboxError::Cache { .. })));
}
