//! The fold over a release's facts.

use std::collections::{BTreeMap, BTreeSet};

use super::Precedence;
use crate::{
    contract::{
        Approval, Decision, Derivation, Evidence, EvidenceOutcome, Finding, Intent, Passage, PassageState,
        Verdict,
    },
    decision::Outcome,
    digest::Digest,
    fact::{Entry, EnvironmentPlan, Fact, Opening},
    names::{CheckName, EnvironmentName, ReleaseId, Tag},
    plan::TagPlan,
    ports::Aftermath,
    shadow::{Comparison, ShadowRecord},
};

/// Everything that is known of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseState {
    /// Its id.
    pub release: ReleaseId,
    /// How it began.
    pub opening: Opening,
    /// When it began, Unix seconds.
    pub opened: i64,
    /// Its place among the releases.
    pub precedence: Precedence,
    /// What came of the tagging question.
    pub tagging: Tagging,
    /// What the shadow of the tagging policy made of the same question.
    pub tagging_shadow: Option<Comparison>,
    /// The image, once it is built.
    pub built: Option<Digest>,
    /// Whether the image is in its repository.
    pub pushed: bool,
    /// The tags that are settled: put on (`None`) or left to a newer release.
    pub tags: BTreeMap<Tag, Option<ReleaseId>>,
    /// The environments in the order of the configuration.
    pub environments: Vec<EnvironmentState>,
    /// The failure that the last run ended with, if it did.
    pub failure: Option<StepFailure>,
    /// Approvals, oldest first.
    pub approvals: Vec<Approval>,
    /// Results that were handed in or that checks gave, oldest first.
    pub evidence: Vec<Evidence>,
    /// Whether the journal says that nothing is left to do.
    pub settled: bool,
    /// How many facts of hosts' steps there are; given ones are not counted.
    pub steps: usize,
}

/// A step that could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFailure {
    /// The step's name.
    pub step: String,
    /// The environment, when the step was about one.
    pub environment: Option<EnvironmentName>,
    /// What went wrong.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// What came of the tagging question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tagging {
    /// It was not asked yet.
    Pending,
    /// There is a plan.
    Planned {
        /// The plan.
        plan: TagPlan,
        /// What each rule found.
        findings: Vec<Finding>,
    },
    /// The policy refused: nothing is built.
    Refused(Vec<Finding>),
    /// The policy did not answer: the release is held for this reason.
    Unanswered(String),
}

/// How a release stands in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentState {
    /// The environment.
    pub plan: EnvironmentPlan,
    /// How it stands.
    pub stay: Stay,
    /// The newest verdict, if the policies were asked.
    pub verdict: Option<Verdict>,
    /// What the shadows of the policies made of the same question.
    pub shadows: Vec<Comparison>,
    /// Since when it stands so, Unix seconds; the opening's time at first.
    pub since: i64,
    /// Since when it is healthy there without a break, Unix seconds.
    pub healthy_since: Option<i64>,
    /// Why it should go there, where somebody asked for it; else the release's own intent counts.
    pub requested: Option<Intent>,
    /// The checks after its deployment that are made; false: one that it cannot be healthy without came out otherwise.
    pub verified: BTreeMap<CheckName, bool>,
    /// Whether the target reported it healthy when it was looked at last.
    pub observed_healthy: bool,
    /// What the environment runs after a failed deployment.
    pub aftermath: Option<Aftermath>,
}

/// A release's stay in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stay {
    /// Nothing is settled: the policies are to be asked once the environments before are passed.
    Pending,
    /// The policies hold it.
    Held,
    /// A policy denied it.
    Denied,
    /// The policies allow it, in this run of a host.
    Allowed,
    /// It runs there, or ran.
    Deployed {
        /// Where to look.
        location: String,
        /// Whether it is healthy.
        healthy: bool,
    },
    /// The deployment failed.
    Failed(String),
    /// A newer release got there first.
    Superseded(ReleaseId),
    /// It was taken out: who did, and why. It does not go there again unless somebody asks for it.
    Rejected {
        /// Who did.
        by: String,
        /// Their reason.
        reason: String,
    },
}

