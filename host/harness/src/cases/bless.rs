//! Writing what came out into a case file, for review: the rest of the file stays as it is, comments included.

use serde_json::Value;
use toml_edit::{DocumentMut, InlineTable, Item, Table};

use super::{
    expand::CaseOrigin,
    report::{CaseReport, SuiteReport},
};
use crate::{toml_text::to_toml, view::answer_view};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum BlessError {
    /// The file is no TOML.
    #[error("only TOML case files can be rewritten; change {0} by hand")]
    NotToml(String),
    /// The file changed under our hands.
    #[error("the case file cannot be edited: {0}")]
    Edit(#[from] toml_edit::TomlError),
}

/// A case file with other expectations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blessed {
    /// The whole text.
    pub text: String,
    /// The cases that were changed.
    pub changed: Vec<String>,
    /// The cases that fail for another reason than their expectation, or that are rows of a table: these are left.
    pub left: Vec<String>,
}

/// Puts what came out into the `expect` of every failed case. A case that expected no finding gets none; one that named
/// findings gets all that there are.
///
/// # Errors
/// The file is no TOML.
pub fn bless(text: &str, report: &SuiteReport) -> Result<Blessed, BlessError> {
    if report.path.extension().is_none_or(|extension| extension != "toml") {
        return Err(BlessError::NotToml(report.path.display().to_string()));
    }
    let mut document: DocumentMut = text.parse()?;
    let (mut changed, mut left) = (Vec::new(), Vec::new());
    for case in report.cases.iter().filter(|case| !case.passed()) {
        let bless = match (case.origin, &case.answer) {
            (CaseOrigin::Single(index), Some(_)) => table_of(&mut document, index),
            _ => None,
        };
        match bless {
            Some(table) => {
                write(table, case);
                changed.push(case.name.clone());
            }
            None => left.push(case.name.clone()),
        }
    }
    Ok(Blessed { text: document.to_string(), changed, left })
}

fn table_of(document: &mut DocumentMut, index: usize) -> Option<&mut Table> {
    document.get_mut("cases")?.as_array_of_tables_mut()?.get_mut(index)
}

fn write(table: &mut Table, case: &CaseReport) {
    let named_findings = table.get("expect").is_some_and(|expect| expect.get("findings").is_some());
    let Some(answer) = &case.answer else { return };
    let view = answer_view(answer);
    let mut expect = InlineTable::new();
    for name in ["verdict", "until", "refused", "version", "tags", "moving"] {
        let value = view.get(name).filter(|value| !value.is_null() && **value != Value::Bool(false));
        if let Some(value) = value.and_then(to_toml) {
            expect.insert(name, value);
        }
    }
    if let Some(reason) = answer.unanswered() {
        unanswered(&mut expect, &view, &reason);
    }
    if named_findings && let Some(findings) = view.get("findings").and_then(to_toml) {
        expect.insert("findings", findings);
    }
    table.insert("expect", Item::Value(expect.into()));
}

/// The expectation of a question without an answer.
fn unanswered(expect: &mut InlineTable, view: &Value, reason: &str) {
    let outcome = &view["outcome"];
    if let Some(message) = outcome["failed"]["message"].as_str() {
        expect.insert("error", message.into());
    } else if outcome.get("trapped").is_some() {
        expect.insert("trapped", true.into());
    } else if let Some(budget) =
        outcome["out-of-budget"]["budget"].as_object().and_then(|budget| budget.keys().next())
    {
        expect.insert("out-of-budget", budget.as_str().into());
    } else {
        let problem = outcome["invalid"]["problems"][0].as_str().unwrap_or(reason);
        expect.insert("invalid", problem.into());
    }
}
