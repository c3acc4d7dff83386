//! What was expected against what came out.

use std::collections::BTreeMap;

use plimsoll_core::{
    contract::{Decision, Derivation, Finding, Label, ProposedPlan, SettingsProblem, TagMode},
    decision::{CapabilityCall, Outcome},
};
use serde_json::{Value, json};

use super::{
    expectation::{Expectation, ExpectedFinding},
    report::Complaint,
};
use crate::{
    question::{Answer, Asked},
    value::{fits, tell_times},
};

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What: the expectation's field, such as `verdict`.
    pub what: String,
    /// What was expected of it.
    pub expected: String,
    /// What it is.
    pub got: String,
}

impl Mismatch {
    fn new(what: &str, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { what: what.to_owned(), expected: expected.into(), got: got.into() }
    }
}

/// Compares an answer with what was expected of it.
pub(super) fn compare(expect: &Expectation, asked: &Asked) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    if !expect.settings_problems.is_empty() {
        mismatches.push(Mismatch::new("settings-problems", "the settings are refused", "they are accepted"));
        return mismatches;
    }
    let answered = match &asked.answer {
        Answer::Promotion(outcome) => compare_outcome(expect, outcome, &mut mismatches),
        Answer::Tagging(outcome) => compare_outcome(expect, outcome, &mut mismatches),
    };
    if answered {
        compare_answer(expect, &asked.answer, &mut mismatches);
        compare_findings(&expect.findings, asked.answer.findings(), &mut mismatches);
    }
    compare_log(&expect.log, &asked.transcript, &mut mismatches);
    mismatches
}

/// Compares the problems that a policy finds in its settings.
pub(super) fn compare_settings(expect: &Expectation, problems: Vec<SettingsProblem>) -> Vec<Complaint> {
    if expect.settings_problems.is_empty() {
        return vec![Complaint::SettingsRefused(problems)];
    }
    let got = problems.iter().map(|problem| format!("{}: {}", problem.pointer, problem.message));
    let got = got.collect::<Vec<_>>().join("; ");
    let missing = expect.settings_problems.iter().filter(|expected| {
        let message = expected.message.as_deref().unwrap_or("*");
        !problems.iter().any(|problem| problem.pointer == expected.pointer && fits(message, &problem.message))
    });
    let complaint = |expected: &super::expectation::ExpectedProblem| {
        let message = expected.message.as_deref().unwrap_or("*");
        let expected = format!("{}: {message}", expected.pointer);
        Complaint::Mismatch(Mismatch::new("settings-problems", expected, got.clone()))
    };
    missing.map(complaint).collect()
}

/// Compares how the question came out; whether there is an answer left to look at.
fn compare_outcome<T>(expect: &Expectation, outcome: &Outcome<T>, mismatches: &mut Vec<Mismatch>) -> bool {
    let got = || outcome.unanswered().unwrap_or_else(|| "an answer".to_owned());
    let mut wants = |what: &str, expected: &str, holds: bool| {
        if !holds {
            mismatches.push(Mismatch::new(what, expected, got()));
        }
    };
    if let Some(pattern) = &expect.error {
        wants("error", pattern, matches!(outcome, Outcome::Failed { message } if fits(pattern, message)));
    }
    if let Some(expected) = expect.trapped {
        let word = if expected { "a crash" } else { "no crash" };
        wants("trapped", word, matches!(outcome, Outcome::Trapped { .. }) == expected);
    }
    if let Some(name) = &expect.out_of_budget {
        let used_up = |outcome: &Outcome<T>| match outcome {
            Outcome::OutOfBudget { budget } => {
                json!(budget).as_object().is_some_and(|budget| budget.contains_key(name))
            }
            _ => false,
        };
        wants("out-of-budget", name, used_up(outcome));
    }
    if let Some(pattern) = &expect.invalid {
        let refused = |outcome: &Outcome<T>| match outcome {
            Outcome::Invalid { problems } => problems.iter().any(|problem| fits(pattern, problem)),
            _ => false,
        };
        wants("invalid", pattern, refused(outcome));
    }
    let answered = matches!(outcome, Outcome::Answered(_));
    if expect.wants_answer() && !answered {
        wants("answer", "an answer", false);
    }
    answered && expect.wants_answer()
}

fn compare_answer(expect: &Expectation, answer: &Answer, mismatches: &mut Vec<Mismatch>) {
    match answer {
        Answer::Promotion(Outcome::Answered(verdict)) => {
            compare_verdict(expect, &verdict.decision, mismatches);
        }
        Answer::Tagging(Outcome::Answered(derivation)) => compare_derivation(expect, derivation, mismatches),
        _ => {}
    }
}

