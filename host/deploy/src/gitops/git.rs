//! The program `git`, bounded in time and without surprises from the configuration of its user.

use std::{ffi::OsStr, path::PathBuf, process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

use super::{
    error::GitOpsError,
    redact::{Secrets, redact},
};

/// How long one command may take. A first fetch of a large repository takes longest.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the user's configuration says about this does not hold here. Credentials stay git's own affair.
const SETTINGS: [&str; 9] = [
    "core.hooksPath=/dev/null",
    "commit.gpgSign=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "i18n.commitEncoding=UTF-8",
    "gc.autoDetach=false",
    "protocol.ext.allow=never",
    // A connection over which nothing comes is given up.
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
];

/// Variables that would lead git elsewhere than into the clone.
const MISLEADING: [&str; 12] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_SHALLOW_FILE",
    "GIT_QUARANTINE_PATH",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_DATE",
    "GIT_TRACE_CURL",
];

/// git in one bare repository.
#[derive(Debug, Clone)]
pub(super) struct Git {
    pub(super) folder: PathBuf,
    repository: String,
    secrets: Secrets,
}

/// One command to run.
#[derive(Default)]
pub(super) struct Call<'a> {
    /// What it does, for errors: a verb and its object.
    pub(super) action: &'static str,
    /// Its arguments.
    pub(super) arguments: Vec<&'a OsStr>,
    /// Its standard input.
    pub(super) input: &'a [u8],
    /// Further variables.
    pub(super) variables: Vec<(&'static str, &'a OsStr)>,
}

/// A command that ended by itself.
#[derive(Debug)]
pub(super) struct Ran {
    /// Whether it did what it was to do.
    pub(super) success: bool,
    /// What it printed.
    pub(super) output: Vec<u8>,
    /// What it complained about, without secrets.
    pub(super) complaint: String,
}

impl Git {
    /// git in a folder, which speaks with a repository elsewhere.
    pub(super) fn new(folder: PathBuf, repository: &str) -> Self {
        Self { folder, repository: redact(repository), secrets: Secrets::of(repository) }
    }

    /// The repository elsewhere, without secrets.
    pub(super) fn repository(&self) -> &str {
        &self.repository
    }

    /// Runs a command to its end.
    pub(super) async fn run(&self, call: &Call<'_>) -> Result<Ran, GitOpsError> {
        let mut command = self.command(call);
        let mut child = command.spawn().map_err(GitOpsError::NoGit)?;
        let mut stdin = child.stdin.take();
        let feed = async {
            if let Some(stdin) = &mut stdin {
                // A command that ends before it has read everything says why itself.
                let _ = stdin.write_all(call.input).await;
            }
            drop(stdin);
        };
        let ended = timeout(PATIENCE, async { tokio::join!(feed, child.wait_with_output()).1 }).await;
        let output = ended
            .map_err(|_| GitOpsError::TimedOut { action: call.action, patience: PATIENCE })?
            .map_err(GitOpsError::NoGit)?;
        Ok(Ran {
            success: output.status.success(),
            output: output.stdout,
            complaint: self.secrets.hide(&String::from_utf8_lossy(&output.stderr)),
        })
    }

    /// Runs a command that works on the clone alone, and answers with what it printed.
    pub(super) async fn local(&self, call: &Call<'_>) -> Result<Vec<u8>, GitOpsError> {
        let ran = self.run(call).await?;
        if ran.success { Ok(ran.output) } else { Err(unexplained(call.action, &ran)) }
    }

    /// The same for one line of text.
    pub(super) async fn line(&self, call: &Call<'_>) -> Result<String, GitOpsError> {
        let printed = self.local(call).await?;
        Ok(String::from_utf8_lossy(&printed).trim().to_owned())
    }

