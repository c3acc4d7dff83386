//! The contract's records, as Rust sees them, with a few ways to make them.
//!
//! They are generated from `wit/`, which documents each field; nothing here repeats it.

use std::fmt;

/// What a policy says about itself and its settings.
///
/// ```
/// use plimsoll_sdk::SettingsProblem;
/// let problem = SettingsProblem::new("/quorum", "must be at least 1");
/// assert_eq!(problem.pointer, "/quorum");
/// ```
pub use crate::guest::bindings::about::exports::plimsoll::policy::about::{Description, SettingsProblem};
/// The nouns that both questions speak of.
///
/// ```
/// use plimsoll_sdk::{GitRef, Trigger, Weekday, testing};
/// let request = testing::pull_request(7);
/// assert_eq!(request.source.git_ref, GitRef::PullRequest(7));
/// assert!(matches!(&request.source.trigger, Trigger::PullRequest(details) if !details.from_fork));
/// assert_eq!(request.source.repository.default_branch.as_deref(), Some("main"));
/// assert_eq!(request.now.weekday, Weekday::Tuesday);
/// ```
pub use crate::guest::bindings::capabilities::plimsoll::policy::types::{
    Commit, Failure, Finding, GitRef, Label, Moment, PassageState, PublishedRelease, PullRequest, Repository,
    RuleOutcome, Source, Trigger, Weekday,
};
/// What capabilities answer with: see [`capability`](crate::capability) for the questions.
///
/// ```
/// use plimsoll_sdk::{Failure, LookupFailure};
/// // `?` makes a decision without an answer of a look-up without one.
/// let failure = Failure::from(LookupFailure::Unavailable("the registry sleeps".to_owned()));
/// assert!(failure.message.contains("sleeps"));
/// ```
pub use crate::guest::bindings::capabilities::plimsoll::policy::{
    history::{Deployment, PastRelease},
    log::Level,
    registry::LookupFailure,
};
/// What is asked and answered about a promotion.
///
/// ```
/// use plimsoll_sdk::{Evidence, EvidenceOutcome, Intent, PassageState, testing};
/// let mut request = testing::promotion(Some("v1.2.3"), "production");
/// let at = request.now.unix;
/// request.evidence.push(Evidence { name: "scan".to_owned(), outcome: EvidenceOutcome::Passed, value: None, at });
/// assert!(matches!(request.intent, Intent::Promote));
/// let staging = request.passages.iter().find(|passage| passage.environment == "staging").expect("it was there");
/// assert_eq!(staging.state, PassageState::Deployed);
/// ```
pub use crate::guest::bindings::promotion::exports::plimsoll::policy::promotion::{
    Approval, Condition, Decision, Environment, Evidence, EvidenceOutcome, Image, Intent, Justification,
    Passage, PromotionRequest, Running, Verdict,
};
/// What is asked and answered about tags.
///
/// ```
/// use plimsoll_sdk::{Derivation, Finding, Plan, Tag};
/// let answer = Derivation::Plan(Plan {
///     version: Some("1.2.3".to_owned()),
///     tags: vec![Tag::create("v1.2.3"), Tag::moving("latest")],
///     labels: Vec::new(),
///     annotations: Vec::new(),
///     findings: vec![Finding::passed("version", "`v1.2.3` is a version")],
/// });
/// ```
pub use crate::guest::bindings::tagging::exports::plimsoll::policy::tagging::{
    Derivation, Plan, Refusal, Tag, TagMode, TaggingRequest,
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