fn compare_verdict(expect: &Expectation, decision: &Decision, mismatches: &mut Vec<Mismatch>) {
    if let Some(expected) = expect.verdict.map(super::expectation::ExpectedVerdict::word)
        && expected != decision.word()
    {
        mismatches.push(Mismatch::new("verdict", expected, decision.word()));
    }
    if let Some(expected) = &expect.until {
        let got: Vec<Value> = match decision {
            Decision::Hold(until) => until.iter().map(|condition| json!(condition)).collect(),
            _ => Vec::new(),
        };
        let mut told = Value::from(expected.clone());
        let sorted = |mut values: Vec<Value>| {
            values.sort_by_key(Value::to_string);
            values
        };
        match tell_times(&mut told, "UTC") {
            Err(problem) => mismatches.push(Mismatch::new("until", problem, "")),
            Ok(()) if sorted(told.as_array().cloned().unwrap_or_default()) != sorted(got.clone()) => {
                mismatches.push(Mismatch::new("until", told.to_string(), Value::from(got).to_string()));
            }
            Ok(()) => {}
        }
    }
    for (what, named) in [
        ("tags", expect.tags.is_some()),
        ("moving", expect.moving.is_some()),
        ("version", expect.version.is_some()),
        ("refused", expect.refused.is_some()),
        ("labels", !expect.labels.is_empty()),
        ("annotations", !expect.annotations.is_empty()),
    ] {
        if named {
            mismatches.push(Mismatch::new(what, "an answer about tags", "a verdict on a promotion"));
        }
    }
}

fn compare_derivation(expect: &Expectation, derivation: &Derivation, mismatches: &mut Vec<Mismatch>) {
    if expect.verdict.is_some() || expect.until.is_some() {
        mismatches.push(Mismatch::new("verdict", "a verdict on a promotion", "an answer about tags"));
    }
    let refused = matches!(derivation, Derivation::Refusal(_));
    if let Some(expected) = expect.refused
        && expected != refused
    {
        mismatches.push(Mismatch::new("refused", expected.to_string(), refused.to_string()));
    }
    let none = ProposedPlan {
        version: None,
        tags: Vec::new(),
        labels: Vec::new(),
        annotations: Vec::new(),
        findings: Vec::new(),
    };
    let plan = match derivation {
        Derivation::Plan(plan) => plan,
        Derivation::Refusal(_) => &none,
    };
    let names = |moving: bool| -> Vec<String> {
        let tags = plan.tags.iter().filter(|tag| !moving || tag.mode == TagMode::Move);
        tags.map(|tag| tag.name.clone()).collect()
    };
    for (what, expected, got) in
        [("tags", &expect.tags, names(false)), ("moving", &expect.moving, names(true))]
    {
        if let Some(expected) = expected
            && *expected != got
        {
            mismatches.push(Mismatch::new(what, expected.join(", "), got.join(", ")));
        }
    }
    if let Some(expected) = &expect.version
        && expected != plan.version.as_deref().unwrap_or_default()
    {
        let got = plan.version.clone().unwrap_or_else(|| "no version".to_owned());
        mismatches.push(Mismatch::new("version", expected, got));
    }
    compare_labels("labels", &expect.labels, &plan.labels, mismatches);
    compare_labels("annotations", &expect.annotations, &plan.annotations, mismatches);
}

fn compare_labels(
    what: &str,
    expected: &BTreeMap<String, String>,
    labels: &[Label],
    mismatches: &mut Vec<Mismatch>,
) {
    for (name, value) in expected {
        let got = labels.iter().find(|label| label.name == *name).map(|label| label.value.as_str());
        if got != Some(value) {
            let got = got.map_or_else(|| "it is not there".to_owned(), str::to_owned);
            mismatches.push(Mismatch::new(&format!("{what}: {name}"), value, got));
        }
    }
}

fn compare_findings(expected: &[ExpectedFinding], findings: &[Finding], mismatches: &mut Vec<Mismatch>) {
    for expected in expected {
        let matches = |finding: &&Finding| {
            finding.rule == expected.rule
                && expected.outcome.is_none_or(|outcome| outcome == finding.outcome)
                && expected.message.as_deref().is_none_or(|pattern| fits(pattern, &finding.message))
        };
        if findings.iter().any(|finding| matches(&finding)) {
            continue;
        }
        let outcome = expected.outcome.map(|outcome| json!(outcome).as_str().unwrap_or_default().to_owned());
        let wanted = [outcome, expected.message.clone()].into_iter().flatten().collect::<Vec<_>>().join(": ");
        let of_rule = findings.iter().filter(|finding| finding.rule == expected.rule);
        let got: Vec<String> = of_rule
            .map(|finding| {
                format!("{}: {}", json!(finding.outcome).as_str().unwrap_or_default(), finding.message)
            })
            .collect();
        let got = if got.is_empty() { "no finding of this rule".to_owned() } else { got.join("; ") };
        mismatches.push(Mismatch::new(&format!("finding `{}`", expected.rule), wanted, got));
    }
}

fn compare_log(expected: &[String], transcript: &[CapabilityCall], mismatches: &mut Vec<Mismatch>) {
    let lines: Vec<&str> = transcript
        .iter()
        .filter_map(|call| match call {
            CapabilityCall::Log { message, .. } => Some(message.as_str()),
            _ => None,
        })
        .collect();
    for pattern in expected {
        if !lines.iter().any(|line| fits(pattern, line)) {
            mismatches.push(Mismatch::new("log", pattern, lines.join(" | ")));
        }
    }
}
