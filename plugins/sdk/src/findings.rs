//! Collecting what each rule found.

use crate::types::{Condition, Finding, RuleOutcome, Verdict};

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
pub struct Findings {
    list: Vec<Finding>,
    /// What would satisfy the rules that only have to wait.
    until: Vec<Condition>,
    /// Whether a rule failed that no waiting satisfies.
    refused: bool,
}

impl Findings {
    /// None yet.
    ///
    /// ```
    /// assert!(!plimsoll_sdk::Findings::new().any_failed());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { list: Vec::new(), until: Vec::new(), refused: false }
    }

    /// Adds a rule that is satisfied.
    ///
    /// ```
    /// plimsoll_sdk::Findings::new().passed("branch", "`main` is the default branch");
    /// ```
    pub fn passed(&mut self, rule: &str, message: impl Into<String>) {
        self.list.push(Finding::passed(rule, message));
    }

    /// Adds a rule that is not satisfied.
    ///
    /// ```
    /// plimsoll_sdk::Findings::new().failed("branch", "`dev` is not the default branch; merge it first");
    /// ```
    pub fn failed(&mut self, rule: &str, message: impl Into<String>) {
        self.list.push(Finding::failed(rule, message));
        self.refused = true;
    }

    /// Adds a rule that is not satisfied yet, and what it waits for.
    ///
    /// ```
    /// use plimsoll_sdk::{Condition, Decision, Findings};
    /// let mut findings = Findings::new();
    /// findings.waits("smoke-test", "it has not run yet", Condition::Evidence("smoke-test".to_owned()));
    /// assert!(matches!(findings.verdict().decision, Decision::Hold(_)));
    /// ```
    pub fn waits(&mut self, rule: &str, message: impl Into<String>, until: Condition) {
        self.list.push(Finding::failed(rule, message));
        self.until.push(until);
    }

    /// Adds a rule that has nothing to say in this case.
    ///
    /// ```
    /// plimsoll_sdk::Findings::new().skipped("branch", "a tag was pushed, no branch");
    /// ```
    pub fn skipped(&mut self, rule: &str, message: impl Into<String>) {
        self.list.push(Finding::skipped(rule, message));
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
        self.list.iter().any(|finding| finding.outcome == RuleOutcome::Failed)
    }

    /// Denies when a rule failed, else holds when a rule waits, else allows.
    ///
    /// ```
    /// use plimsoll_sdk::{Decision, Findings};
    /// let mut findings = Findings::new();
    /// findings.passed("tag", "the image carries `v1.2.3`");
    /// assert_eq!(findings.verdict().decision, Decision::Allow);
    /// ```
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match (self.refused, self.until.is_empty()) {
            (true, _) => Verdict::deny(self.list),
            (false, false) => Verdict::hold(self.until, self.list),
            (false, true) => Verdict::allow(self.list),
        }
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
        self.list
    }
}
