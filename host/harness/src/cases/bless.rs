//! Writing what came out into a case file, for review: the rest of the file stays as it is, comments included.

use serde_json::Value;
use toml_edit::{Decor, DocumentMut, InlineTable, Item, Table};

use super::{
    expand::CaseOrigin,
    report::{CaseReport, Complaint, SuiteReport},
};
use crate::{question::Answer, toml_text::to_toml, view::answer_view};

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
    /// The cases that are left as they are, each with the reason: they fail for another reason than their expectation, break
    /// an invariant, are rows of a table, or would lose comments.
    pub left: Vec<(String, &'static str)>,
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
        match bless_case(&mut document, case) {
            Ok(()) => changed.push(case.name.clone()),
            Err(reason) => left.push((case.name.clone(), reason)),
        }
    }
    Ok(Blessed { text: document.to_string(), changed, left })
}

/// Rewrites what one case expects, or says why it is left as it is.
fn bless_case(document: &mut DocumentMut, case: &CaseReport) -> Result<(), &'static str> {
    if case.complaints.iter().any(|complaint| matches!(complaint, Complaint::Invariant { .. })) {
        return Err("an invariant is broken");
    }
    let (CaseOrigin::Single(index), Some(answer)) = (case.origin, &case.answer) else {
        return Err("change it by hand");
    };
    let table = document
        .get_mut("cases")
        .and_then(Item::as_array_of_tables_mut)
        .and_then(|cases| cases.get_mut(index))
        .ok_or("change it by hand")?;
    let named_findings = table.get("expect").is_some_and(|expect| expect.get("findings").is_some());
    let expect = expectation(answer, named_findings);
    match table.get_mut("expect") {
        Some(Item::Value(old)) => replace(old, expect.into()),
        Some(Item::Table(old)) => replace_table(old, &expect),
        Some(_) => Err(COMMENTED),
        None => {
            table.insert("expect", Item::Value(expect.into()));
            Ok(())
        }
    }
}

/// Why a case is left that could be rewritten only without its comments.
const COMMENTED: &str = "comments stand between its values; change it by hand";

/// Puts a value in the place of another, with the comments around it.
fn replace(old: &mut toml_edit::Value, mut new: toml_edit::Value) -> Result<(), &'static str> {
    if has_comments(old) {
        return Err(COMMENTED);
    }
    *new.decor_mut() = old.decor().clone();
    *old = new;
    Ok(())
}

/// Puts values into a table with a header of its own or dotted keys, which stays one. Nothing is changed when a comment would
/// be lost.
fn replace_table(old: &mut Table, expect: &InlineTable) -> Result<(), &'static str> {
    let mut table = old.clone();
    let gone = |name: &str| expect.get(name).is_none();
    let names: Vec<String> =
        table.iter().map(|(name, _)| name.to_owned()).filter(|name| gone(name)).collect();
    for name in names {
        let before = table.key(&name).is_some_and(|key| is_comment(key.leaf_decor()));
        let after = table.get(&name).and_then(Item::as_value);
        if before || after.is_none_or(|value| is_comment(value.decor()) || has_comments(value)) {
            return Err(COMMENTED);
        }
        table.remove(&name);
    }
    for (name, value) in expect {
        match table.get_mut(name) {
            Some(Item::Value(old)) => replace(old, value.clone())?,
            Some(_) => return Err(COMMENTED),
            None => _ = table.insert(name, Item::Value(value.clone())),
        }
    }
    *old = table;
    Ok(())
}

/// Whether a comment stands inside a value.
fn has_comments(value: &toml_edit::Value) -> bool {
    let inside = |value: &toml_edit::Value| is_comment(value.decor()) || has_comments(value);
    match value {
        toml_edit::Value::Array(items) => {
            items.trailing().as_str().is_some_and(|text| text.contains('#')) || items.iter().any(inside)
        }
        toml_edit::Value::InlineTable(members) => members.iter().any(|(_, value)| inside(value)),
        _ => false,
    }
}

fn is_comment(decor: &Decor) -> bool {
    [decor.prefix(), decor.suffix()]
        .into_iter()
        .flatten()
        .any(|text| text.as_str().is_some_and(|text| text.contains('#')))
}

/// What came out, as an expectation.
fn expectation(answer: &Answer, named_findings: bool) -> InlineTable {
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
    expect
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
