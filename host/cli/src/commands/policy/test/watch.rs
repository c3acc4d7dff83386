//! Running again when something changes.

use std::{
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use super::{TestArguments, print, run_once};
use crate::{
    failure::{Ending, Failure},
    output::{FAINT, PLAIN},
    session::Session,
};

/// How often files are looked at.
const PAUSE: Duration = Duration::from_millis(300);

/// Runs until the process is ended. A mistake in a file is shown and waited out.
pub(super) fn run(session: &Session, arguments: &TestArguments) -> Result<Ending, Failure> {
    loop {
        let before = stamps(arguments);
        match run_once(session, arguments) {
            Ok(reports) => {
                print(session, arguments, &reports)?;
            }
            Err(failure) => failure.print(),
        }
        tell!("{FAINT}waiting for a change; Ctrl-C ends{PLAIN}");
        while stamps(arguments) == before {
            thread::sleep(PAUSE);
        }
    }
}

/// When each watched file was last written. Files that are not there yet are watched for too.
fn stamps(arguments: &TestArguments) -> Vec<(PathBuf, Option<SystemTime>)> {
    let mut files = arguments.suites.files().unwrap_or_default();
    let mut policies: Vec<PathBuf> = arguments.suites.policy.iter().map(PathBuf::from).collect();
    for file in &files {
        let written = std::fs::read_to_string(file).unwrap_or_default();
        let named = written.lines().find_map(|line| {
            let value = line.trim_start().strip_prefix("policy")?.trim_start();
            let value = value.strip_prefix('=').or_else(|| value.strip_prefix(':'))?;
            Some(value.split('#').next()?.trim().trim_matches(['"', '\'']).to_owned())
        });
        policies.extend(named.map(|named| file.parent().unwrap_or_else(|| Path::new("")).join(named)));
    }
    files.extend(policies);
    files.into_iter().map(|file| (file.clone(), modified(&file))).collect()
}

fn modified(file: &Path) -> Option<SystemTime> {
    file.metadata().ok()?.modified().ok()
}