/// How a release stands as a whole, once nothing is left to do in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Every environment is settled.
    Done,
    /// The tagging policy refused.
    Refused,
    /// Something waits: a hold, or an environment before.
    Waiting,
    /// Something failed: a policy did not answer, or a step could not be done.
    Failed,
}

impl ReleaseState {
    /// Folds a release's facts, oldest first. `None` unless the first one opens the release.
    #[must_use]
    pub fn fold(entries: &[Entry]) -> Option<Self> {
        let (first, rest) = entries.split_first()?;
        let mut state = Self::open(first)?;
        for entry in rest {
            state.apply(entry);
        }
        Some(state)
    }

    /// The state right after a release's opening; `None` when the entry is none.
    #[must_use]
    pub fn open(entry: &Entry) -> Option<Self> {
        let Fact::Opened(opening) = &entry.fact else { return None };
        let environments = opening.environments.iter().map(|plan| EnvironmentState {
            plan: plan.clone(),
            stay: Stay::Pending,
            verdict: None,
            shadows: Vec::new(),
            since: entry.at,
            healthy_since: None,
            requested: None,
            verified: BTreeMap::new(),
            observed_healthy: false,
            aftermath: None,
        });
        Some(Self {
            release: entry.release.clone(),
            environments: environments.collect(),
            opening: (**opening).clone(),
            opened: entry.at,
            precedence: Precedence::new(&opening.source, entry.sequence),
            tagging: Tagging::Pending,
            tagging_shadow: None,
            built: None,
            pushed: false,
            tags: BTreeMap::new(),
            failure: None,
            approvals: Vec::new(),
            evidence: Vec::new(),
            settled: false,
            steps: 1,
        })
    }

    /// Takes in one more fact.
    pub fn apply(&mut self, entry: &Entry) {
        self.steps += usize::from(!entry.fact.is_given());
        self.settled = matches!(entry.fact, Fact::Settled {});
        match &entry.fact {
            Fact::Opened(_) | Fact::Settled {} => {}
            // They belong to no release.
            Fact::EnvironmentHeld { .. } | Fact::EnvironmentFreed { .. } => {}
            Fact::Resumed {} => self.resume(entry.at),
            Fact::TagsDerived { record, plan } => {
                self.tagging = tagging(&record.outcome, plan.as_ref());
                self.tagging_shadow = None;
            }
            Fact::TagsShadowed { shadow } => self.tagging_shadow = Some(shadow.compare()),
            Fact::Built { digest, .. } => self.built = Some(*digest),
            Fact::Pushed { .. } => self.pushed = true,
            Fact::Tagged { tag, .. } => {
                self.tags.insert(tag.clone(), None);
            }
            Fact::TagKept { tag, newer } => {
                self.tags.insert(tag.clone(), Some(newer.clone()));
            }
            Fact::Decided { environment, verdict, .. } => {
                let stay = match verdict.decision {
                    Decision::Allow => Stay::Allowed,
                    Decision::Hold(_) => Stay::Held,
                    Decision::Deny => Stay::Denied,
                };
                self.settle(environment, entry.at, stay, Some(verdict));
            }
            Fact::Shadowed { environment, shadows } => {
                if let Some(environment) = self.environment_mut(environment) {
                    environment.shadows = shadows.iter().map(ShadowRecord::compare).collect();
                }
            }
            Fact::Deployed { environment, healthy, location, .. } => {
                let stay = Stay::Deployed { location: location.clone(), healthy: *healthy };
                self.settle(environment, entry.at, stay, None);
                if let Some(environment) = self.environment_mut(environment) {
                    environment.verified.clear();
                    environment.aftermath = None;
                    environment.observe(entry.at, *healthy);
                }
            }
            Fact::Verified { environment, check, required, evidence } => {
                self.evidence.push(evidence.clone());
                let good = !required || evidence.outcome == EvidenceOutcome::Passed;
                if let Some(environment) = self.environment_mut(environment) {
                    environment.verified.insert(check.clone(), good);
                    environment.observe(entry.at, environment.observed_healthy);
                }
            }
            Fact::Requested { environment, intent, .. } => {
                self.settle(environment, entry.at, Stay::Pending, None);
                if let Some(environment) = self.environment_mut(environment) {
                    environment.requested = Some(intent.clone());
                }
            }
            Fact::Approved { approval } => self.approvals.push(approval.clone()),
            Fact::EvidenceGiven { evidence, .. } => self.evidence.push(evidence.clone()),
            Fact::Rejected { environment, by, reason } => {
                let stay = Stay::Rejected { by: by.clone(), reason: reason.clone() };
                self.settle(environment, entry.at, stay, None);
            }
            Fact::HealthChanged { environment, healthy, .. } => {
                if let Some(environment) = self.environment_mut(environment) {
                    environment.observe(entry.at, *healthy);
                }
            }
            Fact::Superseded { environment, newer } => {
                self.settle(environment, entry.at, Stay::Superseded(newer.clone()), None);
            }
            Fact::StepFailed { step, environment, message, hint, aftermath } => {
                self.failure = Some(StepFailure {
                    step: step.clone(),
                    environment: environment.clone(),
                    message: message.clone(),
                    hint: hint.clone(),
                });
                if let Some(environment) = environment {
                    self.fail(environment, entry.at, message, *aftermath);
                }
            }
        }
    }

