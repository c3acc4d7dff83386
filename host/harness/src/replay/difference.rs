//! What differs between two answers.

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
