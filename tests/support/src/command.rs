//! Commands that end in time.

use std::{
    fmt,
    io::{self, Read},
    process::{Child, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How long a command may take when nothing else was said. Generous: test machines are small and busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a running command is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// A command that ended.
#[derive(Debug)]
#[must_use]
pub struct Finished {
    /// The command line, for messages.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

impl Finished {
    /// Standard output as text without the white space around it.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim().to_owned()
    }

    /// Goes on only when the command succeeded.
    ///
    /// # Panics
    /// It failed; the message has the command and what it wrote.
    #[track_caller]
    pub fn success(self) -> Self {
        assert!(self.status.success(), "{self}");
        self
    }
}

/// The command, how it ended and what it wrote.
impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stdout, stderr) = (String::from_utf8_lossy(&self.stdout), String::from_utf8_lossy(&self.stderr));
        write!(f, "`{}` ended with {}\n{stdout}{stderr}", self.command, self.status)
    }
}

/// Runs a command to its end, without standard input.
///
/// # Panics
/// It could not be started, or did not end within two minutes.
#[track_caller]
pub fn run(command: &mut Command) -> Finished {
    run_for(command, PATIENCE)
}

/// Runs a command to its end, without standard input, for at most the time given.
///
/// # Panics
/// It could not be started, or did not end in time.
#[track_caller]
pub fn run_for(command: &mut Command, patience: Duration) -> Finished {
    let started = start(command);
    match started.finish(patience) {
        Ok(finished) => finished,
        Err(command) => panic!("`{command}` did not end within {patience:?} and was killed"),
    }
}

/// A command that runs, and the threads that read what it writes.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) child: Child,
    command: String,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

/// Starts a command without standard input.
#[track_caller]
pub(crate) fn start(command: &mut Command) -> Started {
    let line = command_line(command);
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => panic!("`{line}` could not be started: {error}"),
    };
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    Started { child, command: line, stdout, stderr }
}

impl Started {
    /// Waits for the end; when it does not come, kills the command and answers with its command line.
    pub(crate) fn finish(mut self, patience: Duration) -> Result<Finished, String> {
        let Some(status) = wait(&mut self.child, patience) else {
            end(&mut self.child);
            return Err(self.command);
        };
        let read = |thread: JoinHandle<Vec<u8>>| thread.join().unwrap_or_default();
        Ok(Finished { command: self.command, status, stdout: read(self.stdout), stderr: read(self.stderr) })
    }
}

/// Waits for a child's end, for at most the time given.
pub(crate) fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + patience;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(GLANCE);
    }
}

/// Kills a child and takes note of its death.
pub(crate) fn end(child: &mut Child) {
    // Both fail only when the child is dead already.
    let _ = child.kill();
    let _ = child.wait();
}

/// Tries until there is a value, for at most the time given.
pub(crate) fn until<T>(patience: Duration, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = attempt() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks leaves what came before; the exit status tells the rest.
        let _: Option<io::Result<usize>> = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        bytes
    })
}

fn command_line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_outputs_and_the_status_are_kept() {
        let finished = run(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]));
        assert_eq!(finished.text(), "out");
        assert_eq!(finished.stderr, b"err\n");
        assert_eq!(finished.status.code(), Some(3));
        assert!(finished.to_string().contains("exit 3"), "{finished}");
    }

    #[test]
    #[should_panic(expected = "did not end within")]
    fn an_endless_command_is_killed() {
        let _ = run_for(Command::new("sleep").arg("600"), Duration::from_millis(100));
    }
}
