//! What ends the processes of a server when the process that started it is gone.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{command::wait, text::temporary_folder};

/// Waits until its standard input is closed, which also happens when the other end is killed; then ends the processes whose
/// ids are in the folder, and removes the folder, which they may still be writing to as they go.
const SCRIPT: &str = r#"
while read -r _; do :; done
for file in "$1"/processes/*; do
    read -r process <"$file" && kill -KILL "$process"
done
for attempt in 1 2 3 4 5 6 7 8 9; do
    rm -rf "$1" && exit
    sleep 0.2
done
"#;

/// How long it may take to clean up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process beside the tests. It belongs to no terminal's foreground, so that Ctrl-C does not reach it.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    /// A temporary folder that is watched over, and removed also when this process ends without a word.
    #[track_caller]
    pub(crate) fn over_new_folder(purpose: &str) -> (PathBuf, Self) {
        let folder = TempDir::keep(temporary_folder(purpose));
        let guard = Self::start(&folder);
        (folder, guard)
    }

    /// Watches over a folder from now on.
    #[track_caller]
    fn start(folder: &Path) -> Self {
        let started = fs::create_dir_all(folder.join("processes")).and_then(|()| {
            Command::new("sh")
                .args(["-c", SCRIPT, "guard"])
                .arg(folder)
                .process_group(0)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
        });
        match started {
            Ok(child) => Self(child),
            Err(error) => panic!("no guard could be started over {}: {error}", folder.display()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It ends by itself, and whoever waits no longer leaves it to that.
        let _ = wait(&mut self.0, PATIENCE);
    }
}
