//! The contract's records, as Rust sees them, with a few ways to make them.
//!
//! They are generated from `wit/`, which documents each field; nothing here repeats it.

use std::fmt;

pub use crate::guest::bindings::{
    about::exports::plimsoll::policy::about::{Description, SettingsProblem},
    capabilities::plimsoll::policy::{
        history::{Deployment, PastRelease},
        log::Level,
        registry::LookupFailure,
        types::{
            Commit, Failure, Finding, GitRef, Label, Moment, PassageState, PublishedRelease, PullRequest,
            Repository, RuleOutcome, Source, Trigger, Weekday,
        },
    },
    promotion::exports::plimsoll::policy::promotion::{
        Approval, Condition, Decision, Environment, Evidence, EvidenceOutcome, Image, Intent, Justification,
        Passage, PromotionRequest, Running, Verdict,
    },
    tagging::exports::plimsoll::policy::tagging::{Derivation, Plan, Refusal, Tag, TagMode, TaggingRequest},
};

impl Finding {
    /// A rule that is satisfied.
    ///
    /// ```
    /// let finding = plimsoll_sdk::Finding::passed("branch", "`main` is the default branch");
    /// assert_eq!(finding.outcome, plimsoll_sdk::RuleOutcome::Passed);
    /// ```
    #[must_use]
    pub fn passed(rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self { rule: rule.into(), outcome: RuleOutcome::Passed, message: message.into() }
    }

    /// A rule that is not satisfied.
    ///
    /// ```
    /// let finding = plimsoll_sdk::Finding::failed("branch", "`dev` is not the default branch; merge it first");
    /// assert_eq!(finding.outcome, plimsoll_sdk::RuleOutcome::Failed);
    /// ```
    #[must_use]
    pub fn failed(rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self { rule: rule.into(), outcome: RuleOutcome::Failed, message: message.into() }
    }

    /// A rule that has nothing to say in this case.
    ///
    /// ```
    /// let finding = plimsoll_sdk::Finding::skipped("branch", "a tag was pushed, no branch");
    /// assert_eq!(finding.outcome, plimsoll_sdk::RuleOutcome::Skipped);
    /// ```
    #[must_use]
    pub fn skipped(rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self { rule: rule.into(), outcome: RuleOutcome::Skipped, message: message.into() }
    }
}

impl Verdict {
    /// It may go, now.
    ///
    /// ```
    /// use plimsoll_sdk::{Finding, Verdict};
    /// let verdict = Verdict::allow(vec![Finding::passed("anything", "anything goes")]);
    /// ```
    #[must_use]
    pub const fn allow(findings: Vec<Finding>) -> Self {
        Self { decision: Decision::Allow, findings }
    }

    /// It may not go.
    ///
    /// ```
    /// use plimsoll_sdk::{Finding, Verdict};
    /// let verdict = Verdict::deny(vec![Finding::failed("nothing", "nothing goes")]);
    /// ```
    #[must_use]
    pub const fn deny(findings: Vec<Finding>) -> Self {
        Self { decision: Decision::Deny, findings }
    }

    /// It may not go before all conditions are met; give at least one.
    ///
    /// ```
    /// use plimsoll_sdk::{Condition, Finding, Verdict};
    /// let verdict = Verdict::hold(
    ///     vec![Condition::Evidence("smoke-test".to_owned())],
    ///     vec![Finding::failed("smoke-test", "it has not run yet")],
    /// );
    /// ```
    #[must_use]
    pub const fn hold(until: Vec<Condition>, findings: Vec<Finding>) -> Self {
        Self { decision: Decision::Hold(until), findings }
    }
}

impl Derivation {
    /// Nothing is to be released; at least one finding says what failed.
    ///
    /// ```
    /// use plimsoll_sdk::{Derivation, Finding};
    /// let answer = Derivation::refuse(vec![Finding::failed("event", "pull requests are not released")]);
    /// ```
    #[must_use]
    pub const fn refuse(findings: Vec<Finding>) -> Self {
        Self::Refusal(Refusal { findings })
    }
}

impl Tag {
    /// A tag that is new and never moves.
    ///
    /// ```
    /// let tag = plimsoll_sdk::Tag::create("v1.2.3");
    /// ```
    #[must_use]
    pub fn create(name: impl Into<String>) -> Self {
        Self { name: name.into(), mode: TagMode::Create }
    }

    /// A tag that moves to this image, wherever it was.
    ///
    /// ```
    /// let tag = plimsoll_sdk::Tag::moving("latest");
    /// ```
    #[must_use]
    pub fn moving(name: impl Into<String>) -> Self {
        Self { name: name.into(), mode: TagMode::Move }
    }
}

impl Label {
    /// A name with a value.
    ///
    /// ```
    /// let label = plimsoll_sdk::Label::new("org.opencontainers.image.version", "1.2.3");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

impl Failure {
    /// One sentence for people: what went wrong and what to do.
    ///
    /// ```
    /// let failure = plimsoll_sdk::Failure::new("the registry knows no such image; push it again");
    /// ```
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// So that `?` turns a look-up without an answer into a decision without one.
impl From<LookupFailure> for Failure {
    fn from(failure: LookupFailure) -> Self {
        match failure {
            LookupFailure::Denied(message) => Self::new(format!("a look-up was denied: {message}")),
            LookupFailure::Unavailable(message) => Self::new(format!("a look-up failed: {message}")),
        }
    }
}

impl SettingsProblem {
    /// What is wrong, and where: a JSON Pointer (RFC 6901) such as `/people/0`, empty for the whole object.
    ///
    /// ```
    /// let problem = plimsoll_sdk::SettingsProblem::new("/quorum", "must be at least 1");
    /// ```
    #[must_use]
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl fmt::Display for GitRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "the branch `{name}`"),
            Self::Tag(name) => write!(f, "the tag `{name}`"),
            Self::PullRequest(number) => write!(f, "pull request {number}"),
            Self::Detached => f.write_str("a commit without a branch"),
        }
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
        })
    }
}
