//! The `plimsoll` command, as a user runs it.

mod binary;
mod normalise;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use crate::command::{Finished, Started, end, run_for, start};

/// How long a command may take. Generous: the first one compiles the stock policies, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A way to run `plimsoll`: with an empty environment besides the search path and a home folder of its own.
#[derive(Debug)]
pub struct Plimsoll {
    home: TempDir,
    folder: PathBuf,
    environment: Vec<(String, OsString)>,
    placeholders: Vec<(String, String)>,
}

/// A `plimsoll` command that ended.
#[derive(Debug)]
#[must_use]
pub struct Ran {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    placeholders: Vec<(String, String)>,
}

/// A `plimsoll` command that runs. It is killed on drop.
#[derive(Debug)]
pub struct Running {
    started: Option<Started>,
    placeholders: Vec<(String, String)>,
}

impl Plimsoll {
    /// Commands that run in a folder. The binary is built first if it is not up to date.
    ///
    /// # Panics
    /// It cannot be built.
    #[must_use]
    #[track_caller]
    pub fn in_folder(folder: &Path) -> Self {
        binary::path();
        let home = crate::text::temporary_folder("home");
        let placeholders = vec![
            (folder.display().to_string(), "[FOLDER]".to_owned()),
            (home.path().display().to_string(), "[HOME]".to_owned()),
        ];
        Self { home, folder: folder.to_owned(), environment: Vec::new(), placeholders }
    }

    /// Sets a variable for all further commands.
    #[must_use]
    pub fn environment(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Shows a text, such as a registry's address, as another one in [`Ran::snapshot`].
    #[must_use]
    pub fn placeholder(mut self, text: &str, shown: &str) -> Self {
        self.placeholders.push((text.to_owned(), shown.to_owned()));
        self
    }

    /// The home folder, such as to put a Docker configuration file into `.docker/config.json`.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// It does not end in time.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(&run_for(&mut self.command(arguments), PATIENCE), self.placeholders.clone())
    }

    /// Starts a command and does not wait for its end.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    #[track_caller]
    pub fn spawn(&self, arguments: &[&str]) -> Running {
        Running {
            started: Some(start(&mut self.command(arguments))),
            placeholders: self.placeholders.clone(),
        }
    }

    /// The command itself, to be run in another way, such as by a benchmark.
    #[must_use]
    #[track_caller]
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(binary::path(), arguments)
    }

    /// Another program in the same surroundings, such as one with a host in it.
    #[must_use]
    pub fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", crate::requirement::search_path())
            .env("HOME", self.home.path())
            // Compiled policies are the same for all tests: only the first command of a machine compiles.
            .env("PLIMSOLL_CACHE", crate::text::shared_cache().join("policies"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Ran {
    fn new(finished: &Finished, placeholders: Vec<(String, String)>) -> Self {
        Self {
            code: finished.status.code(),
            stdout: String::from_utf8_lossy(&finished.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&finished.stderr).into_owned(),
            placeholders,
        }
    }

    /// Goes on only when the command ended with this exit code.
    ///
    /// # Panics
    /// It ended otherwise; the message has both outputs.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard output as JSON.
    ///
    /// # Panics
    /// It is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("standard output is no JSON: {error}\n{}\n{}", self.stdout, self.stderr),
        }
    }

    /// Exit code and both outputs in one text, without what changes from run to run: folders, digests, release ids,
    /// commit ids and durations become placeholders.
    #[must_use]
    pub fn snapshot(&self) -> String {
        let code = self.code.map_or("killed".to_owned(), |code| code.to_string());
        let text = format!("exit code: {code}\n--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr);
        normalise::normalise(&text, &self.placeholders)
    }
}

impl Running {
    /// The process id.
    ///
    /// # Panics
    /// Never before [`Running::kill`] or [`Running::finish`], which take the value.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.started
            .as_ref()
            .map(|started| started.child.id())
            .expect("the command is there until it is taken")
    }

    /// Kills it (SIGKILL), as a power cut would, and waits until it is dead.
    pub fn kill(self) {
        drop(self);
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end in time.
    #[track_caller]
    pub fn finish(mut self) -> Ran {
        let started = self.started.take().expect("the command is there until it is taken");
        match started.finish(PATIENCE) {
            Ok(finished) => Ran::new(&finished, std::mem::take(&mut self.placeholders)),
            Err(command) => panic!("`{command}` did not end within {PATIENCE:?} and was killed"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(started) = &mut self.started {
            end(&mut started.child);
        }
    }
}
