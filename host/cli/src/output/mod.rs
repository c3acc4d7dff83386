//! What people and programs see: data on standard output, everything else on standard error.

#[macro_use]
mod print;

pub(crate) mod github;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod shadow;
pub(crate) mod table;
pub(crate) mod watch;

use anstyle::{AnsiColor, Reset, Style};
use plimsoll_core::{contract::RuleOutcome, ports::FailureClass};
use serde::Serialize;

pub(crate) use print::{line, lost, note};

use crate::failure::Failure;

/// Good news.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Bad news.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Neither.
pub(crate) const WAITING: Style = AnsiColor::Yellow.on_default();
/// What the eye should find first.
pub(crate) const STRONG: Style = Style::new().bold();
/// What the eye may skip.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// Back to plain text.
pub(crate) const PLAIN: Reset = Reset;

/// Prints a result for programs.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| {
        Failure::new(FailureClass::Internal, format!("the result has no JSON form: {error}"))
    })?;
    say!("{text}");
    Ok(())
}

/// A text from outside on one line, without what could steer a terminal.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The sign and colour of a rule's outcome; readable without the colour.
pub(crate) const fn sign(outcome: RuleOutcome) -> (&'static str, Style) {
    match outcome {
        RuleOutcome::Passed => ("✓", GOOD),
        RuleOutcome::Failed => ("✗", BAD),
        RuleOutcome::Skipped => ("-", FAINT),
    }
}

/// The colour of a verdict.
pub(crate) fn verdict_style(verdict: Option<&str>) -> Style {
    match verdict {
        Some("allow") => GOOD,
        Some("deny") => BAD,
        _ => WAITING,
    }
}
