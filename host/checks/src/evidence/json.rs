//! Evidence that says itself how it came out.

use plimsoll_core::contract::EvidenceOutcome;
use serde::Deserialize;

use super::{EvidenceError, Outcome, not_json};

/// The object in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    outcome: EvidenceOutcome,
    #[serde(default)]
    value: Option<String>,
}

pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Outcome, EvidenceError> {
    let report: Report =
        serde_json::from_slice(bytes).map_err(|error| not_json(file, "evidence in JSON", &error))?;
    Ok((report.outcome, report.value))
}
