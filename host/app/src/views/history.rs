//! `history`: what happened.

use plimsoll_core::{
    contract::{Approval, EvidenceOutcome, GitRef},
    digest::Digest,
    fact::{Entry, Fact},
    ports::{Journal, PortFailure},
    release::Attestation,
    shadow::{Comparison, ShadowRecord},
};
use serde::Serialize;

use super::fold;
use crate::report::ReleaseReport;

/// One release in the list of releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HistoryRow {
    /// When it began, Unix seconds.
    pub opened: i64,
    /// Where it came from.
    pub git_ref: GitRef,
    /// The commit.
    pub commit: String,
    /// How it stands.
    #[serde(flatten)]
    pub report: ReleaseReport,
}

/// One thing that happened to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Happening {
    /// Its place in the journal.
    pub sequence: u64,
    /// When, Unix seconds.
    pub at: i64,
    /// What, a sentence.
    pub what: String,
}

/// The newest releases, newest first.
///
/// # Errors
/// The journal could not be read.
pub async fn history(journal: &dyn Journal, limit: usize) -> Result<Vec<HistoryRow>, PortFailure> {
    let mut rows = Vec::new();
    for opening in journal.openings(limit).await? {
        let Some(state) = fold(journal, &opening.release).await? else { continue };
        rows.push(HistoryRow {
            opened: state.opened,
            report: ReleaseReport::of(&state),
            git_ref: state.opening.source.git_ref,
            commit: state.opening.source.commit.id,
        });
    }
    Ok(rows)
}

/// Everything that happened to one release, oldest first.
#[must_use]
pub fn happenings(entries: &[Entry]) -> Vec<Happening> {
    let happening =
        |entry: &Entry| Happening { sequence: entry.sequence, at: entry.at, what: sentence(&entry.fact) };
    entries.iter().map(happening).collect()
}

/// A fact as a sentence.
#[must_use]
pub fn sentence(fact: &Fact) -> String {
    match fact {
        Fact::Opened(opening) => {
            format!(
                "opened for {} at commit {}",
                git_ref(&opening.source.git_ref),
                short(&opening.source.commit.id)
            )
        }
        Fact::Resumed { .. } => "taken up again".to_owned(),
        Fact::TagsDerived { record, plan } => match plan {
            Some(plan) => {
                let tags: Vec<&str> = plan.tags.iter().map(|planned| planned.tag.as_str()).collect();
                format!("{} gave the tags {}", record.policy.reference, tags.join(", "))
            }
            None => match record.outcome.unanswered() {
                Some(reason) => format!("{}: {reason}", record.policy.reference),
                None => format!("{} refused the event", record.policy.reference),
            },
        },
        Fact::TagsShadowed { shadow } => shadowed(&shadow.compare()),
        Fact::Built { digest, size, .. } => format!("built {digest} ({size} bytes of layers)"),
        Fact::Pushed { digest } => format!("pushed {digest}"),
        Fact::Attested { attestation, referrer } => attested(attestation, referrer),
        Fact::Tagged { tag, previous: None } => format!("tagged {tag}"),
        Fact::Tagged { tag, previous: Some(previous) } => format!("tagged {tag}, which was {previous}"),
        Fact::TagKept { tag, newer } => format!("left the tag {tag} to the newer release {newer}"),
        Fact::Decided { environment, verdict, .. } => format!("{environment}: {}", verdict.decision.word()),
        Fact::Shadowed { environment, shadows } => {
            let shadows: Vec<String> =
                shadows.iter().map(ShadowRecord::compare).map(|shadow| shadowed(&shadow)).collect();
            format!("{environment}: {}", shadows.join("; "))
        }
        Fact::Deployed { environment, digest, location, .. } => {
            format!("{environment}: deployed {} to {location}", digest.short())
        }
        Fact::Superseded { environment, newer } => {
            format!("{environment}: the newer release {newer} runs there")
        }
        Fact::Settled {} => "nothing is left to do".to_owned(),
        Fact::StepFailed { step, environment: None, message, .. } => format!("{step} failed: {message}"),
        Fact::StepFailed { step, environment: Some(environment), message, .. } => {
            format!("{environment}: {step} failed: {message}")
        }
        act => act_sentence(act),
    }
}

/// What people, checks and onlookers say.
fn act_sentence(fact: &Fact) -> String {
    match fact {
        Fact::Verified { environment, check, evidence, .. } => {
            format!("{environment}: the check {check} {}", outcome(evidence.outcome))
        }
        Fact::Requested { environment, intent, by, reason } => {
            let reason = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            format!("{environment}: {by} asked for a {}{reason}", intent.word())
        }
        Fact::Approved { approval } => approved(approval),
        Fact::EvidenceGiven { evidence, .. } => {
            format!("evidence {} {}", evidence.name, outcome(evidence.outcome))
        }
        Fact::Rejected { environment, by, reason, .. } => {
            format!("{environment}: taken out by {by}: {reason}")
        }
        Fact::HealthChanged { environment, healthy: true, .. } => format!("{environment}: healthy again"),
        Fact::HealthChanged { environment, reasons, .. } => {
            format!("{environment}: unhealthy: {}", reasons.join("; "))
        }
        Fact::EnvironmentHeld { environment, by, reason, .. } => {
            format!("{environment}: held by {by}: {reason}")
        }
        Fact::EnvironmentFreed { environment, by, .. } => format!("{environment}: freed by {by}"),
        _ => String::new(),
    }
}

fn attested(attestation: &Attestation, referrer: &Digest) -> String {
    match attestation {
        Attestation::Build => format!("attested the build: {referrer}"),
        Attestation::Tags => format!("attested the tags: {referrer}"),
        Attestation::Promotion(environment) => format!("{environment}: attested the decision: {referrer}"),
    }
}

fn approved(approval: &Approval) -> String {
    let Approval { by, environment, rule, .. } = approval;
    let place = environment.as_ref().map_or_else(String::new, |environment| format!(" for {environment}"));
    let rule = rule.as_ref().map_or_else(String::new, |rule| format!(", rule {rule}"));
    format!("approved by {by}{place}{rule}")
}

fn outcome(outcome: EvidenceOutcome) -> &'static str {
    match outcome {
        EvidenceOutcome::Passed => "passed",
        EvidenceOutcome::Failed => "failed",
        EvidenceOutcome::Unknown => "is unknown",
    }
}

/// What a shadow made of a question.
fn shadowed(shadow: &Comparison) -> String {
    let Comparison { policy, agrees, decided, would_decide, .. } = shadow;
    if *agrees {
        format!("the shadow {policy} agrees")
    } else {
        format!("the shadow {policy} disagrees: {would_decide} instead of {decided}")
    }
}

/// A git reference for people.
#[must_use]
pub fn git_ref(reference: &GitRef) -> String {
    match reference {
        GitRef::Branch(name) => format!("branch {name}"),
        GitRef::Tag(name) => format!("tag {name}"),
        GitRef::PullRequest(number) => format!("pull request {number}"),
        GitRef::Detached => "a detached commit".to_owned(),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
