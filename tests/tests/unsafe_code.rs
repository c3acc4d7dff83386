//! Where the project leaves the compiler's guarantees: a list, so that no place is added in passing.

use std::{fs, path::Path, process::Command};

/// The files with `unsafe`: each says in place why it needs it, and why it may.
const PLACES: [&str; 3] =
    ["host/policy/src/cache.rs", "plugins/sdk/src/guest/allocator.rs", "tests/benches/src/minimal/mod.rs"];

#[test]
fn only_documented_places_are_unsafe() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])
        .current_dir(&root)
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let files = String::from_utf8(listed.stdout).expect("files have plain names");
    let lift = concat!("expect(", "unsafe_code");
    let opened: Vec<&str> = files
        .lines()
        .filter(|file| fs::read_to_string(root.join(file)).is_ok_and(|text| text.contains(lift)))
        .collect();
    assert_eq!(opened, PLACES);
}
