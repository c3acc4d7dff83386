//! What shadows would have decided, for people.

use plimsoll_core::{contract::Finding, shadow::Comparison};

use super::{FAINT, PLAIN, WAITING, report::indented};

/// How many of the findings that differ are shown.
const MOST_REASONS: usize = 3;

/// Prints what a shadow would have decided, and why it is something else.
pub(crate) fn comparison(comparison: &Comparison) {
    if comparison.agrees {
        say!("  {FAINT}the shadow {} agrees{PLAIN}", comparison.policy);
    } else {
        say!("  the shadow {} disagrees: {}", comparison.policy, disagreement(comparison));
        reasons(comparison);
    }
}

/// The two decisions.
pub(crate) fn disagreement(comparison: &Comparison) -> String {
    let Comparison { decided, would_decide, .. } = comparison;
    format!("{WAITING}{would_decide}{PLAIN} instead of {decided}")
}

/// Prints the first findings that differ: the shadow's own, or those that it lacks.
pub(crate) fn reasons(comparison: &Comparison) {
    let own: Vec<Finding> = comparison.findings.iter().filter_map(|change| change.after.clone()).collect();
    let lacking = comparison.findings.iter().filter_map(|change| change.before.clone());
    let shown = if own.is_empty() { lacking.collect() } else { own };
    indented(&shown[..shown.len().min(MOST_REASONS)], "    ");
}
