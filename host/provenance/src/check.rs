//! Whether an image is what was expected, by the statements that count.
//!
//! Everything is asked of one release, so that nothing of one release vouches for another. Where several made the same image, the
//! first of which all is right is taken, else the newest.

use std::collections::BTreeMap;

use plimsoll_core::{
    contract::{Finding, RuleOutcome, TagMode},
    digest::Digest,
};
use serde::Serialize;

use crate::{
    build::{Build, BuildDefinition},
    decision::{DecidingPolicy, Promotion, TagGiven, Tagging},
    expected::{Expected, ExpectedPolicy, is_commit, is_source},
    found::{Disregarded, Found, Gathered, MOST_REFERRERS, Vouched},
    recorded::{Recorded, RecordedRelease},
    statement::Claim,
};

/// The checks that prove something beyond the repository's word.
const SIGNATURE: &str = "signature";
const JOURNAL: &str = "journal";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Whether no check failed.
    pub verified: bool,
    /// Whether more than the repository's word stands behind that: a signature by a key that was named, or a journal.
    pub proven: bool,
    /// The release that the checks are about; absent when no statement says how the image was built.
    pub release: Option<String>,
    /// The checks. What was not asked for is told as skipped.
    pub checks: Vec<Finding>,
    /// What lies beside the image and does not count.
    pub disregarded: Vec<Disregarded>,
}

/// Checks an image. `pointing` is where the tags of the statements point to now; a journal at hand is compared.
#[must_use]
pub fn check(
    image: &Digest,
    gathered: Gathered,
    expected: &Expected,
    pointing: &BTreeMap<String, Option<Digest>>,
    recorded: Option<&Recorded>,
) -> Report {
    let Gathered { found, disregarded, truncated } = gathered;
    let rest = truncated.then(|| {
        failed("referrers", format!("more than {MOST_REFERRERS} referrers: the rest was not looked at"))
    });
    let mut releases: Vec<Release<'_>> =
        found.iter().filter_map(|build| Release::of(build, &found)).collect();
    releases.sort_by_key(|release| std::cmp::Reverse(release.build.run_details.metadata.started_on));
    let reports = releases.iter().map(|release| {
        let mut checks = release.check(image, expected, pointing, recorded);
        checks.extend(rest.clone());
        let verified = checks.iter().all(|check| check.outcome != RuleOutcome::Failed);
        let is_proof = |check: &Finding| {
            matches!(check.rule.as_str(), SIGNATURE | JOURNAL) && check.outcome == RuleOutcome::Passed
        };
        let proven = verified && checks.iter().any(is_proof);
        Report {
            verified,
            proven,
            release: Some(release.id.to_owned()),
            checks,
            disregarded: disregarded.clone(),
        }
    });
    let mut newest = None;
    for report in reports {
        if report.verified {
            return report;
        }
        newest.get_or_insert(report);
    }
    newest.unwrap_or_else(|| {
        let none = failed("provenance", "no statement that counts says how this image was built");
        let checks = [none].into_iter().chain(rest).collect();
        Report { verified: false, proven: false, release: None, checks, disregarded }
    })
}

/// The statements of one release.
struct Release<'a> {
    id: &'a str,
    build: &'a Build,
    tagging: Vec<&'a Tagging>,
    promotions: Vec<&'a Promotion>,
    /// The same decisions, as they are stated.
    decisions: Vec<&'a Claim>,
    vouched: Vec<Vouched>,
}

impl<'a> Release<'a> {
    /// The release of a statement on a build.
    fn of(found: &'a Found, all: &'a [Found]) -> Option<Self> {
        let Claim::Build(build) = &found.statement.claim else { return None };
        let id = found.statement.claim.release();
        let mut release = Self {
            id,
            build,
            tagging: Vec::new(),
            promotions: Vec::new(),
            decisions: Vec::new(),
            vouched: vec![found.vouched],
        };
        for other in all.iter().filter(|other| other.statement.claim.release() == id) {
            match &other.statement.claim {
                Claim::Build(_) => continue,
                Claim::Tagging(tagging) => release.tagging.push(tagging),
                Claim::Promotion(promotion) => release.promotions.push(promotion),
            }
            release.decisions.push(&other.statement.claim);
            release.vouched.push(other.vouched);
        }
        // The newest decision counts.
        release.tagging.sort_by_key(|tagging| std::cmp::Reverse(tagging.record.sequence));
        release.promotions.sort_by_key(|promotion| std::cmp::Reverse(promotion.record.sequence));
        Some(release)
    }

