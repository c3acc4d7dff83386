//! What differs between two answers.

use plimsoll_core::contract::{Finding, RuleOutcome};
use serde::Serialize;
use serde_json::Value;

use crate::{question::Answer, view::answer_view};

/// One field of the answer that is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which: `verdict`, `until`, `tags`, `moving`, `version`, `labels`, `annotations`, `refused` or `outcome`.
    pub what: &'static str,
    /// What it was.
    pub before: Value,
    /// What it is.
    pub after: Value,
}

/// A rule whose finding is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingChange {
    /// The rule.
    pub rule: String,
    /// Its finding before; absent: it had none.
    pub before: Option<Finding>,
    /// Its finding after; absent: it has none.
    pub after: Option<Finding>,
}

/// The fields of an answer that make the decision, findings left out.
const FIELDS: &[&str] =
    &["verdict", "until", "refused", "version", "tags", "moving", "labels", "annotations", "outcome"];

/// What differs between two answers, findings left out.
pub(super) fn differences(before: &Answer, after: &Answer) -> Vec<Difference> {
    if before == after {
        return Vec::new();
    }
    let (before, after) = (answer_view(before), answer_view(after));
    let value = |view: &Value, field: &str| view.get(field).cloned().unwrap_or(Value::Null);
    FIELDS
        .iter()
        .filter(|field| value(&before, field) != value(&after, field))
        .map(|field| Difference { what: field, before: value(&before, field), after: value(&after, field) })
        .collect()
}

/// The rules that came out another way, or are there only before or after. Words alone make no difference.
pub(super) fn finding_changes(before: &[Finding], after: &[Finding]) -> Vec<FindingChange> {
    let of = |findings: &[Finding], rule: &str| -> Vec<RuleOutcome> {
        findings.iter().filter(|finding| finding.rule == rule).map(|finding| finding.outcome).collect()
    };
    let mut rules: Vec<&str> = before.iter().chain(after).map(|finding| finding.rule.as_str()).collect();
    let mut seen = std::collections::BTreeSet::new();
    rules.retain(|rule| seen.insert(*rule));
    rules
        .into_iter()
        .filter(|rule| of(before, rule) != of(after, rule))
        .map(|rule| FindingChange {
            rule: rule.to_owned(),
            before: before.iter().find(|finding| finding.rule == rule).cloned(),
            after: after.iter().find(|finding| finding.rule == rule).cloned(),
        })
        .collect()
}

/// An answer in a word or two.
#[must_use]
pub(super) fn word(answer: &Answer) -> String {
    let view = answer_view(answer);
    if let Some(verdict) = view["verdict"].as_str() {
        return verdict.to_owned();
    }
    match view["refused"].as_bool() {
        Some(true) => "refused".to_owned(),
        Some(false) => "tagged".to_owned(),
        None => "no answer".to_owned(),
    }
}