    fn command(&self, call: &Call<'_>) -> Command {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&self.folder).arg("--literal-pathspecs");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for variable in MISLEADING {
            command.env_remove(variable);
        }
        command
            .args(&call.arguments)
            .envs(call.variables.iter().copied())
            .env("GIT_TERMINAL_PROMPT", "0")
            // ssh asks this program, which says nothing, instead of the terminal (ssh(1), ENVIRONMENT).
            .env("SSH_ASKPASS", "/bin/false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Why a command that spoke with the server failed, as far as git's words tell.
    pub(super) fn explained(&self, action: &'static str, ran: &Ran) -> GitOpsError {
        let (repository, message) = (self.repository.clone(), said(&ran.complaint));
        match cause(&ran.complaint) {
            Some(Cause::Authentication) => GitOpsError::Authentication { repository, message },
            Some(Cause::Unreachable) => GitOpsError::Unreachable { repository, message },
            Some(Cause::NoRepository) => GitOpsError::NoRepository { repository, message },
            None => unexplained(action, ran),
        }
    }
}

fn unexplained(action: &'static str, ran: &Ran) -> GitOpsError {
    GitOpsError::Git { action, message: said(&ran.complaint) }
}

/// Why a server was of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Authentication,
    Unreachable,
    NoRepository,
}

/// What git, curl and ssh say, by cause.
const WORDS: [(Cause, &[&str]); 3] = [
    (
        Cause::Authentication,
        &[
            "Authentication failed",
            "could not read Username",
            "could not read Password",
            "terminal prompts disabled",
            "Permission denied (",
            "Host key verification failed",
            "returned error: 401",
            "returned error: 403",
            "access denied",
        ],
    ),
    (
        Cause::Unreachable,
        &[
            "Could not resolve host",
            "Failed to connect",
            "Could not connect",
            "Connection refused",
            "Connection timed out",
            "Connection reset",
            "Connection closed",
            "Operation too slow",
            "returned error: 5",
            "SSL",
            "the remote end hung up",
        ],
    ),
    (
        Cause::NoRepository,
        &[
            "does not exist",
            "Repository not found",
            "repository not found",
            "not found",
            "does not appear to be a git repository",
        ],
    ),
];

fn cause(complaint: &str) -> Option<Cause> {
    let says = |words: &[&str]| words.iter().any(|words| complaint.contains(words));
    WORDS.iter().find(|(_, words)| says(words)).map(|(cause, _)| *cause)
}

/// What git complained about in one line: what the server said first, without what git says to everybody.
pub(super) fn said(complaint: &str) -> String {
    let remote = complaint.lines().filter_map(|line| line.strip_prefix("remote:"));
    let own = complaint.lines().filter_map(|line| {
        line.strip_prefix("fatal:")
            .or_else(|| line.strip_prefix("error:"))
            .or(line.contains("Permission denied").then_some(line))
    });
    let lines: Vec<_> = remote.chain(own).map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() { complaint.trim().replace('\n', " ") } else { lines.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_from_the_words_of_git() {
        let cases = [
            ("fatal: Authentication failed for 'http://h/x/'", Some(Cause::Authentication)),
            (
                "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                Some(Cause::Authentication),
            ),
            ("fatal: unable to access 'http://h/': Failed to connect to h port 1", Some(Cause::Unreachable)),
            ("fatal: '/x' does not appear to be a git repository", Some(Cause::NoRepository)),
            ("fatal: repository 'http://h/x/' not found", Some(Cause::NoRepository)),
            ("fatal: bad object HEAD", None),
        ];
        for (complaint, expected) in cases {
            assert_eq!(cause(complaint), expected, "{complaint}");
        }
    }

    #[test]
    fn the_server_is_quoted_first() {
        let complaint = "remote: No releases on Fridays.        \nremote: \nTo /x\n ! [remote rejected] a -> b\nerror: failed to push some refs to '/x'\n";
        assert_eq!(said(complaint), "No releases on Fridays. failed to push some refs to '/x'");
        assert_eq!(said("odd\nwords\n"), "odd words");
    }
}
