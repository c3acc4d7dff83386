//! The suite as its file writes it.

use std::collections::BTreeMap;

use plimsoll_core::decision::CapabilityCall;
use plimsoll_policy::Limits;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::expectation::Expectation;
use crate::{invariant::Invariant, question::Question};

/// A case file. Everything is optional but the cases themselves.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "Cases of a Plimsoll policy")]
pub struct SuiteFile {
    /// The policy: `stock:NAME` or the path of a component, relative to this file. The command line may name another.
    pub policy: Option<String>,
    /// The capabilities that the binding grants: `log`, `registry`, `history`.
    pub grants: Vec<String>,
    /// The time zone in which a `now` given as text is told; `UTC` when absent.
    pub time_zone: Option<String>,
    /// Budgets that differ from the sandbox's defaults.
    pub limits: LimitsInFile,
    /// Settings of every case unless it says otherwise.
    pub settings: Map<String, Value>,
    /// Named parts of cases.
    pub fixtures: BTreeMap<String, Fixture>,
    /// The cases.
    pub cases: Vec<CaseInFile>,
    /// Cases as tables, one row each.
    pub tables: Vec<Table>,
    /// What holds for every question.
    pub invariants: Vec<Invariant>,
    /// What `policy fuzz` tries.
    pub fuzz: FuzzOptions,
    /// What rule coverage expects.
    pub coverage: CoverageRules,
}

/// Budgets; absent means the sandbox's default.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct LimitsInFile {
    /// Instructions, in units of fuel.
    pub fuel: Option<u64>,
    /// Wall clock, milliseconds.
    pub time: Option<u64>,
    /// Linear memory, bytes.
    pub memory: Option<u64>,
    /// Size of the answer, bytes.
    pub output: Option<u64>,
    /// Number of capability calls.
    pub host_calls: Option<u64>,
}

impl LimitsInFile {
    /// The limits of the sandbox with these over them.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let defaults = Limits::default();
        Limits {
            fuel: self.fuel.unwrap_or(defaults.fuel),
            time: self.time.unwrap_or(defaults.time),
            memory: self.memory.unwrap_or(defaults.memory),
            output: self.output.unwrap_or(defaults.output),
            host_calls: self.host_calls.unwrap_or(defaults.host_calls),
            ..defaults
        }
    }
}

/// A part of cases that several share.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fixture {
    /// Merged over the default request.
    pub request: Map<String, Value>,
    /// Merged over the suite's settings.
    pub settings: Map<String, Value>,
    /// Answers to look-ups, found by what is asked, in any order.
    pub capabilities: Vec<CapabilityCall>,
}

/// A case as written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CaseInFile {
    /// Its name, once in a file.
    pub name: String,
    /// The question; may be left out when the policy answers only one.
    #[serde(default)]
    pub question: Option<Question>,
    /// The fixtures that it is made of, in the order they are merged.
    #[serde(default)]
    pub fixtures: Vec<String>,
    /// Merged over the fixtures.
    #[serde(default)]
    pub request: Map<String, Value>,
    /// Merged over the fixtures' settings.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// Answers to look-ups besides the fixtures'.
    #[serde(default)]
    pub capabilities: Vec<CapabilityCall>,
    /// What the answer must be.
    #[serde(default)]
    pub expect: Expectation,
}

/// Cases that differ in a few values: a row each.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Table {
    /// Its name; a row's case is called `NAME: ROW`.
    pub name: String,
    /// As in a case.
    #[serde(default)]
    pub question: Option<Question>,
    /// As in a case.
    #[serde(default)]
    pub fixtures: Vec<String>,
    /// As in a case.
    #[serde(default)]
    pub request: Map<String, Value>,
    /// As in a case.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// As in a case.
    #[serde(default)]
    pub capabilities: Vec<CapabilityCall>,
    /// What all rows expect.
    #[serde(default)]
    pub expect: Map<String, Value>,
    /// Where a row's values go: dotted paths that begin with `request`, `settings` or `expect`.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of a table: the values, or the values with a name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Row {
    /// Named by its values.
    Values(Vec<Value>),
    /// Named.
    Named(NamedRow),
}

/// A row with a name of its own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedRow {
    /// Its name.
    pub name: String,
    /// Its values, one for each column.
    pub values: Vec<Value>,
}

/// What `policy fuzz` tries.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct FuzzOptions {
    /// Settings to try; when absent, all that the suite names.
    pub settings: Option<Vec<Map<String, Value>>>,
}

/// What rule coverage expects of rules that cannot come out both ways.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct CoverageRules {
    /// Rules that never fail.
    pub only_passes: Vec<String>,
    /// Rules that never pass.
    pub only_fails: Vec<String>,
}
