//! The contract's records as plain data: what a policy is asked and what it answers.
//!
//! Names, order and meaning are those of `wit/v0.1`; the doc comments there are the reference. The JSON form, used in
//! the journal and on the command line, follows from the contract by rule: field and case names in kebab-case, a
//! record is an object, an enum case a string, a variant case with a payload an object with one member, an absent
//! option `null` or left out.

mod about;
mod promotion;
mod tagging;
mod types;

pub use about::{Description, SettingsProblem};
pub use promotion::{
    Approval, Condition, Decision, Environment, Evidence, EvidenceOutcome, Image, Intent, Justification,
    Passage, PassageState, PromotionRequest, Running, Verdict,
};
pub use tagging::{Derivation, ProposedPlan, ProposedTag, TagMode, TaggingRequest};
pub use types::{
    Commit, Finding, GitRef, Label, Moment, PublishedRelease, PullRequest, Repository, RuleOutcome, Source,
    Trigger, Weekday,
};

/// The version of the contract that this host speaks, as in the package name `plimsoll:policy@VERSION`.
pub const CONTRACT_VERSION: &str = "0.1.0";
