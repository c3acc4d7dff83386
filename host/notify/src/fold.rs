//! Facts to events.

use std::collections::BTreeMap;

use plimsoll_core::{
    contract::{Condition, Decision, EvidenceOutcome, Finding, RuleOutcome, Verdict},
    fact::{Entry, Fact},
    names::{EnvironmentName, ReleaseId},
    release::{EnvironmentState, ReleaseState, Standing, Stay, Tagging},
};

use crate::{
    event::{Event, EventKind, Health, ShortFinding},
    text::line,
};

/// How many releases are remembered; more are in nobody's hands at a time.
const MOST_RELEASES: usize = 1000;
/// How many findings an event has.
const MOST_FINDINGS: usize = 20;
/// The longest message of a finding, characters.
const LONGEST_FINDING: usize = 300;
/// The longest message of an event, characters.
const LONGEST_MESSAGE: usize = 1000;

/// The releases that facts are about.
#[derive(Debug, Default)]
pub(crate) struct Releases {
    known: BTreeMap<ReleaseId, Known>,
}

/// One of them.
#[derive(Debug)]
struct Known {
    state: ReleaseState,
    /// What was told last of each environment.
    told: BTreeMap<EnvironmentName, EventKind>,
    /// The newest fact's place.
    newest: u64,
}

/// What an event says beside what all of them do.
struct Told {
    kind: EventKind,
    message: String,
    findings: Vec<ShortFinding>,
    location: Option<String>,
    health: Option<Health>,
}

/// How things stood before a fact.
#[derive(Default)]
struct Before {
    passed: bool,
    verdict: Option<Verdict>,
}

/// A fact about a release whose beginning is not known.
#[derive(Debug)]
pub(crate) struct UnknownRelease(pub(crate) ReleaseId);

impl Releases {
    /// Takes in a fact, and says what is to be told of it.
    pub(crate) fn take(&mut self, entry: &Entry) -> Result<Option<Event>, UnknownRelease> {
        if entry.release == ReleaseId::none() {
            return Ok(None);
        }
        // What was learnt before it was journaled in front of our eyes.
        if self.known.get(&entry.release).is_some_and(|known| entry.sequence <= known.newest) {
            return Ok(None);
        }
        if let Some(state) = ReleaseState::open(entry) {
            self.make_room();
            let known = Known { state, told: BTreeMap::new(), newest: entry.sequence };
            let known = self.known.entry(entry.release.clone()).insert_entry(known).into_mut();
            return Ok(known.event(entry, None, &Before::default()));
        }
        let known = self.known.get_mut(&entry.release);
        let known = known.ok_or_else(|| UnknownRelease(entry.release.clone()))?;
        known.newest = entry.sequence;
        let environment = environment_of(&entry.fact);
        let before = known.before(environment);
        known.state.apply(entry);
        let event = known.event(entry, environment, &before);
        if let (Some(event), Some(environment)) = (&event, environment) {
            known.told.insert(environment.clone(), event.event);
        }
        Ok(event)
    }

    fn make_room(&mut self) {
        if self.known.len() < MOST_RELEASES {
            return;
        }
        let oldest =
            self.known.iter().min_by_key(|(_, known)| known.newest).map(|(release, _)| release.clone());
        if let Some(release) = oldest {
            self.known.remove(&release);
        }
    }
}

impl Known {
    fn before(&self, environment: Option<&EnvironmentName>) -> Before {
        let Some(name) = environment else { return Before::default() };
        let Some(environment) = self.state.environment(name) else { return Before::default() };
        let held = self.told.get(name) == Some(&EventKind::Held);
        Before { passed: environment.passed(), verdict: environment.verdict.clone().filter(|_| held) }
    }

    fn event(&self, entry: &Entry, environment: Option<&EnvironmentName>, before: &Before) -> Option<Event> {
        let told = self.told_of(entry, environment, before)?;
        let opening = &self.state.opening;
        let mut event =
            Event::new(told.kind, entry.release.clone(), entry.sequence, entry.at, &opening.source);
        event.environment = environment.cloned();
        event.version = self.state.plan().and_then(|plan| plan.version.clone());
        event.digest = self.state.built;
        event.message = line(&told.message, LONGEST_MESSAGE);
        event.findings = told.findings;
        event.location = told.location;
        event.health = told.health;
        let open = |environment: &&EnvironmentState| {
            matches!(environment.stay, Stay::Pending | Stay::Held | Stay::Allowed)
        };
        event.open = self.state.environments.iter().filter(open).map(|open| open.plan.name.clone()).collect();
        Some(event)
    }

