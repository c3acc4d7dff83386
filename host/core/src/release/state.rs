//! The fold over a release's facts.

use std::collections::{BTreeMap, BTreeSet};

use super::{Attestation, EnvironmentState, Known, Precedence, Stay};
use crate::{
    contract::{Approval, Derivation, Evidence, Finding, Intent, Passage},
    decision::Outcome,
    digest::Digest,
    fact::{Entry, Fact, Opening},
    names::{EnvironmentName, ReleaseId, Tag},
    plan::TagPlan,
    shadow::Comparison,
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
    /// The statements that lie beside the image; of each environment only that on its newest decision.
    pub attested: BTreeSet<Attestation>,
    /// Whether further statements are waived: whoever took the release up last wants none.
    pub unattested: bool,
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
        let environments = opening.environments.iter().map(|plan| EnvironmentState::new(plan, entry.at));
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
            attested: BTreeSet::new(),
            unattested: false,
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
        let known = self.known(&entry.fact);
        if let Some(name) = entry.fact.environment() {
            let environment = self.environments.iter_mut().find(|environment| environment.plan.name == *name);
            if let Some(environment) = environment {
                environment.apply(entry.at, &entry.fact);
                environment.known = known.unwrap_or(environment.known);
            }
        }
        match &entry.fact {
            Fact::Resumed { waiting, unattested } => {
                self.unattested = *unattested;
                self.resume(entry.at, *waiting);
            }
            Fact::TagsDerived { record, plan } => {
                self.tagging = tagging(&record.outcome, plan.as_ref());
                self.tagging_shadow = None;
            }
            Fact::TagsShadowed { shadow } => self.tagging_shadow = Some(shadow.compare()),
            Fact::Built { digest, .. } => self.built = Some(*digest),
            Fact::Pushed { .. } => self.pushed = true,
            Fact::Attested { attestation, .. } => {
                self.attested.insert(attestation.clone());
            }
            Fact::Tagged { tag, .. } => {
                self.tags.insert(tag.clone(), None);
            }
            Fact::TagKept { tag, newer } => {
                self.tags.insert(tag.clone(), Some(newer.clone()));
            }
            Fact::Verified { evidence, .. } | Fact::EvidenceGiven { evidence, .. } => {
                self.evidence.push(evidence.clone());
            }
            Fact::Decided { environment, .. } => {
                self.attested.remove(&Attestation::Promotion(environment.clone()));
            }
            // What failed there is over.
            Fact::Requested { environment, .. } | Fact::Deployed { environment, .. } => {
                self.failure.take_if(|failure| failure.environment.as_ref() == Some(environment));
            }
            Fact::Approved { approval } => self.approvals.push(approval.clone()),
            Fact::StepFailed { step, environment, message, hint, .. } => {
                self.failure = Some(StepFailure {
                    step: step.clone(),
                    environment: environment.clone(),
                    message: message.clone(),
                    hint: hint.clone(),
                });
            }
            _ => {}
        }
    }

    /// What a decision was made with, when the fact is one: what its policies were told, which may be less than was given
    /// before it was recorded.
    fn known(&self, fact: &Fact) -> Option<Known> {
        let Fact::Decided { records, .. } = fact else { return None };
        let told = records.iter().map(|record| &record.request);
        let all = Known { approvals: self.approvals.len(), evidence: self.evidence.len() };
        Some(told.fold(all, |known, request| Known {
            approvals: known.approvals.min(request.approvals.len()),
            evidence: known.evidence.min(request.evidence.len()),
        }))
    }

    /// A new run: what waits or failed is open again, and an allowance that was not used is asked for anew.
    /// When only what waits is to go on, what failed in an environment stays failed there.
    fn resume(&mut self, at: i64, waiting: bool) {
        if !waiting {
            self.failure = None;
        }
        // The layout with the image may be gone, and nothing refers to the digest yet: building again is harmless.
        if !self.pushed {
            self.built = None;
        }
        if matches!(self.tagging, Tagging::Unanswered(_)) {
            self.tagging = Tagging::Pending;
        }
        self.environments.iter_mut().for_each(|environment| environment.resume(at, waiting));
    }

    /// The plan, once there is one.
    #[must_use]
    pub fn plan(&self) -> Option<&TagPlan> {
        match &self.tagging {
            Tagging::Planned { plan, .. } => Some(plan),
            _ => None,
        }
    }

    /// Whether a statement about the image is still to be attached. A hold is no decision yet, and is not attested.
    #[must_use]
    pub fn owes(&self, attestation: &Attestation) -> bool {
        let is_decided = match attestation {
            Attestation::Build | Attestation::Tags => true,
            Attestation::Promotion(name) => self
                .environment(name)
                .is_some_and(|environment| matches!(environment.stay, Stay::Allowed | Stay::Denied)),
        };
        self.opening.provenance && !self.unattested && is_decided && !self.attested.contains(attestation)
    }

    /// The environment of this name.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&EnvironmentState> {
        self.environments.iter().find(|environment| environment.plan.name == *name)
    }

    /// Why the release should go into an environment: as somebody asked for, while that holds, else as it began.
    #[must_use]
    pub fn intent(&self, environment: &EnvironmentState, now: i64) -> Intent {
        let asked = environment.requested.iter().chain([&self.opening.intent]);
        asked.into_iter().find(|intent| intent.holds_at(now)).cloned().unwrap_or(Intent::Promote)
    }

    /// The environments before this one that do not run the release, healthy, yet.
    #[must_use]
    pub fn missing_before<'a>(&'a self, environment: &'a EnvironmentState) -> Vec<&'a EnvironmentName> {
        let passed = |name: &EnvironmentName| self.environment(name).is_some_and(EnvironmentState::passed);
        environment.plan.after.iter().filter(|name| !passed(name)).collect()
    }

    /// Whether the release gets to an environment by itself: nothing before holds it, and nothing closed the way.
    #[must_use]
    pub fn is_in_motion(&self, environment: &EnvironmentState) -> bool {
        environment.plan.after.iter().all(|name| {
            self.environment(name).is_some_and(|before| match before.stay {
                Stay::Allowed => true,
                Stay::Pending => self.is_in_motion(before),
                Stay::Deployed { healthy, .. } => healthy,
                _ => false,
            })
        })
    }

    /// How the release stands when no step is left.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let failed = |environment: &EnvironmentState| {
            matches!(environment.stay, Stay::Failed(_)) || environment.is_unanswered()
        };
        let unreachable = self.unreachable();
        let open = |environment: &EnvironmentState| match environment.stay {
            Stay::Held | Stay::Allowed => true,
            Stay::Denied => self.owes(&Attestation::Promotion(environment.plan.name.clone())),
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
        self.environments.iter().filter_map(EnvironmentState::passage).collect()
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
