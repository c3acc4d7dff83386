//! The inputs that are kept: seeds, and what the fuzzer found. None breaks a promise (any more).

use std::{fs, panic::catch_unwind, path::Path};

use plimsoll_readers::READERS;

#[test]
fn what_was_found_once_is_not_found_again() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    for (name, reader) in READERS {
        let mut tried = 0;
        for kind in ["seeds", "found"] {
            let folder = fuzz.join(kind).join(name);
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                assert!(catch_unwind(|| reader(&bytes)).is_ok(), "{} breaks a promise", path.display());
                tried += 1;
            }
        }
        assert!(tried > 0, "{name} has no inputs in {}", fuzz.display());
    }
}
