//! Case suites: named questions with the answers that are expected, in a TOML or YAML file beside a policy.
//!
//! The way of a suite: [`Suite::read`] reads and expands it and finds everything that is wrong with the file;
//! [`Suite::run`] asks a policy every case and yields a [`SuiteReport`].

mod bless;
mod compare;
mod coverage;
mod default_request;
mod error;
mod expand;
mod expectation;
mod file;
mod junit;
mod read;
mod report;
mod run;

pub use bless::{BlessError, Blessed, bless};
pub use compare::Mismatch;
pub use coverage::{Coverage, RuleCoverage};
pub use default_request::default_request;
pub use error::{ProblemsInFile, SuiteError};
pub use expand::{Case, CaseOrigin, Suite};
pub use expectation::{Expectation, ExpectedFinding, ExpectedProblem};
pub use file::{CoverageRules, FuzzOptions, LimitsInFile, SuiteFile};
pub use junit::junit;
pub use report::{CaseReport, Complaint, SuiteReport, fixture, fixture_json};
pub use run::{RunError, RunOptions};

/// The JSON Schema (draft 2020-12) of a case file.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(SuiteFile).to_value()
}
