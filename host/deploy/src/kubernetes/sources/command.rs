//! Programs that print manifests.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::kubernetes::error::KubernetesError;

/// How long a program may take: it may fetch bases or charts.
const LIMIT: Duration = Duration::from_secs(300);

/// How much it may print, in bytes.
const MOST: u64 = 64 << 20;

/// How many of the last lines on its standard error are told.
const LINES: usize = 20;

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    words: Vec<String>,
    folder: PathBuf,
    /// What it is called in messages.
    name: String,
}

impl Command {
    pub(super) fn new(words: Vec<String>, folder: &Path) -> Self {
        Self { name: words.join(" "), words, folder: folder.to_owned() }
    }

    /// With a shorter name for messages.
    pub(super) fn called(self, name: String) -> Self {
        Self { name, ..self }
    }

    #[cfg(test)]
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }
}

/// Runs the first command whose program is there; its name and what it printed.
pub(super) async fn first_that_starts(commands: &[Command]) -> Result<(String, String), KubernetesError> {
    let mut missing = io::Error::from(io::ErrorKind::NotFound);
    for command in commands {
        match start(command) {
            Ok(child) => return Ok((command.name.clone(), finish(command, child).await?)),
            Err(error) => {
                let go_on = error.kind() == io::ErrorKind::NotFound;
                missing = error;
                if !go_on {
                    break;
                }
            }
        }
    }
    let programs: Vec<_> = commands.iter().filter_map(|command| command.words.first().cloned()).collect();
    Err(KubernetesError::NotStarted { program: programs.join("` or `"), source: missing })
}

fn start(command: &Command) -> io::Result<tokio::process::Child> {
    let (program, arguments) = command.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    tokio::process::Command::new(program)
        .args(arguments)
        .current_dir(&command.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Waits for a program and gives what it printed.
async fn finish(command: &Command, mut child: tokio::process::Child) -> Result<String, KubernetesError> {
    let name = || command.name.clone();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let printed = |problem| KubernetesError::CommandOutput { command: name(), problem };
    let work = async {
        let (out, err) = tokio::try_join!(all(out), all(err))
            .map_err(|_| printed("more than 64 MiB, or something that cannot be read"))?;
        let status =
            child.wait().await.map_err(|source| KubernetesError::NotStarted { program: name(), source })?;
        if !status.success() {
            return Err(KubernetesError::CommandFailed { command: name(), status, said: last_lines(&err) });
        }
        String::from_utf8(out).map_err(|_| printed("something that is no UTF-8 text"))
    };
    let late = KubernetesError::CommandTooSlow { command: name(), limit: LIMIT };
    tokio::time::timeout(LIMIT, work).await.unwrap_or(Err(late))
}

/// Everything that a program prints to one place.
async fn all(from: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(MOST + 1).read_to_end(&mut bytes).await?;
    }
    if bytes.len() as u64 > MOST { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

fn last_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.trim().lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
