//! A command that says by its exit code whether an environment is well.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use async_trait::async_trait;
use plimsoll_core::{
    contract::EvidenceOutcome,
    names::{CheckName, EnvironmentName},
    ports::{Activity, Check, Checked, Deployment, Progress},
};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::{
    tail::Tail,
    text::{LONGEST_VALUE, line},
};

/// How long the output of a command that has ended is waited for: something that it left in the background may hold it open.
const GRACE: Duration = Duration::from_secs(1);

/// Runs a command: exit code 0 passes, any other fails with the end of what it printed. One that cannot be started, and one
/// that something else ended, leaves the check unknown.
///
/// The command gets the environment of the host and what it is about: `PLIMSOLL_ENVIRONMENT`, `PLIMSOLL_RELEASE`,
/// `PLIMSOLL_DIGEST`, `PLIMSOLL_IMAGE` (repository and digest) and, when there is one, `PLIMSOLL_VERSION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandCheck {
    /// Its name.
    pub name: CheckName,
    /// Whether the environment counts as unhealthy when it does not pass.
    pub required: bool,
    /// The program and its arguments; no shell reads them. A program with a `/` in it is looked for in the folder.
    pub words: Vec<String>,
    /// Where it runs.
    pub folder: PathBuf,
    /// How long it may take. Then it is killed with everything that it started, and has failed.
    pub timeout: Duration,
}

#[async_trait]
impl Check for CommandCheck {
    fn name(&self) -> &CheckName {
        &self.name
    }

    fn required(&self) -> bool {
        self.required
    }

    async fn run(
        &self,
        environment: &EnvironmentName,
        deployment: &Deployment,
        progress: &dyn Progress,
    ) -> Checked {
        let started = self.command(environment, deployment).and_then(|mut command| {
            command
                .spawn()
                .map_err(|error| format!("`{}` cannot be started: {error}", command_name(&self.words)))
        });
        match started {
            Ok(child) => self.watch(Group(child), progress).await,
            Err(problem) => checked(EvidenceOutcome::Unknown, &problem),
        }
    }
}

impl CommandCheck {
    fn command(&self, environment: &EnvironmentName, deployment: &Deployment) -> Result<Command, String> {
        let (program, arguments) = self.words.split_first().ok_or("the command is empty")?;
        let folder = std::path::absolute(&self.folder)
            .map_err(|error| format!("the folder {} cannot be used: {error}", self.folder.display()))?;
        let mut command = Command::new(located(program, &folder));
        command.args(arguments).current_dir(&folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("PLIMSOLL_ENVIRONMENT", environment.as_str());
        command.env("PLIMSOLL_RELEASE", deployment.release.as_str());
        command.env("PLIMSOLL_DIGEST", deployment.digest.to_string());
        command.env("PLIMSOLL_IMAGE", format!("{}@{}", deployment.repository, deployment.digest));
        match &deployment.version {
            Some(version) => command.env("PLIMSOLL_VERSION", version),
            None => command.env_remove("PLIMSOLL_VERSION"),
        };
        #[cfg(unix)]
        command.process_group(0);
        Ok(command)
    }

    /// Waits for the end, or makes one.
    async fn watch(&self, mut group: Group, progress: &dyn Progress) -> Checked {
        let mut output = Tail::default();
        let mut errors = Tail::default();
        let say = |text: &str| progress.activity(Activity::Line(text));
        let status = {
            let streams = (group.0.stdout.take(), group.0.stderr.take());
            let follow = async {
                tokio::join!(
                    async {
                        if let Some(stream) = streams.0 {
                            output.follow(stream, say).await;
                        }
                    },
                    async {
                        if let Some(stream) = streams.1 {
                            errors.follow(stream, say).await;
                        }
                    },
                );
            };
            tokio::pin!(follow);
            let ended = async {
                tokio::select! {
                    status = group.0.wait() => {
                        let _ = timeout(GRACE, &mut follow).await;
                        status
                    }
                    () = &mut follow => group.0.wait().await,
                }
            };
            timeout(self.timeout, ended).await
        };
        let printed = |longest| {
            let errors = errors.joined(longest);
            if errors.is_empty() { output.joined(longest) } else { errors }
        };
        match status {
            Ok(Ok(status)) => outcome(status, printed),
            Ok(Err(error)) => {
                checked(EvidenceOutcome::Unknown, &format!("the command cannot be watched: {error}"))
            }
            Err(_) => {
                group.end().await;
                let what = format!("it did not end within {} s and was killed", self.timeout.as_secs_f32());
                checked(EvidenceOutcome::Failed, &with_output(&what, printed))
            }
        }
    }
}

/// A command and what it started. What still runs when this is dropped is killed.
struct Group(Child);

impl Group {
    /// Kills it and waits until it is gone. One that may not be killed, for it became another user's, is left.
    async fn end(&mut self) {
        self.kill();
        let _ = timeout(GRACE, self.0.wait()).await;
    }

    fn kill(&mut self) {
        // There is an id only until the end was seen, so it cannot be somebody else's by now.
        #[cfg(unix)]
        if let Some(id) = self.0.id()
            && let Some(group) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw)
        {
            // The only failure is that nobody is left.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        #[cfg(not(unix))]
        let _ = self.0.start_kill();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The program, where it is meant to be: a relative path counts from the folder, on every system.
fn located(program: &str, folder: &Path) -> PathBuf {
    let path = Path::new(program);
    if path.components().count() > 1 { folder.join(path) } else { path.to_owned() }
}

fn command_name(words: &[String]) -> &str {
    words.first().map_or("", String::as_str)
}

fn outcome(status: ExitStatus, printed: impl Fn(usize) -> String) -> Checked {
    match status.code() {
        Some(0) => {
            let printed = printed(LONGEST_VALUE);
            Checked { outcome: EvidenceOutcome::Passed, value: (!printed.is_empty()).then_some(printed) }
        }
        Some(code) => checked(EvidenceOutcome::Failed, &with_output(&format!("exit code {code}"), printed)),
        None => checked(EvidenceOutcome::Unknown, &with_output(&format!("it was ended: {status}"), printed)),
    }
}

fn with_output(what: &str, printed: impl Fn(usize) -> String) -> String {
    let output = printed(LONGEST_VALUE.saturating_sub(what.len() + 2));
    if output.is_empty() { what.to_owned() } else { format!("{what}: {output}") }
}

fn checked(outcome: EvidenceOutcome, value: &str) -> Checked {
    Checked { outcome, value: Some(line(value, LONGEST_VALUE)) }
}
