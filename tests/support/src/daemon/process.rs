//! One server.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    command::end,
    requirement::{find_program, search_path},
    text::write,
};

/// A running program, killed on drop. The [guard](super::guard) knows its id, and its log is in the folder.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    id_file: PathBuf,
    log: PathBuf,
}

impl Process {
    /// Starts a program of the search path with its folder for a home.
    #[track_caller]
    pub(crate) fn start(folder: &Path, name: &str, arguments: Vec<String>) -> Self {
        let log = folder.join(format!("{name}.log"));
        let started = File::options().create(true).append(true).open(&log).and_then(|file| {
            Command::new(find_program(name).unwrap_or_else(|| PathBuf::from(name)))
                .args(arguments)
                .current_dir(folder)
                .env_clear()
                .env("HOME", folder)
                // Some run programs of their own.
                .env("PATH", search_path())
                // Ctrl-C ends who started it, and then the guard ends it.
                .process_group(0)
                .stdin(Stdio::null())
                .stdout(file.try_clone()?)
                .stderr(file)
                .spawn()
        });
        let child = started.unwrap_or_else(|error| panic!("{name} could not be started: {error}"));
        let id_file = folder.join("processes").join(name);
        write(&id_file, format!("{}\n", child.id()));
        Self { child, id_file, log }
    }

    /// Whether it ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The last lines that it wrote, for messages.
    pub(crate) fn last_lines(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
        // Its id may be another's from now on.
        let _ = fs::remove_file(&self.id_file);
    }
}
