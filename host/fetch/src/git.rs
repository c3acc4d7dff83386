//! The program `git` in one folder, bounded in time and without surprises from the configuration of its user.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::{process::Command, time::timeout};

use crate::{error::FetchError, web::shown};

/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(1800);

/// What the user's configuration says about this does not hold here: a checkout must be the same everywhere. Credentials
/// stay git's own affair.
const SETTINGS: [&str; 13] = [
    "advice.detachedHead=false",
    "core.autocrlf=false",
    "core.eol=lf",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.symlinks=true",
    "gc.auto=0",
    "init.defaultBranch=main",
    "filter.lfs.process=",
    "filter.lfs.smudge=",
    "filter.lfs.required=false",
    // A connection over which nothing comes is given up.
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
];

/// Variables that would lead git elsewhere than into the folder.
const MISLEADING: [&str; 11] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_SHALLOW_FILE",
    "GIT_QUARANTINE_PATH",
    "GIT_TEMPLATE_DIR",
    "GIT_TRACE_CURL",
];

/// git in a folder.
pub(crate) struct Git<'a> {
    pub(crate) folder: PathBuf,
    /// The repository elsewhere.
    pub(crate) url: &'a str,
}

impl Git<'_> {
    /// Runs a command to its end; answers what it printed.
    pub(crate) async fn run(&self, action: &'static str, arguments: &[&str]) -> Result<String, FetchError> {
        let mut command = Command::new("git");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for variable in MISLEADING {
            command.env_remove(variable);
        }
        command
            .args(arguments)
            .current_dir(&self.folder)
            // Nothing of this machine, and no program that an address names (git(1), GIT_ALLOW_PROTOCOL).
            .env("GIT_ALLOW_PROTOCOL", "git:http:https:ssh")
            .env("GIT_CEILING_DIRECTORIES", self.folder.parent().unwrap_or(&self.folder))
            .env("GIT_TERMINAL_PROMPT", "0")
            // ssh asks this program, which says nothing, instead of the terminal (ssh(1), ENVIRONMENT).
            .env("SSH_ASKPASS", "/bin/false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let late = |_| FetchError::TimedOut { what: format!("git {action}"), patience: PATIENCE };
        let output = timeout(PATIENCE, command.output()).await.map_err(late)?.map_err(FetchError::NoGit)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        let complaint = String::from_utf8_lossy(&output.stderr);
        Err(FetchError::Git { action, url: shown(self.url), message: self.said(&complaint) })
    }

    /// What git complained about in one line, the address without its secrets.
    fn said(&self, complaint: &str) -> String {
        let clean = complaint.replace(self.url, &shown(self.url));
        let lines = clean.lines().filter_map(|line| {
            let said = ["fatal:", "error:", "remote:"].iter().find_map(|mark| line.strip_prefix(mark))?;
            Some(said.trim()).filter(|said| !said.is_empty())
        });
        let lines: Vec<_> = lines.collect();
        if lines.is_empty() { clean.trim().replace('\n', " ") } else { lines.join("; ") }
    }
}