    fn check(
        &self,
        image: &Digest,
        expected: &Expected,
        pointing: &BTreeMap<String, Option<Digest>>,
        recorded: Option<&Recorded>,
    ) -> Vec<Finding> {
        let mut checks =
            vec![self.provenance(), self.signature(), self.source(expected), self.commit(expected)];
        checks.extend(self.tags(image, expected, pointing));
        checks.extend(self.environments(expected));
        checks.extend(recorded.map(|recorded| self.journal(image, recorded)));
        checks
    }

    fn provenance(&self) -> Finding {
        let Build { build_definition, run_details } = self.build;
        let version = run_details.builder.version.get("plimsoll").map_or("?", String::as_str);
        let builder = &build_definition.internal_parameters.builder;
        passed("provenance", format!("release {} built it: plimsoll {version}, builder {builder}", self.id))
    }

    fn signature(&self) -> Finding {
        let count = self.vouched.len();
        match self.vouched.first() {
            Some(Vouched::Key(key)) => {
                passed(SIGNATURE, format!("{count} statements are signed with the key {key}"))
            }
            _ if self.vouched.contains(&Vouched::Unsigned) => told(
                SIGNATURE,
                "not signed: whoever may write to the repository may have written what follows".to_owned(),
            ),
            _ => told(SIGNATURE, "not checked: --key names the public key of whoever signs".to_owned()),
        }
    }

    fn source(&self, expected: &Expected) -> Finding {
        let source = &self.build.build_definition.external_parameters.source;
        let is = source.uri.as_deref().unwrap_or(&source.repository);
        let from = match &source.git_ref {
            Some(git_ref) => format!("{is}, {git_ref}"),
            None => is.to_owned(),
        };
        match &expected.source {
            Some(wanted) if is_source(wanted, source) => passed("source", from),
            Some(wanted) => failed("source", format!("{from}, not {wanted}")),
            None => told("source", from),
        }
    }

    fn commit(&self, expected: &Expected) -> Finding {
        let Some(commit) = self.build.commit() else {
            return failed("commit", "the statement names no commit");
        };
        let dirty = self.build.build_definition.internal_parameters.dirty;
        let with = if dirty { ", with changes that are not in it" } else { "" };
        match &expected.commit {
            Some(wanted) if is_commit(wanted, commit) && !dirty => passed("commit", commit.to_owned()),
            Some(wanted) if is_commit(wanted, commit) => failed("commit", format!("{commit}{with}")),
            Some(wanted) => failed("commit", format!("{commit}{with}, not {wanted}")),
            None => told("commit", format!("{commit}{with}")),
        }
    }

    fn tags(
        &self,
        image: &Digest,
        expected: &Expected,
        pointing: &BTreeMap<String, Option<Digest>>,
    ) -> Vec<Finding> {
        let Some(tagging) = self.tagging.first() else {
            return vec![failed("tags", "no statement that counts says which policy gave its tags")];
        };
        let by = written(&tagging.policy);
        let mut checks = Vec::new();
        if let Some(tag) = &expected.tag {
            let name = format!("tag {tag}");
            checks.push(match tagging.tag(tag) {
                Some(_) => passed(&name, format!("given by {by}")),
                None => failed(&name, format!("not among the tags that {by} gave")),
            });
        }
        for given in tagging.tags.iter().filter(|given| Some(&given.name) != expected.tag.as_ref()) {
            checks.push(other_tag(image, given, &by, pointing.get(&given.name).copied().flatten()));
        }
        checks.extend(expected.policy.as_ref().map(|wanted| match wanted.is(&tagging.policy) {
            true => passed("policy", format!("{wanted} gave the tags")),
            false => failed("policy", format!("{by} gave the tags, not {wanted}")),
        }));
        checks
    }

    /// The newest decision on each environment, or on the one that is asked for.
    fn environments(&self, expected: &Expected) -> Vec<Finding> {
        let mut newest: BTreeMap<&str, &Promotion> = BTreeMap::new();
        for promotion in &self.promotions {
            newest.entry(&promotion.environment).or_insert(promotion);
        }
        let Some(wanted) = &expected.environment else {
            let decided = |(name, promotion): (&&str, &&Promotion)| told(name, decision(promotion));
            return newest.iter().map(decided).collect();
        };
        let Some(promotion) = newest.get(wanted.as_str()) else {
            return vec![failed(wanted, "no statement that counts says that it was ever allowed there")];
        };
        let mut checks = vec![match promotion.allows() {
            true => passed(wanted, decision(promotion)),
            false => failed(wanted, decision(promotion)),
        }];
        checks.extend(expected.promotion_policies.iter().map(|policy| decider(policy, promotion)));
        checks
    }

