//! What running a suite yields.

use std::{fmt, path::PathBuf};

use plimsoll_core::{
    contract::SettingsProblem,
    decision::{CapabilityCall, Inquiry, PolicyIdentity},
};
use serde_json::{Value, json};

use super::{compare::Mismatch, coverage::Coverage, expand::CaseOrigin};
use crate::{invariant::Condition, question::Answer, toml_text::inline, view::answer_view};

/// The cases of a suite with what became of them.
#[derive(Debug, Clone)]
pub struct SuiteReport {
    /// The case file.
    pub path: PathBuf,
    /// The policy that was asked.
    pub policy: PolicyIdentity,
    /// The cases that were run, in the order of the file.
    pub cases: Vec<CaseReport>,
    /// Which rules came out which way.
    pub coverage: Coverage,
}

/// A case with what became of it.
#[derive(Debug, Clone)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// Its line in the file, from 1.
    pub line: Option<usize>,
    /// Where in the file it comes from.
    pub origin: CaseOrigin,
    /// How the question came out. Absent: it was not asked.
    pub answer: Option<Answer>,
    /// What the policy asked of its capabilities.
    pub transcript: Vec<CapabilityCall>,
    /// Fuel that was used.
    pub fuel: u64,
    /// Everything that is wrong; a case without is passed.
    pub complaints: Vec<Complaint>,
}

/// One thing that fails a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Complaint {
    /// Something is not as expected.
    Mismatch(Mismatch),
    /// The policy looked something up that the case does not answer.
    NotRecorded(Inquiry),
    /// The case answers a look-up that the policy does not make.
    UnusedAnswer(CapabilityCall),
    /// An invariant of the suite does not hold.
    Invariant {
        /// Its name.
        name: String,
        /// The condition that is false.
        condition: Condition,
    },
    /// The policy refuses the settings, which was not expected.
    SettingsRefused(Vec<SettingsProblem>),
    /// The question could not be asked.
    Unasked(String),
}

impl CaseReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.complaints.is_empty()
    }
}

impl SuiteReport {
    /// How many cases passed, and how many did not.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let passed = self.cases.iter().filter(|case| case.passed()).count();
        (passed, self.cases.len() - passed)
    }

    /// Whether every case passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.counts().1 == 0
    }

    /// For `cargo test`: ends the test with the report when a case failed.
    ///
    /// # Panics
    /// A case failed.
    #[track_caller]
    pub fn assert_passed(&self) {
        assert!(self.passed(), "{self}");
    }

    /// The report as data, for programs, with the share of rules that is asked for, percent.
    #[must_use]
    pub fn to_json(&self, least_coverage: Option<u32>) -> Value {
        let (passed, failed) = self.counts();
        let cases: Vec<Value> = self.cases.iter().map(case_json).collect();
        let rules: serde_json::Map<String, Value> = self
            .coverage
            .rules
            .iter()
            .map(|(name, rule)| {
                let value = json!({
                    "passed": rule.passed, "failed": rule.failed, "skipped": rule.skipped, "covered": rule.covered,
                });
                (name.clone(), value)
            })
            .collect();
        let uncovered: serde_json::Map<String, Value> =
            self.coverage.uncovered().map(|(name, rule)| (name.to_owned(), rule.missing().into())).collect();
        json!({
            "file": self.path, "policy": self.policy, "passed": passed, "failed": failed, "cases": cases,
            "coverage": {
                "percent": self.coverage.percent(), "asked-for": least_coverage,
                "reached": least_coverage.map(|least| self.coverage.reaches(least)),
                "uncovered": uncovered, "rules": rules,
            },
        })
    }
}

fn case_json(case: &CaseReport) -> Value {
    let complaints: Vec<String> = case.complaints.iter().map(ToString::to_string).collect();
    json!({
        "name": case.name, "line": case.line, "passed": case.passed(), "complaints": complaints, "fuel": case.fuel,
        "answer": case.answer.as_ref().map(answer_view), "transcript": case.transcript,
    })
}

impl fmt::Display for SuiteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed) = self.counts();
        for case in self.cases.iter().filter(|case| !case.passed()) {
            writeln!(f, "{case}")?;
        }
        write!(f, "{}: {passed} passed, {failed} failed", self.path.display())
    }
}

impl fmt::Display for CaseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(line) = self.line {
            write!(f, " (line {line})")?;
        }
        for complaint in &self.complaints {
            for line in complaint.to_string().lines() {
                write!(f, "\n    {line}")?;
            }
        }
        if let Some(answer) = self.answer.as_ref().filter(|_| !self.passed()) {
            for finding in answer.findings() {
                let outcome = json!(finding.outcome);
                let outcome = outcome.as_str().unwrap_or_default();
                write!(f, "\n      {} {outcome}: {}", finding.rule, finding.message)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch(Mismatch { what, expected, got }) => {
                write!(f, "{what}: expected {expected}\n{:>1$} {got}", "got", what.len() + 10)
            }
            Self::NotRecorded(inquiry) => write!(
                f,
                "the policy asks {inquiry}, and the case holds no answer; add to its `capabilities`:\n  {}",
                fixture(inquiry)
            ),
            Self::UnusedAnswer(call) => {
                write!(f, "the policy does not ask for what `capabilities` answers: {}", json!(call))
            }
            Self::Invariant { name, condition } => {
                write!(f, "the invariant `{name}` does not hold: not true is {}", json!(condition))
            }
            Self::SettingsRefused(problems) => {
                write!(f, "the policy refuses the settings:")?;
                for SettingsProblem { pointer, message } in problems {
                    write!(f, "\n  {pointer}: {message}")?;
                }
                Ok(())
            }
            Self::Unasked(reason) => f.write_str(reason),
        }
    }
}

/// An answer to a look-up as a case file writes it, with a value to be changed.
#[must_use]
pub fn fixture(inquiry: &Inquiry) -> String {
    inline(&fixture_json(inquiry))
}

/// An answer to a look-up in JSON, with a value to be changed.
#[must_use]
pub fn fixture_json(inquiry: &Inquiry) -> Value {
    let mut call = json!(inquiry);
    let answer = match inquiry {
        Inquiry::RegistryTags { .. } => json!(["v1.0.0"]),
        Inquiry::RegistryDigest { .. } => json!("sha256:..."),
        Inquiry::RegistryLabels { .. }
        | Inquiry::HistoryReleases { .. }
        | Inquiry::HistoryDeployments { .. } => {
            json!([])
        }
    };
    for asked in call.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        asked["ok"] = answer.clone();
    }
    call
}
