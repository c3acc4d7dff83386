//! Invariants: what holds for every question that a policy is asked, written beside its cases.

use regex::Regex;
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    question::Question,
    value::{at, fits},
};

/// Something that holds whenever all of `when` is true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Invariant {
    /// Its name, as reports show it.
    pub name: String,
    /// The question that it is about; may be left out for a policy that answers only one.
    #[serde(default)]
    pub question: Option<Question>,
    /// When it has something to say: all of these are true. Empty: always.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Whether fuzzing may end without a question to which it had something to say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rare: bool,
    /// What holds then; at least one.
    pub then: Vec<Condition>,
}

/// One condition on a value in `{ request, settings, answer, asked }`. Exactly one operator stands beside `at`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Condition {
    /// Where the value stands: a dotted path with indexes, such as `request.environments[0].name`. Inside `some`, `every`
    /// and `none` it starts at the element; left out, it is the element itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// The operator.
    #[serde(flatten)]
    pub holds: Operator,
}

/// What a condition asks of its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Operator {
    /// Equal to this.
    Is(Value),
    /// Not equal to this; true when there is no value.
    IsNot(Value),
    /// Equal to one of these.
    OneOf(Vec<Value>),
    /// A text that fits this pattern, in which `*` stands for any characters.
    Glob(String),
    /// A text in which this regular expression is found.
    Matches(String),
    /// A text that is this prefix and a strict semantic version.
    Semver(String),
    /// A number, this or more.
    AtLeast(i64),
    /// A number, this or less.
    AtMost(i64),
    /// Whether there is a value.
    Exists(bool),
    /// A list of this many elements.
    Count(usize),
    /// Equal to the value at this path.
    SameAs(String),
    /// Not equal to the value at this path.
    NotSameAs(String),
    /// A number greater than the one at this path.
    After(String),
    /// A number less than the one at this path.
    Before(String),
    /// A semantic version that is not lower than the one at this path.
    NotOlderThan(String),
    /// A list with an element of which this is true.
    Some(Box<Condition>),
    /// A list of whose elements this is true for all.
    Every(Box<Condition>),
    /// A list of whose elements this is true for none.
    None(Box<Condition>),
}

/// What is wrong with an invariant itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvariantError {
    /// It demands nothing.
    #[error("the invariant `{name}` has an empty `then`: say what holds")]
    Empty {
        /// Its name.
        name: String,
    },
    /// A regular expression that is none.
    #[error("the invariant `{name}`: `{expression}` is no regular expression: {reason}")]
    Expression {
        /// Its name.
        name: String,
        /// What is no expression.
        expression: String,
        /// What the reader says.
        reason: String,
    },
    /// A path that starts nowhere.
    #[error(
        "the invariant `{name}`: `{path}` leads nowhere: begin with `request`, `settings`, `answer` or `asked`"
    )]
    Path {
        /// Its name.
        name: String,
        /// The path.
        path: String,
    },
}

/// What a path from the outside begins with.
const ROOTS: &[&str] = &["request", "settings", "answer", "asked"];

