//! Finding case files and the policy that they are about.

use std::path::{Path, PathBuf};

use clap::Args;
use plimsoll_core::ports::FailureClass;
use plimsoll_harness::cases::{Suite, SuiteError};

use crate::{failure::Failure, session::Session};

/// What names a policy and its case files.
#[derive(Debug, Clone, Args)]
pub(crate) struct SuiteArguments {
    /// The policy: stock:NAME, a file or oci://... Without it the one that the case file names.
    pub(crate) policy: Option<String>,
    /// A case file, or a folder that holds `cases.toml` or a folder `cases`; repeatable. Without it the current folder.
    #[arg(long, value_name = "PATH")]
    pub(crate) cases: Vec<PathBuf>,
}

/// A suite with the policy that it is about, by its reference.
pub(crate) struct NamedSuite {
    pub(crate) suite: Suite,
    pub(crate) reference: String,
}

impl SuiteArguments {
    /// The case files.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let here = [PathBuf::from(".")];
        let places = if self.cases.is_empty() { &here[..] } else { &self.cases };
        let mut files = Vec::new();
        for place in places {
            let found = if place.is_dir() { in_folder(place) } else { vec![place.clone()] };
            if found.is_empty() {
                let message = format!("{} holds no case file", place.display());
                return Err(Failure::new(FailureClass::Configuration, message)
                    .hint("write `cases.toml` beside the policy, or name a file with --cases"));
            }
            files.extend(found);
        }
        Ok(files)
    }

    /// The suites, read; all that is wrong with any of them is told at once.
    pub(crate) fn read(&self) -> Result<Vec<NamedSuite>, Failure> {
        let (mut suites, mut problems) = (Vec::new(), Vec::new());
        for file in self.files()? {
            match Suite::read(&file)
                .map_err(|error: SuiteError| error.to_string())
                .and_then(|suite| self.name(suite))
            {
                Ok(suite) => suites.push(suite),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            return Ok(suites);
        }
        Err(Failure::new(FailureClass::Configuration, problems.join("\n")).hint(
            "docs/test-a-policy.md describes case files; `plimsoll schema cases` prints their JSON Schema",
        ))
    }

    fn name(&self, suite: Suite) -> Result<NamedSuite, String> {
        let reference = match (&self.policy, &suite.policy) {
            (Some(reference), _) => reference.clone(),
            (None, Some(written)) => beside(&suite.path, written),
            (None, None) => {
                return Err(format!(
                    "{} names no policy: write `policy = \"...\"` into it, or name one on the command line",
                    suite.path.display()
                ));
            }
        };
        Ok(NamedSuite { suite, reference })
    }
}

/// A reference as the file at `path` means it: paths are relative to the file.
fn beside(path: &Path, written: &str) -> String {
    if written.contains(':') {
        return written.to_owned();
    }
    path.parent().unwrap_or_else(|| Path::new("")).join(written).display().to_string()
}

/// The case files of a folder, sorted.
fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let named = ["cases.toml", "cases.yaml", "cases.yml"].map(|name| folder.join(name));
    let mut files: Vec<PathBuf> = named.into_iter().filter(|file| file.is_file()).collect();
    let entries = std::fs::read_dir(folder.join("cases")).into_iter().flatten().flatten();
    let mut more: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| ["toml", "yaml", "yml"].iter().any(|known| extension == *known))
        })
        .collect();
    more.sort();
    files.extend(more);
    files
}

/// Opens the policy of a suite.
pub(crate) fn open(session: &Session, reference: &str) -> Result<plimsoll_app::policies::Policy, Failure> {
    Ok(plimsoll_app::policies::open(&session.policy_source()?, reference)?)
}
