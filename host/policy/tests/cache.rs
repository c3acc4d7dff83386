//! The compile cache: filled, used, and never believed blindly.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use common::promotion_request;
use plimsoll_core::decision::Outcome;
use plimsoll_policy::{Binding, Sandbox, SandboxError, SandboxOptions};

/// Loads the lean guest in a sandbox of its own, as a new process would, and has it decide.
fn decide(cache: &Path) {
    let options = SandboxOptions { cache: Some(cache.to_owned()), ..SandboxOptions::default() };
    let sandbox = Sandbox::new(options).unwrap();
    let policy = sandbox.load("lean", plimsoll_guests::component("lean")).unwrap();
    let policy = policy.bind(Binding::default()).unwrap().as_promotion().unwrap();
    let decided = policy.decide(&promotion_request("production", &["v1.2.3"], "{}"));
    assert!(matches!(decided.outcome, Outcome::Answered(_)), "{:?}", decided.outcome);
}

/// The compiled components in a cache.
fn compiled(cache: &Path) -> Vec<PathBuf> {
    let engines = fs::read_dir(cache.join("compiled")).unwrap().map(|entry| entry.unwrap().path());
    engines.flat_map(|engine| fs::read_dir(engine).unwrap()).map(|entry| entry.unwrap().path()).collect()
}

/// The one compiled component in a cache.
fn the_file(cache: &Path) -> PathBuf {
    let [file] = &compiled(cache)[..] else { panic!("{:?}", compiled(cache)) };
    file.clone()
}

/// Which file it is, not what is in it: compiling again makes another one.
fn identity(file: &Path) -> u64 {
    fs::metadata(file).unwrap().ino()
}

#[test]
fn a_warm_cache_is_used() {
    let cache = tempfile::tempdir().unwrap();
    decide(cache.path());
    let written = identity(&the_file(cache.path()));
    decide(cache.path());
    assert_eq!(identity(&the_file(cache.path())), written);
}

#[test]
fn a_changed_byte_is_noticed() {
    let cache = tempfile::tempdir().unwrap();
    decide(cache.path());
    let file = the_file(cache.path());
    let good = fs::read(&file).unwrap();
    // In the seal, at its end, in the code.
    for position in [0, 31, 32, good.len() / 2, good.len() - 1] {
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
    for length in [0, 31, 32, good.len() / 2] {
        fs::write(&file, &good[..length]).unwrap();
        decide(cache.path());
        assert_eq!(fs::read(&file).unwrap(), good);
    }
}

#[test]
fn another_components_file_is_not_believed() {
    let cache = tempfile::tempdir().unwrap();
    decide(cache.path());
    let lean = the_file(cache.path());
    let options = SandboxOptions { cache: Some(cache.path().to_owned()), ..SandboxOptions::default() };
    Sandbox::new(options).unwrap().load("hostile", plimsoll_guests::component("hostile")).unwrap();
    let both = compiled(cache.path());
    let hostile = both.iter().find(|file| **file != lean).unwrap();
    let good = fs::read(&lean).unwrap();
    // Whole, and sealed: for another component.
    fs::copy(hostile, &lean).unwrap();
    decide(cache.path());
    assert_eq!(fs::read(&lean).unwrap(), good, "compiled again");
}

#[test]
fn a_described_component_needs_no_second_compilation() {
    let describe = |folder: &Path| {
        let options = SandboxOptions { cache: Some(folder.to_owned()), ..SandboxOptions::default() };
        let sandbox = Sandbox::new(options).unwrap();
        sandbox.with_description("lean", plimsoll_guests::component("lean").to_vec()).unwrap()
    };
    let load = |folder: &Path, component: &[u8]| {
        let options = SandboxOptions { cache: Some(folder.to_owned()), ..SandboxOptions::default() };
        Sandbox::new(options).unwrap().load("lean", component).unwrap();
    };
    let cache = tempfile::tempdir().unwrap();
    let described = describe(cache.path());
    let kept = compiled(cache.path());
    assert_eq!(kept.len(), 2);
    load(cache.path(), &described);
    let again = compiled(cache.path());
    assert_eq!(again, kept);
    // What was kept is what compiling makes of it.
    let other = tempfile::tempdir().unwrap();
    load(other.path(), &described);
    let fresh = the_file(other.path());
    let same = kept.iter().find(|file| file.file_name() == fresh.file_name()).unwrap();
    assert_eq!(fs::read(same).unwrap(), fs::read(&fresh).unwrap());
}

#[test]
fn a_cache_that_cannot_be_written_costs_compilations() {
    let cache = tempfile::tempdir().unwrap();
    decide(cache.path());
    let engine = the_file(cache.path()).parent().unwrap().to_owned();
    fs::remove_dir_all(&engine).unwrap();
    // A file is in the way of the folder.
    fs::write(&engine, "").unwrap();
    decide(cache.path());
}

#[test]
fn a_cache_that_is_a_file_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = SandboxOptions { cache: Some(file.path().to_owned()), ..SandboxOptions::default() };
    assert!(matches!(Sandbox::new(options), Err(SandboxError::Cache { .. })));
}

#[test]
fn what_others_may_write_is_not_run() {
    let set = |folder: &Path, mode| fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    let cache = tempfile::tempdir().unwrap();
    decide(cache.path());
    let file = the_file(cache.path());
    let (engine, compiled) = (file.parent().unwrap(), cache.path().join("compiled"));
    for folder in [engine, &compiled] {
        assert_eq!(fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
    }
    // Others may read the folder, so it is used; when they may write the inner one, the policy is compiled again.
    let written = identity(&file);
    set(&compiled, 0o755);
    decide(cache.path());
    assert_eq!(identity(&file), written);
    set(engine, 0o770);
    decide(cache.path());
    assert_ne!(identity(&file), written, "compiled again");
    for mode in [0o720, 0o702] {
        set(&compiled, mode);
        let options = SandboxOptions { cache: Some(cache.path().to_owned()), ..SandboxOptions::default() };
        let refused = Sandbox::new(options).unwrap_err().to_string();
        assert!(refused.contains("may be written by other users"), "{refused}");
    }
}

#[test]
fn what_belongs_to_another_user_is_not_run() {
    let cache = tempfile::tempdir().unwrap();
    decide(cache.path());
    // Only the superuser can give a folder away.
    if std::os::unix::fs::chown(cache.path().join("compiled"), Some(12_345), None).is_ok() {
        let options = SandboxOptions { cache: Some(cache.path().to_owned()), ..SandboxOptions::default() };
        let refused = Sandbox::new(options).unwrap_err().to_string();
        assert!(refused.contains("belongs to another user"), "{refused}");
    }
}