impl Invariant {
    /// Checks what its types cannot say.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(&self) -> Result<(), InvariantError> {
        if self.then.is_empty() {
            return Err(InvariantError::Empty { name: self.name.clone() });
        }
        self.when.iter().chain(&self.then).try_for_each(|condition| self.check_condition(condition, true))
    }

    fn check_condition(&self, condition: &Condition, outermost: bool) -> Result<(), InvariantError> {
        let path = |path: &str| {
            let root = path.split(['.', '[']).next().unwrap_or_default();
            if ROOTS.contains(&root) {
                return Ok(());
            }
            Err(InvariantError::Path { name: self.name.clone(), path: path.to_owned() })
        };
        if outermost {
            path(&condition.at)?;
        }
        match &condition.holds {
            Operator::Matches(expression) => match Regex::new(expression) {
                Ok(_) => Ok(()),
                Err(error) => Err(InvariantError::Expression {
                    name: self.name.clone(),
                    expression: expression.clone(),
                    reason: error.to_string(),
                }),
            },
            Operator::SameAs(other)
            | Operator::NotSameAs(other)
            | Operator::After(other)
            | Operator::Before(other)
            | Operator::NotOlderThan(other) => path(other),
            Operator::Some(inner) | Operator::Every(inner) | Operator::None(inner) => {
                self.check_condition(inner, false)
            }
            _ => Ok(()),
        }
    }

    /// Whether it has something to say about a [`view`](crate::view::view).
    #[must_use]
    pub fn applies(&self, view: &Value) -> bool {
        self.when.iter().all(|condition| condition.is_true(view, view))
    }

    /// The condition that it breaks, if it does.
    #[must_use]
    pub fn broken_by(&self, view: &Value) -> Option<&Condition> {
        if !self.applies(view) {
            return None;
        }
        self.then.iter().find(|condition| !condition.is_true(view, view))
    }
}

impl Condition {
    /// Whether it is true of what stands at its path below `here`; other paths start at `root`.
    fn is_true(&self, here: &Value, root: &Value) -> bool {
        let value = at(here, &self.at);
        match (&self.holds, value) {
            (Operator::Exists(expected), value) => value.is_some() == *expected,
            (Operator::IsNot(other), value) => value != Some(other),
            (Operator::NotSameAs(path), value) => value.is_some() && value != at(root, path),
            (_, None) => false,
            (Operator::Is(other), Some(value)) => value == other,
            (Operator::OneOf(others), Some(value)) => others.contains(value),
            (Operator::SameAs(path), Some(value)) => Some(value) == at(root, path),
            (Operator::Count(count), Some(value)) => {
                value.as_array().is_some_and(|list| list.len() == *count)
            }
            (Operator::AtLeast(least), Some(value)) => value.as_i64().is_some_and(|number| number >= *least),
            (Operator::AtMost(most), Some(value)) => value.as_i64().is_some_and(|number| number <= *most),
            (Operator::After(path), Some(value)) => compare(value, at(root, path), |a, b| a > b),
            (Operator::Before(path), Some(value)) => compare(value, at(root, path), |a, b| a < b),
            (Operator::Some(inner), Some(value)) => {
                elements(value).any(|element| inner.is_true(element, root))
            }
            (Operator::Every(inner), Some(value)) => {
                value.is_array() && elements(value).all(|element| inner.is_true(element, root))
            }
            (Operator::None(inner), Some(value)) => {
                value.is_array() && !elements(value).any(|element| inner.is_true(element, root))
            }
            (text, Some(value)) => value.as_str().is_some_and(|value| of_text(text, value, root)),
        }
    }
}

/// Operators on texts.
fn of_text(operator: &Operator, text: &str, root: &Value) -> bool {
    match operator {
        Operator::Glob(pattern) => fits(pattern, text),
        // `check` has read the expression.
        Operator::Matches(expression) => Regex::new(expression).is_ok_and(|regex| regex.is_match(text)),
        Operator::Semver(prefix) => {
            text.strip_prefix(prefix.as_str()).is_some_and(|version| Version::parse(version).is_ok())
        }
        Operator::NotOlderThan(path) => {
            let version = |text: &str| Version::parse(text.strip_prefix('v').unwrap_or(text)).ok();
            let other = at(root, path).and_then(Value::as_str).and_then(version);
            version(text).zip(other).is_some_and(|(version, other)| version.cmp_precedence(&other).is_ge())
        }
        _ => false,
    }
}

