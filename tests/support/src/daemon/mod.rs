//! Servers that a test process starts for itself, and that end with it whatever ends it.

mod guard;
mod process;

use std::path::PathBuf;

use tempfile::TempDir;

use crate::text::temporary_folder;

pub(crate) use guard::Guard;
pub(crate) use process::Process;

/// A temporary folder that its guard removes, also when this process ends without a word.
#[track_caller]
pub(crate) fn guarded_folder(purpose: &str) -> (PathBuf, Guard) {
    let folder = TempDir::keep(temporary_folder(purpose));
    let guard = Guard::start(&folder);
    (folder, guard)
}
