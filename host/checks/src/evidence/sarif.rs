//! Results of scanners: SARIF 2.1.0 plus Errata 01 (OASIS standard); the sections below are that one's.

mod log;

use plimsoll_core::contract::EvidenceOutcome;

use self::log::{BaselineState, Kind, Log, Result as ScanResult, Run, Status};
use super::{EvidenceError, Level, Outcome, counted, not_json};

/// The most names of tools that a summary has.
const MOST_TOOLS: usize = 5;

pub(super) fn read(file: &str, bytes: &[u8], threshold: Level) -> Result<Outcome, EvidenceError> {
    let log: Log = serde_json::from_slice(bytes).map_err(|error| not_json(file, "SARIF 2.1.0", &error))?;
    if log.version != "2.1.0" {
        let version = log.version.chars().take(20).collect();
        return Err(EvidenceError::OtherVersion { file: file.to_owned(), version });
    }
    let mut count = Count::default();
    for run in &log.runs {
        count.add_run(run);
    }
    let doubt = if log.runs.is_empty() { Some("it holds no run") } else { log.runs.iter().find_map(doubt) };
    let outcome = match doubt {
        _ if count.from(threshold) > 0 => EvidenceOutcome::Failed,
        Some(_) => EvidenceOutcome::Unknown,
        None => EvidenceOutcome::Passed,
    };
    let mut value = count.summary(&tools(&log));
    if let Some(doubt) = doubt {
        value = format!("{value}; {doubt}");
    }
    Ok((outcome, Some(value)))
}

/// Why a run does not tell the whole truth, if so.
fn doubt(run: &Run) -> Option<&'static str> {
    let elsewhere = run.external_property_file_references.as_ref();
    if elsewhere.is_some_and(|files| files.results.as_ref().is_some_and(|files| !files.is_empty())) {
        // Section 3.15: results may lie in files of their own.
        Some("results lie in other files, which are not read")
    } else if run.invocations().any(|invocation| invocation.execution_successful == Some(false)) {
        // Section 3.20.14.
        Some("the tool says that it did not run to its end")
    } else if run.results.is_none() {
        // Section 3.14.23: a run that looked for results and found none has an empty list of them.
        Some("a run did not look for results")
    } else {
        None
    }
}

/// How many results there are of each level, and how many do not count.
#[derive(Debug, Default)]
struct Count {
    /// By level, least first.
    levels: [u64; 4],
    /// People have to look at them: kinds `open` and `review` (section 3.27.9).
    undecided: u64,
    suppressed: u64,
}

impl Count {
    fn add_run(&mut self, run: &Run) {
        for result in run.results.iter().flatten() {
            // Section 3.27.24: an absent result was in the baseline and is not there now.
            if result.baseline_state == Some(BaselineState::Absent) {
                continue;
            }
            match result.kind.unwrap_or(Kind::Fail) {
                _ if is_suppressed(result) => self.suppressed += 1,
                Kind::Open | Kind::Review => self.undecided += 1,
                Kind::Pass | Kind::Informational | Kind::NotApplicable => {}
                Kind::Fail => self.levels[run.level(result) as usize] += 1,
            }
        }
    }

    /// Results of this level and graver ones.
    fn from(&self, threshold: Level) -> u64 {
        self.levels[threshold as usize..].iter().sum()
    }

    fn summary(&self, tools: &str) -> String {
        let [none, notes, warnings, errors] = self.levels;
        let parts = [
            (errors, counted(errors, "error")),
            (warnings, counted(warnings, "warning")),
            (notes, counted(notes, "note")),
            (none, counted(none, "ungraded result")),
            (self.undecided, format!("{} to review", self.undecided)),
            (self.suppressed, format!("{} suppressed", self.suppressed)),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter_map(|(count, text)| (count > 0).then_some(text)).collect();
        let parts = if parts.is_empty() { "nothing found".to_owned() } else { parts.join(", ") };
        if tools.is_empty() { parts } else { format!("{parts} ({tools})") }
    }
}

/// Section 3.27.23: a result is suppressed when it has suppressions and all of them are accepted (section 3.35.3: the default).
fn is_suppressed(result: &ScanResult) -> bool {
    let suppressions = result.suppressions.as_deref().unwrap_or_default();
    let accepted = |status: Option<Status>| status.unwrap_or(Status::Accepted) == Status::Accepted;
    !suppressions.is_empty() && suppressions.iter().all(|suppression| accepted(suppression.status))
}

/// The names of the tools, each once.
fn tools(log: &Log) -> String {
    let mut names: Vec<&str> = Vec::new();
    for run in &log.runs {
        let name = run.tool.driver.name.as_str();
        if !names.contains(&name) && names.len() < MOST_TOOLS {
            names.push(name);
        }
    }
    names.join(", ")
}