fn compare(value: &Value, other: Option<&Value>, holds: impl Fn(i64, i64) -> bool) -> bool {
    value.as_i64().zip(other.and_then(Value::as_i64)).is_some_and(|(value, other)| holds(value, other))
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_true(condition: Value) -> bool {
        let condition: Condition = serde_json::from_value(condition).expect("it is a condition");
        let view = json!({
            "request": {"tags": ["latest", "v1.2.3"], "now": {"unix": 10}, "none": null},
            "asked": {"running": {"version": "1.2.2", "since": 5}}, "answer": {"verdict": "allow", "version": "1.2.3"},
        });
        condition.is_true(&view, &view)
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn every_operator_can_be_true_and_false() {
        for (yes, no) in [
            (json!({"at": "answer.verdict", "is": "allow"}), json!({"at": "answer.verdict", "is": "deny"})),
            (
                json!({"at": "answer.verdict", "is-not": "deny"}),
                json!({"at": "answer.verdict", "is-not": "allow"}),
            ),
            (json!({"at": "answer.nothing", "is-not": 1}), json!({"at": "answer.nothing", "is": null})),
            (
                json!({"at": "answer.verdict", "one-of": ["allow"]}),
                json!({"at": "answer.verdict", "one-of": []}),
            ),
            (json!({"at": "answer.verdict", "glob": "al*"}), json!({"at": "answer.verdict", "glob": "al"})),
            (
                json!({"at": "answer.verdict", "matches": "^a"}),
                json!({"at": "answer.verdict", "matches": "^b"}),
            ),
            (json!({"at": "answer.version", "semver": ""}), json!({"at": "answer.version", "semver": "v"})),
            (
                json!({"at": "request.now.unix", "at-least": 10}),
                json!({"at": "request.now.unix", "at-least": 11}),
            ),
            (
                json!({"at": "request.now.unix", "at-most": 10}),
                json!({"at": "request.now.unix", "at-most": 9}),
            ),
            (json!({"at": "request.none", "exists": false}), json!({"at": "request.none", "exists": true})),
            (json!({"at": "request.tags", "count": 2}), json!({"at": "request.tags", "count": 1})),
            (
                json!({"at": "request.tags[0]", "same-as": "request.tags[0]"}),
                json!({"at": "request.tags[0]", "same-as": "request.tags[1]"}),
            ),
            (
                json!({"at": "request.tags[0]", "not-same-as": "request.tags[1]"}),
                json!({"at": "request.tags[0]", "not-same-as": "request.tags[0]"}),
            ),
            (
                json!({"at": "request.now.unix", "after": "asked.running.since"}),
                json!({"at": "asked.running.since", "after": "request.now.unix"}),
            ),
            (
                json!({"at": "asked.running.since", "before": "request.now.unix"}),
                json!({"at": "request.now.unix", "before": "asked.running.since"}),
            ),
            (
                json!({"at": "answer.version", "not-older-than": "asked.running.version"}),
                json!({"at": "asked.running.version", "not-older-than": "answer.version"}),
            ),
            (
                json!({"at": "request.tags", "some": {"semver": "v"}}),
                json!({"at": "request.tags", "some": {"is": "x"}}),
            ),
            (
                json!({"at": "request.tags", "every": {"glob": "*"}}),
                json!({"at": "request.tags", "every": {"semver": "v"}}),
            ),
            (
                json!({"at": "request.tags", "none": {"is": "x"}}),
                json!({"at": "request.tags", "none": {"is": "latest"}}),
            ),
        ] {
            assert!(is_true(yes.clone()), "{yes}");
            assert!(!is_true(no.clone()), "{no}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        let invariant = |then: Value| -> Invariant {
            serde_json::from_value(json!({"name": "n", "then": then})).expect("it has the form")
        };
        assert!(matches!(invariant(json!([])).check(), Err(InvariantError::Empty { .. })));
        let path = invariant(json!([{"at": "image.tags", "count": 1}])).check();
        assert!(matches!(path, Err(InvariantError::Path { .. })));
        let expression = invariant(json!([{"at": "answer.verdict", "matches": "("}])).check();
        assert!(matches!(expression, Err(InvariantError::Expression { .. })));
        for unreadable in [json!({"at": "answer", "isnt": 1}), json!({"at": "answer"})] {
            assert!(serde_json::from_value::<Condition>(unreadable).is_err());
        }
    }
}