    /// Whether a journal holds the same.
    fn journal(&self, image: &Digest, recorded: &Recorded) -> Finding {
        match recorded.releases.get(self.id).map(|release| self.differences(image, release)) {
            None => failed(JOURNAL, format!("the journal at hand does not know the release {}", self.id)),
            Some(differences) if differences.is_empty() => passed(JOURNAL, "it holds the same".to_owned()),
            Some(differences) => failed(JOURNAL, differences.join("; ")),
        }
    }

    fn differences(&self, image: &Digest, release: &RecordedRelease) -> Vec<String> {
        let mut differences = self.differences_of_build(release);
        if release.image != Some(*image) {
            let other = release.image.map_or_else(|| "no image".to_owned(), |image| image.to_string());
            differences.push(format!("the release made {other}"));
        }
        for claim in &self.decisions {
            if let Some(record) = claim.record()
                && !release.holds(record.sequence, claim)
            {
                differences
                    .push(format!("entry {} is not the decision that the statement names", record.sequence));
            }
        }
        for promotion in &self.promotions {
            if let Some((sequence, word)) = release.newest.get(&promotion.environment)
                && !self.promotions.iter().any(|known| known.record.sequence == *sequence)
            {
                let difference =
                    format!("entry {sequence} is a newer decision on {}: {word}", promotion.environment);
                if !differences.contains(&difference) {
                    differences.push(difference);
                }
            }
        }
        differences
    }

    /// Where the statement on the build says otherwise, as far as a journal knows how it was built.
    fn differences_of_build(&self, release: &RecordedRelease) -> Vec<String> {
        let BuildDefinition { external_parameters, internal_parameters, .. } = &self.build.build_definition;
        let mut differences = Vec::new();
        if self.build.commit() != Some(release.commit.as_str()) {
            differences.push(format!("the release is of commit {}", release.commit));
        }
        if external_parameters.source != release.source {
            let of = release.source.uri.as_deref().unwrap_or(&release.source.repository);
            differences.push(format!("the release is of {of}, and its event another one"));
        }
        if internal_parameters.dirty != release.dirty {
            let with = if release.dirty { "with" } else { "without" };
            differences.push(format!("the release is {with} changes beside its commit"));
        }
        if internal_parameters.configuration.content() != Some(release.configuration) {
            differences.push(format!("the release began with the configuration {}", release.configuration));
        }
        differences
    }
}

/// A tag that the image was not named by.
fn other_tag(image: &Digest, given: &TagGiven, by: &str, points_to: Option<Digest>) -> Finding {
    let name = format!("tag {}", given.name);
    match (points_to, given.mode) {
        (Some(digest), _) if digest == *image => told(&name, format!("given by {by}")),
        (Some(digest), TagMode::Create) => {
            failed(&name, format!("given by {by}, never to move, and points to {digest} now"))
        }
        (Some(digest), TagMode::Move) => told(&name, format!("given by {by}; it has moved on to {digest}")),
        (None, _) => told(&name, format!("given by {by}; it is not there")),
    }
}

/// Whether a policy was among those who decided.
fn decider(wanted: &ExpectedPolicy, promotion: &Promotion) -> Finding {
    match promotion.policies.iter().find(|policy| wanted.is(policy)) {
        Some(_) => passed("promotion-policy", format!("{wanted} was asked")),
        None => failed("promotion-policy", format!("{wanted} was not asked")),
    }
}

fn decision(promotion: &Promotion) -> String {
    let word = if promotion.allows() { "allowed" } else { "denied" };
    let policies: Vec<String> = promotion.policies.iter().map(written).collect();
    let by = if policies.is_empty() { "the host itself".to_owned() } else { policies.join(", ") };
    let intent = match promotion.intent.as_str() {
        "promotion" => String::new(),
        other => format!(" as {other}"),
    };
    format!("{word}{intent} by {by}")
}

fn written(policy: &DecidingPolicy) -> String {
    let digest =
        policy.digest.content().map_or_else(|| "of no digest".to_owned(), |digest| digest.to_string());
    format!("{} {digest}", policy.reference)
}

/// What statements say comes from outside: nothing of it may steer a terminal.
fn finding(rule: &str, outcome: RuleOutcome, message: &str) -> Finding {
    let visible = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Finding { rule: visible(rule), outcome, message: visible(message) }
}

fn passed(rule: &str, message: impl Into<String>) -> Finding {
    finding(rule, RuleOutcome::Passed, &message.into())
}

fn failed(rule: &str, message: impl Into<String>) -> Finding {
    finding(rule, RuleOutcome::Failed, &message.into())
}

/// What was not asked for.
fn told(rule: &str, message: impl Into<String>) -> Finding {
    finding(rule, RuleOutcome::Skipped, &message.into())
}
