//! From the file to single cases: fixtures merged, tables taken apart.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use plimsoll_core::decision::CapabilityCall;
use plimsoll_policy::{Capability, Limits};
use serde_json::{Map, Value};

use super::{
    expectation::Expectation,
    file::{CaseInFile, CoverageRules, Fixture, FuzzOptions, NamedRow, Row, SuiteFile, Table},
};
use crate::{
    invariant::Invariant,
    question::Question,
    value::{merge, put},
};

/// Cases that are ready to be asked, and what goes with them.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The file that it was read from.
    pub path: PathBuf,
    /// The policy that the file names.
    pub policy: Option<String>,
    /// What the binding grants.
    pub grants: Vec<Capability>,
    /// The zone in which times given as text are told.
    pub time_zone: String,
    /// The budgets of every question.
    pub limits: Limits,
    /// The settings that cases start from.
    pub settings: Map<String, Value>,
    /// The cases, in the order of the file; a table's rows after the single cases.
    pub cases: Vec<Case>,
    /// What holds for every question.
    pub invariants: Vec<Invariant>,
    /// What `policy fuzz` tries.
    pub fuzz: FuzzOptions,
    /// What rule coverage expects.
    pub coverage: CoverageRules,
}

/// One question with what is expected of its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its name, once in a suite.
    pub name: String,
    /// Its line in the file, from 1, where it could be found.
    pub line: Option<usize>,
    /// Where in the file it comes from.
    pub origin: CaseOrigin,
    /// The question, if the file says so.
    pub question: Option<Question>,
    /// What is merged over the default request.
    pub request: Value,
    /// Its settings, whole.
    pub settings: Map<String, Value>,
    /// Answers to look-ups.
    pub capabilities: Vec<CapabilityCall>,
    /// What the answer must be.
    pub expect: Expectation,
}

/// Where in its file a case comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseOrigin {
    /// `cases`, by its index.
    Single(usize),
    /// A row of a table, both by their indexes.
    Row {
        /// The table.
        table: usize,
        /// The row.
        row: usize,
    },
}

/// Problems of a file, with the text that stands near them, by which their line is found.
pub(super) type Problems = Vec<(Option<String>, String)>;

/// Takes a file apart. What is wrong with it goes to `problems`.
pub(super) fn expand(path: PathBuf, file: SuiteFile, problems: &mut Problems) -> Suite {
    let mut expansion = Expansion { file: &file, used: BTreeSet::new(), problems };
    let cases = expansion.cases();
    expansion.check_names(&cases);
    expansion.check_fixtures();
    expansion.check_invariants();
    let grants = expansion.grants();
    Suite {
        path,
        grants,
        cases,
        limits: file.limits.limits(),
        time_zone: file.time_zone.unwrap_or_else(|| "UTC".to_owned()),
        policy: file.policy,
        settings: file.settings,
        invariants: file.invariants,
        fuzz: file.fuzz,
        coverage: file.coverage,
    }
}

struct Expansion<'a> {
    file: &'a SuiteFile,
    /// Fixtures that some case lists.
    used: BTreeSet<String>,
    problems: &'a mut Problems,
}

