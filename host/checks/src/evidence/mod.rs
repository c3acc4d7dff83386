//! Evidence from files: what a scanner, a test runner or anybody else found out about a release.
//!
//! Reading is careful with what it cannot know: a report of nothing, of a scan that broke off or of results that lie elsewhere
//! is [`EvidenceOutcome::Unknown`], never passed.

mod json;
mod junit;
mod sarif;

use std::{fmt, str::FromStr};

use plimsoll_core::{contract::EvidenceOutcome, ports::Checked};
use serde::{Deserialize, de::IgnoredAny};

use crate::text::{LONGEST_VALUE, line};

/// The largest file that is read, bytes.
pub const LARGEST_FILE: usize = 64 << 20;

/// What a file with evidence is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// SARIF 2.1.0 (OASIS standard), as scanners and linters write it.
    Sarif,
    /// JUnit's XML, as test runners write it.
    Junit,
    /// An object `{ "outcome": "passed", "value": "..." }`; the outcome is `passed`, `failed` or `unknown`, the value, a line
    /// for people, may be absent.
    Json,
}

/// A text that is no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format of evidence: expected `sarif`, `junit` or `json`")]
pub struct InvalidFormat(pub String);

impl FromStr for Format {
    type Err = InvalidFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "sarif" => Ok(Self::Sarif),
            "junit" => Ok(Self::Junit),
            "json" => Ok(Self::Json),
            _ => Err(InvalidFormat(text.to_owned())),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Json => "json",
        })
    }
}

/// How grave a result of a scan is (SARIF 2.1.0, section 3.27.10), least first. As a threshold: from where on a result fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not graded. As a threshold: every problem fails.
    None,
    /// An opportunity for improvement.
    Note,
    /// A problem.
    Warning,
    /// A serious problem.
    #[default]
    Error,
}

/// A text that is no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no level of a scan's results: expected `error`, `warning`, `note` or `none`")]
pub struct InvalidLevel(pub String);

impl FromStr for Level {
    type Err = InvalidLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "error" => Ok(Self::Error),
            "warning" => Ok(Self::Warning),
            "note" => Ok(Self::Note),
            "none" => Ok(Self::None),
            _ => Err(InvalidLevel(text.to_owned())),
        }
    }
}

/// Why a file is no evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// It is too large.
    #[error("{file} is {size} bytes, and at most {LARGEST_FILE} are read; hand in a smaller report")]
    TooLarge {
        /// The file.
        file: String,
        /// Its bytes.
        size: usize,
    },
    /// It is in none of the formats.
    #[error(
        "{file} is in no format of evidence that is known: expected SARIF 2.1.0, JUnit XML, or a JSON object with `outcome`"
    )]
    Unrecognised {
        /// The file.
        file: String,
    },
    /// It breaks the rules of its format.
    #[error("{file}:{line}: not {format}: {problem}")]
    Malformed {
        /// The file.
        file: String,
        /// The format, as people call it.
        format: &'static str,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// It is of a version that is not read.
    #[error(
        "{file} is SARIF of version `{version}`, and only 2.1.0 is read; most tools can be told to write that"
    )]
    OtherVersion {
        /// The file.
        file: String,
        /// The version.
        version: String,
    },
}

/// Takes the result out of a report. `file` is its name, for messages. Without a format its content tells which one it is.
/// `threshold` is for SARIF.
///
/// # Errors
/// The file is too large, or is not in the format.
pub fn read(
    file: &str,
    bytes: &[u8],
    format: Option<Format>,
    threshold: Level,
) -> Result<Checked, EvidenceError> {
    if bytes.len() > LARGEST_FILE {
        return Err(EvidenceError::TooLarge { file: file.to_owned(), size: bytes.len() });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let format = match format {
        Some(format) => format,
        None => detect(file, bytes)?,
    };
    let (outcome, value) = match format {
        Format::Sarif => sarif::read(file, bytes, threshold)?,
        Format::Junit => junit::read(file, bytes)?,
        Format::Json => json::read(file, bytes)?,
    };
    let value = value.map(|value| line(&value, LONGEST_VALUE)).filter(|value| !value.is_empty());
    Ok(Checked { outcome, value })
}

/// What a file's content shows it to be written in.
fn detect(file: &str, bytes: &[u8]) -> Result<Format, EvidenceError> {
    /// The members that tell the formats in JSON apart.
    #[derive(Deserialize)]
    struct Shape {
        runs: Option<IgnoredAny>,
        version: Option<IgnoredAny>,
        outcome: Option<IgnoredAny>,
    }
    let unrecognised = || EvidenceError::Unrecognised { file: file.to_owned() };
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'<') => Ok(Format::Junit),
        Some(b'{') => {
            let shape: Shape =
                serde_json::from_slice(bytes).map_err(|error| not_json(file, "JSON", &error))?;
            match shape {
                Shape { outcome: Some(_), .. } => Ok(Format::Json),
                Shape { runs: Some(_), .. } | Shape { version: Some(_), .. } => Ok(Format::Sarif),
                _ => Err(unrecognised()),
            }
        }
        _ => Err(unrecognised()),
    }
}

fn not_json(file: &str, format: &'static str, error: &serde_json::Error) -> EvidenceError {
    EvidenceError::Malformed {
        file: file.to_owned(),
        format,
        line: error.line().max(1),
        problem: line(&error.to_string(), LONGEST_VALUE),
    }
}

/// An outcome, and a line that says more.
type Outcome = (EvidenceOutcome, Option<String>);

/// A number with its noun.
fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