    fn told_of(&self, entry: &Entry, name: Option<&EnvironmentName>, before: &Before) -> Option<Told> {
        let environment = name.and_then(|name| self.state.environment(name));
        let place = name.map_or("", EnvironmentName::as_str);
        match &entry.fact {
            Fact::Opened(opening) => {
                let commit: String = opening.source.commit.id.chars().take(12).collect();
                Some(Told::new(
                    EventKind::Opened,
                    format!("the release of {} at {commit} began", opening.source.repository.name),
                ))
            }
            Fact::TagsDerived { .. } => tagging(&self.state.tagging),
            Fact::Decided { verdict, .. } if before.verdict.as_ref() == Some(verdict) => None,
            Fact::Decided { verdict, .. } => Some(decided(place, verdict)),
            Fact::Deployed { location, .. } => Some(deployed(place, environment?, location)),
            Fact::Verified { check, required, evidence, .. } => {
                if *required && evidence.outcome != EvidenceOutcome::Passed {
                    let seen = evidence.value.as_deref().unwrap_or("it did not pass");
                    return Some(unhealthy(place, &format!("the check {check}: {seen}")));
                }
                became_healthy(place, environment?, before)
            }
            Fact::HealthChanged { healthy: false, reasons, .. } => {
                Some(unhealthy(place, &reasons.join("; ")))
            }
            Fact::HealthChanged { healthy: true, .. } => became_healthy(place, environment?, before),
            Fact::StepFailed { step, message, .. } => {
                let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
                Some(Told::new(EventKind::Failed, format!("{step} failed{place}: {message}")))
            }
            Fact::Superseded { newer, .. } => Some(Told::new(
                EventKind::Superseded,
                format!("the newer release {newer} is in {place} already"),
            )),
            Fact::Rejected { by, reason, .. } => {
                Some(Told::new(EventKind::Rejected, format!("{by} took it out of {place}: {reason}")))
            }
            Fact::Settled {} => Some(Told::new(EventKind::Done, standing(self.state.standing()).to_owned())),
            Fact::Resumed { .. }
            | Fact::TagsShadowed { .. }
            | Fact::Built { .. }
            | Fact::Pushed { .. }
            | Fact::Attested { .. }
            | Fact::Tagged { .. }
            | Fact::TagKept { .. }
            | Fact::Shadowed { .. }
            | Fact::Requested { .. }
            | Fact::Approved { .. }
            | Fact::EvidenceGiven { .. }
            | Fact::EnvironmentHeld { .. }
            | Fact::EnvironmentFreed { .. } => None,
        }
    }
}

impl Told {
    fn new(kind: EventKind, message: String) -> Self {
        Self { kind, message, findings: Vec::new(), location: None, health: None }
    }
}

fn environment_of(fact: &Fact) -> Option<&EnvironmentName> {
    match fact {
        Fact::Decided { environment, .. }
        | Fact::Deployed { environment, .. }
        | Fact::Superseded { environment, .. }
        | Fact::Verified { environment, .. }
        | Fact::Rejected { environment, .. }
        | Fact::HealthChanged { environment, .. } => Some(environment),
        Fact::StepFailed { environment, .. } => environment.as_ref(),
        _ => None,
    }
}

fn tagging(tagging: &Tagging) -> Option<Told> {
    match tagging {
        Tagging::Refused(findings) => {
            let findings = short(findings);
            let why = findings.first().map_or("the policy gives no reason", |finding| &finding.message);
            let mut told =
                Told::new(EventKind::Denied, format!("the tagging policy refuses the release: {why}"));
            told.findings = findings;
            Some(told)
        }
        Tagging::Unanswered(reason) => {
            Some(Told::new(EventKind::Failed, format!("there are no tags: {reason}")))
        }
        Tagging::Pending | Tagging::Planned { .. } => None,
    }
}

fn decided(place: &str, verdict: &Verdict) -> Told {
    let findings = short(&verdict.findings);
    let first = findings.first().map(|finding| finding.message.clone());
    let (kind, message) = match &verdict.decision {
        Decision::Allow => {
            return Told::new(EventKind::Allowed, format!("the policies of {place} let it in"));
        }
        Decision::Deny => {
            let why = first.unwrap_or_else(|| "the policies give no reason".to_owned());
            (EventKind::Denied, format!("the policies of {place} deny it: {why}"))
        }
        Decision::Hold(until) => {
            let why = first.or_else(|| until.first().map(condition)).unwrap_or_default();
            (EventKind::Held, format!("it waits to enter {place}: {why}"))
        }
    };
    let mut told = Told::new(kind, message);
    told.findings = findings;
    told
}

fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Time(at) => format!("until {at} (Unix seconds)"),
        Condition::Approval(rule) => format!("for an approval for the rule {rule}"),
        Condition::Evidence(name) => format!("for the evidence {name}"),
        Condition::Other(text) => text.clone(),
    }
}

fn deployed(place: &str, environment: &EnvironmentState, location: &str) -> Told {
    let (health, how) = if environment.passed() {
        (Health::Healthy, "")
    } else if matches!(environment.stay, Stay::Deployed { healthy: true, .. }) {
        (Health::Checking, "; checks follow")
    } else {
        (Health::Unhealthy, ", but is not healthy")
    };
    let mut told = Told::new(EventKind::Deployed, format!("it runs in {place}{how}"));
    told.location = Some(location.to_owned());
    told.health = Some(health);
    told
}

fn unhealthy(place: &str, why: &str) -> Told {
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    let mut told = Told::new(EventKind::Unhealthy, format!("it is not healthy in {place}{why}"));
    told.health = Some(Health::Unhealthy);
    told
}

fn became_healthy(place: &str, environment: &EnvironmentState, before: &Before) -> Option<Told> {
    let Stay::Deployed { location, .. } = &environment.stay else { return None };
    if before.passed || !environment.passed() {
        return None;
    }
    let mut told = Told::new(EventKind::Healthy, format!("it is healthy in {place}"));
    told.health = Some(Health::Healthy);
    told.location = Some(location.clone());
    Some(told)
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Done => "nothing is left to do",
        Standing::Refused => "nothing is left to do: the tagging policy refused the release",
        Standing::Waiting => "nothing is left to do now",
        Standing::Failed => "nothing is left to do: something failed",
    }
}

/// The rules that failed.
fn short(findings: &[Finding]) -> Vec<ShortFinding> {
    let failed = findings.iter().filter(|finding| finding.outcome == RuleOutcome::Failed);
    let short = |finding: &Finding| ShortFinding {
        rule: finding.rule.clone(),
        outcome: finding.outcome,
        message: line(&finding.message, LONGEST_FINDING),
    };
    failed.take(MOST_FINDINGS).map(short).collect()
}
