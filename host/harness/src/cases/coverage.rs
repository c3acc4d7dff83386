//! Rule coverage: which rules came out which way at least once.

use std::collections::BTreeMap;

use plimsoll_core::contract::RuleOutcome;

use super::{file::CoverageRules, report::CaseReport};
use crate::question::Answer;

/// Which rules were seen to come out which way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The rules that were seen, by name.
    pub rules: BTreeMap<String, RuleCoverage>,
}

/// How one rule came out, and in how many cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleCoverage {
    /// It was satisfied.
    pub passed: usize,
    /// It was not.
    pub failed: usize,
    /// It had nothing to say.
    pub skipped: usize,
    /// Whether it came out every way that it can.
    pub covered: bool,
}

impl RuleCoverage {
    /// What was not seen of a rule that is not covered.
    #[must_use]
    pub const fn missing(self) -> &'static str {
        match (self.passed, self.failed) {
            (0, 0) => "neither passed nor failed",
            (0, _) => "never passed",
            _ => "never failed",
        }
    }
}

impl Coverage {
    /// Counts the findings of all cases.
    pub(super) fn of(cases: &[CaseReport], rules: &CoverageRules) -> Self {
        let mut coverage = Self::default();
        for finding in cases.iter().filter_map(|case| case.answer.as_ref()).flat_map(Answer::findings) {
            let rule = coverage.rules.entry(finding.rule.clone()).or_default();
            match finding.outcome {
                RuleOutcome::Passed => rule.passed += 1,
                RuleOutcome::Failed => rule.failed += 1,
                RuleOutcome::Skipped => rule.skipped += 1,
            }
        }
        for (name, rule) in &mut coverage.rules {
            let passed = rule.passed > 0 || rules.only_fails.contains(name);
            let failed = rule.failed > 0 || rules.only_passes.contains(name);
            rule.covered = passed && failed;
        }
        coverage
    }

    /// The rules that did not come out every way that they can.
    pub fn uncovered(&self) -> impl Iterator<Item = (&str, RuleCoverage)> {
        self.rules.iter().filter(|(_, rule)| !rule.covered).map(|(name, rule)| (name.as_str(), *rule))
    }

    /// Whether at least so many percent came out every way that they can. Without any rule they never do.
    #[must_use]
    pub fn reaches(&self, least: u32) -> bool {
        !self.rules.is_empty() && self.percent() >= least
    }

    /// The share of rules that came out every way that they can, percent, rounded down; 0 without any rule, for
    /// then nothing was seen.
    #[must_use]
    pub fn percent(&self) -> u32 {
        let covered = self.rules.values().filter(|rule| rule.covered).count();
        let percent = (covered * 100).checked_div(self.rules.len()).unwrap_or(0);
        u32::try_from(percent).unwrap_or(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_seen_is_nothing_covered() {
        assert_eq!(Coverage::default().percent(), 0);
        assert!(!Coverage::default().reaches(0));
        let rule = |covered| RuleCoverage { covered, ..RuleCoverage::default() };
        let rules =
            [("a".to_owned(), rule(true)), ("b".to_owned(), rule(true)), ("c".to_owned(), rule(false))];
        let coverage = Coverage { rules: BTreeMap::from(rules) };
        assert_eq!(coverage.percent(), 66);
        assert!(coverage.reaches(66) && !coverage.reaches(67));
        assert_eq!(coverage.uncovered().map(|(name, _)| name).collect::<Vec<_>>(), ["c"]);
    }
}
