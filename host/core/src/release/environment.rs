//! A release's stay in one environment, folded from its facts.

use std::collections::BTreeMap;

use crate::{
    contract::{Decision, EvidenceOutcome, Finding, Intent, Passage, PassageState, Verdict},
    fact::{EnvironmentPlan, Fact},
    names::{CheckName, ReleaseId},
    ports::Aftermath,
    shadow::{Comparison, ShadowRecord},
};

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
    /// What the newest verdict was made with.
    pub known: Known,
}

/// How much of what was given to a release a decision knew: of each list the first so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// Approvals.
    pub approvals: usize,
    /// Results.
    pub evidence: usize,
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

/// The rule of findings that say that a policy did not answer.
const UNANSWERED: &str = "host:policy";

impl EnvironmentState {
    pub(super) fn new(plan: &EnvironmentPlan, opened: i64) -> Self {
        Self {
            plan: plan.clone(),
            stay: Stay::Pending,
            verdict: None,
            shadows: Vec::new(),
            since: opened,
            healthy_since: None,
            requested: None,
            verified: BTreeMap::new(),
            observed_healthy: false,
            aftermath: None,
            known: Known::default(),
        }
    }

    /// Takes in a fact about this environment.
    pub(super) fn apply(&mut self, at: i64, fact: &Fact) {
        match fact {
            Fact::Decided { verdict, .. } => self.decide(at, verdict),
            Fact::Shadowed { shadows, .. } => {
                self.shadows = shadows.iter().map(ShadowRecord::compare).collect();
            }
            Fact::Deployed { healthy, location, .. } => {
                self.settle(at, Stay::Deployed { location: location.clone(), healthy: *healthy });
                self.verified.clear();
                self.observe(at, *healthy);
            }
            Fact::Verified { check, required, evidence, .. } => {
                let good = !required || evidence.outcome == EvidenceOutcome::Passed;
                self.verified.insert(check.clone(), good);
                self.observe(at, self.observed_healthy);
            }
            Fact::Requested { intent, .. } => {
                self.settle(at, Stay::Pending);
                self.requested = Some(intent.clone());
            }
            Fact::Rejected { by, reason, .. } => {
                self.settle(at, Stay::Rejected { by: by.clone(), reason: reason.clone() });
            }
            Fact::HealthChanged { healthy, .. } => self.observe(at, *healthy),
            Fact::Superseded { newer, .. } => self.settle(at, Stay::Superseded(newer.clone())),
            Fact::StepFailed { message, aftermath, .. } => {
                self.settle(at, Stay::Failed(message.clone()));
                self.aftermath = *aftermath;
            }
            _ => {}
        }
    }

    /// A new run of a host.
    pub(super) fn resume(&mut self, at: i64, waiting: bool) {
        let failed = matches!(self.stay, Stay::Failed(_)) || self.is_unanswered();
        if matches!(self.stay, Stay::Held | Stay::Allowed | Stay::Failed(_)) && !(failed && waiting) {
            self.settle(at, Stay::Pending);
        }
    }

    fn decide(&mut self, at: i64, verdict: &Verdict) {
        self.settle(
            at,
            match verdict.decision {
                Decision::Allow => Stay::Allowed,
                Decision::Hold(_) => Stay::Held,
                Decision::Deny => Stay::Denied,
            },
        );
        self.verdict = Some(verdict.clone());
        // They were about the question before.
        self.shadows = Vec::new();
    }

    fn settle(&mut self, at: i64, stay: Stay) {
        self.stay = stay;
        self.since = at;
        self.healthy_since = None;
        self.aftermath = None;
    }

    /// Whether the release runs there, healthy, and every check after its deployment is made.
    #[must_use]
    pub fn passed(&self) -> bool {
        matches!(self.stay, Stay::Deployed { healthy: true, .. }) && self.next_check().is_none()
    }

    /// Whether nothing is settled: nobody was asked in this run.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.stay == Stay::Pending
    }

    /// Whether a policy did not answer: that is no hold that time ends.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        let says_so = |finding: &Finding| finding.rule == UNANSWERED;
        self.stay == Stay::Held
            && self.verdict.as_ref().is_some_and(|verdict| verdict.findings.iter().any(says_so))
    }

    /// The next check that is to be made after the deployment.
    #[must_use]
    pub fn next_check(&self) -> Option<&CheckName> {
        let deployed = matches!(self.stay, Stay::Deployed { .. });
        self.plan.checks.iter().find(|check| deployed && !self.verified.contains_key(*check))
    }

    /// Takes in what the target reports of the deployment. It is healthy when no check that it needs says otherwise.
    fn observe(&mut self, at: i64, reported: bool) {
        // Also of one that is asked for anew and held: it runs there all the same.
        self.observed_healthy = reported;
        let Stay::Deployed { healthy, .. } = &mut self.stay else { return };
        *healthy = reported && self.verified.values().all(|good| *good);
        self.healthy_since = healthy.then_some(self.healthy_since.unwrap_or(at));
    }

    /// How the release fared here, as promotion policies are told; `None` while nothing is settled.
    pub(super) fn passage(&self) -> Option<Passage> {
        let state = match &self.stay {
            Stay::Pending => return None,
            Stay::Held => PassageState::Held,
            Stay::Denied | Stay::Rejected { .. } => PassageState::Denied,
            Stay::Allowed => PassageState::Allowed,
            Stay::Deployed { .. } => PassageState::Deployed,
            Stay::Failed(_) => PassageState::Failed,
            Stay::Superseded(_) => PassageState::Superseded,
        };
        Some(Passage {
            environment: self.plan.name.to_string(),
            state,
            since: self.since,
            healthy_since: self.healthy_since,
        })
    }
}