    /// A new run: what waits or failed is open again, and an allowance that was not used is asked for anew.
    fn resume(&mut self, at: i64) {
        self.failure = None;
        // The layout with the image may be gone, and nothing refers to the digest yet: building again is harmless.
        if !self.pushed {
            self.built = None;
        }
        if matches!(self.tagging, Tagging::Unanswered(_)) {
            self.tagging = Tagging::Pending;
        }
        for environment in &mut self.environments {
            if matches!(environment.stay, Stay::Held | Stay::Allowed | Stay::Failed(_)) {
                environment.stay = Stay::Pending;
                environment.since = at;
                environment.aftermath = None;
            }
        }
    }

    fn settle(&mut self, name: &EnvironmentName, at: i64, stay: Stay, verdict: Option<&Verdict>) {
        if let Some(environment) = self.environment_mut(name) {
            environment.stay = stay;
            environment.since = at;
            environment.healthy_since = None;
            if let Some(verdict) = verdict {
                environment.verdict = Some(verdict.clone());
                // They were about the question before.
                environment.shadows = Vec::new();
            }
        }
    }

    /// A step about an environment failed.
    fn fail(&mut self, name: &EnvironmentName, at: i64, message: &str, aftermath: Option<Aftermath>) {
        self.settle(name, at, Stay::Failed(message.to_owned()), None);
        if let Some(environment) = self.environment_mut(name) {
            environment.healthy_since = None;
            environment.aftermath = aftermath;
        }
    }

    fn environment_mut(&mut self, name: &EnvironmentName) -> Option<&mut EnvironmentState> {
        self.environments.iter_mut().find(|environment| environment.plan.name == *name)
    }

    /// The plan, once there is one.
    #[must_use]
    pub fn plan(&self) -> Option<&TagPlan> {
        match &self.tagging {
            Tagging::Planned { plan, .. } => Some(plan),
            _ => None,
        }
    }

