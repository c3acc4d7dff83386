//! Collecting what each rule found.

use crate::types::{Finding, RuleOutcome, Verdict};

/// What the rules of a policy found, one after the other.
///
/// ```
/// use plimsoll_sdk::{Decision, Findings};
///
/// let mut findings = Findings::new();
/// findings.passed("tag", "the image carries `v1.2.3`");
/// findings.failed("freeze", "nothing is promoted before 6 January");
/// assert_eq!(findings.verdict().decision, Decision::Deny);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// None yet.
    ///
    /// ```
    /// assert!(!plimsoll_sdk::Findings::new().any_failed());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a rule that is satisfied.
    ///
    /// ```
    /// plimsoll_sdk::Findings::new().passed("branch", "`main` is the default branch");
    /// ```
    pub fn passed(&mut self, rule: &str, message: impl Into<String>) {
        self.0.push(Finding::passed(rule, message));
    }

    /// Adds a rule that is not satisfied.
    ///
    /// ```
    /// plimsoll_sdk::Findings::new().failed("branch", "`dev` is not the default branch; merge it first");
    /// ```
    pub fn failed(&mut self, rule: &str, message: impl Into<String>) {
        self.0.push(Finding::failed(rule, message));
    }

    /// Adds a rule that has nothing to say in this case.
    ///
    /// ```
    /// plimsoll_sdk::Findings::new().skipped("branch", "a tag was pushed, no branch");
    /// ```
    pub fn skipped(&mut self, rule: &str, message: impl Into<String>) {
        self.0.push(Finding::skipped(rule, message));
    }

    /// Whether a rule is not satisfied.
    ///
    /// ```
    /// let mut findings = plimsoll_sdk::Findings::new();
    /// findings.failed("branch", "`dev` is not the default branch");
    /// assert!(findings.any_failed());
    /// ```
    #[must_use]
    pub fn any_failed(&self) -> bool {
        self.0.iter().any(|finding| finding.outcome == RuleOutcome::Failed)
    }

    /// Allows when no rule failed, else denies.
    ///
    /// ```
    /// use plimsoll_sdk::{Decision, Findings};
    /// let mut findings = Findings::new();
    /// findings.passed("tag", "the image carries `v1.2.3`");
    /// assert_eq!(findings.verdict().decision, Decision::Allow);
    /// ```
    #[must_use]
    pub fn verdict(self) -> Verdict {
        if self.any_failed() { Verdict::deny(self.0) } else { Verdict::allow(self.0) }
    }

    /// The list, as answers take it.
    ///
    /// ```
    /// use plimsoll_sdk::{Derivation, Findings};
    /// let mut findings = Findings::new();
    /// findings.failed("event", "pull requests are not released");
    /// let answer = Derivation::refuse(findings.into_vec());
    /// ```
    #[must_use]
    pub fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}
