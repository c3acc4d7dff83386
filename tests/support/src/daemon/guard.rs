//! What ends servers when the process that started them is gone.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::command::wait;

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
    /// Watches over a folder from now on.
    #[track_caller]
    pub(crate) fn start(folder: &Path) -> Self {
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
