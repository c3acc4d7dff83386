//! The program `git` in one folder, bounded in time and without surprises from the configuration of its user.

use std::{path::PathBuf, process::Stdio, time::Duration};

use percent_encoding::percent_decode_str;
use tokio::{process::Command, time::timeout};

use crate::{error::FetchError, web::shown};

/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(1800);

/// What the user's configuration says about this does not hold here: a checkout must be the same everywhere. Credentials
/// stay git's own affair.
const SETTINGS: [&str; 15] = [
    "advice.detachedHead=false",
    "core.autocrlf=false",
    "core.eol=lf",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.logAllRefUpdates=false",
    "core.symlinks=true",
    "gc.auto=0",
    "init.defaultBranch=main",
    "init.templateDir=",
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
        let clean = without_secrets(complaint, self.url);
        let lines = clean.lines().filter_map(|line| {
            let said = ["fatal:", "error:", "remote:"].iter().find_map(|mark| line.strip_prefix(mark))?;
            Some(said.trim()).filter(|said| !said.is_empty())
        });
        let lines: Vec<_> = lines.collect();
        if lines.is_empty() { clean.trim().replace('\n', " ") } else { lines.join("; ") }
    }
}

/// The shortest name of a user that is hidden by itself: it may be a token, where shorter ones are words of messages, too.
const SHORTEST_NAME: usize = 8;

/// A text without the name and password in an address, whichever part of the address git shows: it may leave out the password
/// or the path, and resolve `%40` (its `credential_describe`).
fn without_secrets(text: &str, url: &str) -> String {
    let mut clean = text.replace(url, &shown(url));
    let Some((scheme, rest)) = url.split_once("://") else { return clean };
    let authority = rest.split('/').next().unwrap_or_default();
    let Some((user_information, _)) = authority.rsplit_once('@') else { return clean };
    let (name, password) = user_information.split_once(':').unwrap_or((user_information, ""));
    let (plain_name, plain_password) = (decoded(name), decoded(password));
    for form in [user_information, name, &plain_name] {
        clean = clean.replace(&format!("://{form}@"), "://");
    }
    let may_be_token = |name: &&str| scheme.starts_with("http") && name.len() >= SHORTEST_NAME;
    let names = [name, &plain_name].into_iter().filter(may_be_token);
    for secret in [password, &plain_password].into_iter().chain(names).filter(|secret| !secret.is_empty()) {
        clean = clean.replace(secret, "***");
    }
    clean
}

/// A part of an address with its `%20` resolved.
fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_an_address_gives_its_secrets_away() {
        for url in [
            "https://ghp_SECRET@h/a.git",
            "https://me:ghp_SECRET@h/a.git",
            "https://ghp_SECRET:x-oauth-basic@h/a.git",
        ] {
            for said in [
                url,
                "https://ghp_SECRET@h",
                "https://me:ghp_SECRET@h/b",
                "bad ghp_SECRET",
                "https://ghp_SECRET:x@h",
            ] {
                let shown = without_secrets(&format!("fatal: no Password for '{said}': no"), url);
                assert!(!shown.contains("ghp_SECRET"), "{url}: {shown}");
            }
        }
        let url = "https://me:p%40ss%2Fword@h/a.git";
        assert_eq!(without_secrets("'https://me@h': p@ss/word, p%40ss%2Fword", url), "'https://h': ***, ***");
        assert_eq!(without_secrets("git: no 'ssh://git@h/a'", "ssh://git@h/a"), "git: no 'ssh://h/a'");
    }
}