impl Expansion<'_> {
    fn cases(&mut self) -> Vec<Case> {
        let file = self.file;
        let mut cases = Vec::new();
        for (index, written) in file.cases.iter().enumerate() {
            cases.push(self.case(CaseOrigin::Single(index), written));
        }
        for (index, table) in file.tables.iter().enumerate() {
            self.rows(index, table, &mut cases);
        }
        if cases.is_empty() {
            self.problems
                .push((None, "there is no case: a suite that tests nothing passes nothing".to_owned()));
        }
        cases
    }

    fn case(&mut self, origin: CaseOrigin, written: &CaseInFile) -> Case {
        let mut request = Value::Object(Map::new());
        let mut settings = Value::Object(self.file.settings.clone());
        let mut capabilities = Vec::new();
        for fixture in self.fixtures(&written.name, &written.fixtures) {
            merge(&mut request, &Value::Object(fixture.request));
            merge(&mut settings, &Value::Object(fixture.settings));
            capabilities.extend(fixture.capabilities);
        }
        merge(&mut request, &Value::Object(written.request.clone()));
        merge(&mut settings, &Value::Object(written.settings.clone()));
        capabilities.extend(written.capabilities.iter().cloned());
        if written.expect.is_empty() {
            let problem = format!("the case `{}` expects nothing: say what its `expect` is", written.name);
            self.problems.push((Some(written.name.clone()), problem));
        }
        let settings = match settings {
            Value::Object(settings) => settings,
            _ => Map::new(),
        };
        Case {
            name: written.name.clone(),
            line: None,
            origin,
            question: written.question,
            request,
            settings,
            capabilities,
            expect: written.expect.clone(),
        }
    }

    fn fixtures(&mut self, case: &str, names: &[String]) -> Vec<Fixture> {
        let mut fixtures = Vec::new();
        for name in names {
            if let Some(fixture) = self.file.fixtures.get(name) {
                self.used.insert(name.clone());
                fixtures.push(fixture.clone());
            } else {
                let problem = format!("the case `{case}` lists the fixture `{name}`, which there is not");
                self.problems.push((Some(case.to_owned()), problem));
            }
        }
        fixtures
    }

    fn rows(&mut self, index: usize, table: &Table, cases: &mut Vec<Case>) {
        let at_table = Some(table.name.clone());
        for column in &table.columns {
            let root = column.split('.').next().unwrap_or_default();
            if !["request", "settings", "expect"].contains(&root) || root == column {
                let problem = format!(
                    "the table `{}` has the column `{column}`: begin with `request.`, `settings.` or `expect.`",
                    table.name
                );
                self.problems.push((at_table.clone(), problem));
                return;
            }
        }
        if table.rows.is_empty() {
            self.problems.push((at_table, format!("the table `{}` has no rows", table.name)));
        }
        for (row_index, row) in table.rows.iter().enumerate() {
            let origin = CaseOrigin::Row { table: index, row: row_index };
            match row_as_case(table, row) {
                Ok(written) => {
                    let case = self.case(origin, &written);
                    cases.push(case);
                }
                Err(problem) => self.problems.push((Some(table.name.clone()), problem)),
            }
        }
    }

    fn check_names(&mut self, cases: &[Case]) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for case in cases {
            *seen.entry(&case.name).or_default() += 1;
        }
        for (name, count) in seen {
            if count > 1 {
                let problem = format!("{count} cases are called `{name}`: give each a name of its own");
                self.problems.push((Some(name.to_owned()), problem));
            }
        }
    }

    fn check_fixtures(&mut self) {
        for name in self.file.fixtures.keys() {
            if !self.used.contains(name) {
                let problem = format!("no case lists the fixture `{name}`: use it or take it out");
                self.problems.push((Some(name.clone()), problem));
            }
        }
    }

    fn check_invariants(&mut self) {
        for invariant in &self.file.invariants {
            if let Err(error) = invariant.check() {
                self.problems.push((Some(invariant.name.clone()), error.to_string()));
            }
        }
    }

    fn grants(&mut self) -> Vec<Capability> {
        let mut grants = Vec::new();
        for name in &self.file.grants {
            match Capability::ALL.into_iter().find(|capability| capability.name() == name) {
                Some(capability) => grants.push(capability),
                None => {
                    let all = Capability::ALL.map(Capability::name).join("`, `");
                    let problem = format!("there is no capability `{name}` to grant: there are `{all}`");
                    self.problems.push((Some(name.clone()), problem));
                }
            }
        }
        grants
    }
}

/// A row as the case that it stands for.
fn row_as_case(table: &Table, row: &Row) -> Result<CaseInFile, String> {
    let (name, values) = match row {
        Row::Named(NamedRow { name, values }) => (name.clone(), values),
        Row::Values(values) => {
            let texts: Vec<String> = values.iter().map(shown).collect();
            (texts.join(", "), values)
        }
    };
    let name = format!("{}: {name}", table.name);
    if values.len() != table.columns.len() {
        return Err(format!("`{name}` has {} values for {} columns", values.len(), table.columns.len()));
    }
    let mut parts = Map::from_iter([
        ("request".to_owned(), Value::Object(table.request.clone())),
        ("settings".to_owned(), Value::Object(table.settings.clone())),
        ("expect".to_owned(), Value::Object(table.expect.clone())),
    ]);
    for (column, value) in table.columns.iter().zip(values) {
        put(&mut parts, column, value.clone());
    }
    let mut part = |name: &str| match parts.remove(name) {
        Some(Value::Object(part)) => part,
        _ => Map::new(),
    };
    let expect = serde_json::from_value(Value::Object(part("expect")))
        .map_err(|error| format!("`{name}`: in `expect`: {error}"))?;
    Ok(CaseInFile {
        question: table.question,
        fixtures: table.fixtures.clone(),
        request: part("request"),
        settings: part("settings"),
        capabilities: table.capabilities.clone(),
        expect,
        name,
    })
}

/// A value as a row's name has it: texts without quotes.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