    /// The environment of this name.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&EnvironmentState> {
        self.environments.iter().find(|environment| environment.plan.name == *name)
    }

    /// Why the release should go into an environment: as somebody asked for, while that holds, else as it began.
    #[must_use]
    pub fn intent(&self, environment: &EnvironmentState, now: i64) -> Intent {
        let asked = environment.requested.as_ref().filter(|intent| intent.holds_at(now));
        asked.unwrap_or(&self.opening.intent).clone()
    }

    /// The environments before this one that do not run the release, healthy, yet.
    #[must_use]
    pub fn missing_before<'a>(&'a self, environment: &'a EnvironmentState) -> Vec<&'a EnvironmentName> {
        let passed = |name: &EnvironmentName| self.environment(name).is_some_and(EnvironmentState::passed);
        environment.plan.after.iter().filter(|name| !passed(name)).collect()
    }

    /// How the release stands when no step is left.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let unanswered = |environment: &EnvironmentState| {
            let host = |finding: &Finding| finding.rule.starts_with("host:");
            environment.stay == Stay::Held
                && environment.verdict.as_ref().is_some_and(|verdict| verdict.findings.iter().any(host))
        };
        let failed = |environment: &EnvironmentState| {
            matches!(environment.stay, Stay::Failed(_)) || unanswered(environment)
        };
        let unreachable = self.unreachable();
        let open = |environment: &EnvironmentState| match environment.stay {
            Stay::Held | Stay::Allowed => true,
            Stay::Pending => !unreachable.contains(&environment.plan.name),
            _ => false,
        };
        match &self.tagging {
            Tagging::Refused(_) => Standing::Refused,
            Tagging::Unanswered(_) => Standing::Failed,
            _ if self.failure.is_some() || self.environments.iter().any(failed) => Standing::Failed,
            Tagging::Pending => Standing::Waiting,
            Tagging::Planned { .. } if self.environments.iter().any(open) => Standing::Waiting,
            Tagging::Planned { plan, .. } if self.pushed && plan.tags.len() == self.tags.len() => {
                Standing::Done
            }
            Tagging::Planned { .. } => Standing::Waiting,
        }
    }

    /// The environments that will never be asked about: one before them was denied or superseded, or is out of reach
    /// itself.
    #[must_use]
    pub fn unreachable(&self) -> BTreeSet<&EnvironmentName> {
        let mut closed: BTreeSet<&EnvironmentName> = BTreeSet::new();
        loop {
            let found = self.environments.iter().filter(|environment| match environment.stay {
                Stay::Denied | Stay::Superseded(_) | Stay::Rejected { .. } => true,
                Stay::Pending => environment.plan.after.iter().any(|before| closed.contains(before)),
                _ => false,
            });
            let found: BTreeSet<_> = found.map(|environment| &environment.plan.name).collect();
            if found.len() == closed.len() {
                return closed;
            }
            closed = found;
        }
    }

    /// How the release fared so far, as promotion policies are told.
    #[must_use]
    pub fn passages(&self) -> Vec<Passage> {
        let passage = |environment: &EnvironmentState| {
            let state = match &environment.stay {
                Stay::Pending => return None,
                Stay::Held => PassageState::Held,
                Stay::Denied | Stay::Rejected { .. } => PassageState::Denied,
                Stay::Allowed => PassageState::Allowed,
                Stay::Deployed { .. } => PassageState::Deployed,
                Stay::Failed(_) => PassageState::Failed,
                Stay::Superseded(_) => PassageState::Superseded,
            };
            Some(Passage {
                environment: environment.plan.name.to_string(),
                state,
                since: environment.since,
                healthy_since: environment.healthy_since,
            })
        };
        self.environments.iter().filter_map(passage).collect()
    }
}

impl EnvironmentState {
    /// Whether the release runs there, healthy, and every check after its deployment is made.
    #[must_use]
    pub fn passed(&self) -> bool {
        matches!(self.stay, Stay::Deployed { healthy: true, .. }) && self.next_check().is_none()
    }

    /// The next check that is to be made after the deployment.
    #[must_use]
    pub fn next_check(&self) -> Option<&CheckName> {
        let deployed = matches!(self.stay, Stay::Deployed { .. });
        self.plan.checks.iter().find(|check| deployed && !self.verified.contains_key(*check))
    }

    /// Takes in what the target reports of the deployment. It is healthy when no check that it needs says otherwise.
    fn observe(&mut self, at: i64, reported: bool) {
        let Stay::Deployed { healthy, .. } = &mut self.stay else { return };
        self.observed_healthy = reported;
        *healthy = reported && self.verified.values().all(|good| *good);
        self.healthy_since = healthy.then_some(self.healthy_since.unwrap_or(at));
    }
}

fn tagging(outcome: &Outcome<Derivation>, plan: Option<&TagPlan>) -> Tagging {
    match (outcome, plan) {
        (Outcome::Answered(Derivation::Plan(proposal)), Some(plan)) => {
            Tagging::Planned { plan: plan.clone(), findings: proposal.findings.clone() }
        }
        (Outcome::Answered(Derivation::Refusal(findings)), _) => Tagging::Refused(findings.clone()),
        (other, _) => {
            Tagging::Unanswered(other.unanswered().unwrap_or_else(|| "the plan was refused".to_owned()))
        }
    }
}
