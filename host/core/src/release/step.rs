//! What comes next.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EnvironmentState, ReleaseState, Stay, Tagging};
use crate::{
    contract::Intent,
    names::{CheckName, EnvironmentName},
    plan::PlannedTag,
};

/// What a statement about an image states.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attestation {
    /// How it was built, and from what.
    Build,
    /// Which policy gave it which tags.
    Tags,
    /// What the policies of an environment decided last.
    Promotion(EnvironmentName),
}

/// One step of a release. Carrying it out yields exactly one fact; carrying it out twice is harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ask the tagging policy.
    DeriveTags,
    /// Build the image.
    Build,
    /// Bring the image into its repository.
    Push,
    /// Put a statement about the image beside it.
    Attest(Attestation),
    /// Put one tag on it.
    SetTag(PlannedTag),
    /// Ask the promotion policies of an environment.
    Decide(EnvironmentName),
    /// Deploy to an environment.
    Deploy(EnvironmentName),
    /// Make a check after a deployment.
    Verify(EnvironmentName, CheckName),
}

impl Step {
    /// The step's name in the journal.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::DeriveTags => "derive-tags",
            Self::Build => "build",
            Self::Push => "push",
            Self::Attest(_) => "attest",
            Self::SetTag(_) => "set-tag",
            Self::Decide(_) => "decide",
            Self::Deploy(_) => "deploy",
            Self::Verify(..) => "verify",
        }
    }

    /// The environment that the step is about.
    #[must_use]
    pub const fn environment(&self) -> Option<&EnvironmentName> {
        match self {
            Self::Decide(environment)
            | Self::Deploy(environment)
            | Self::Verify(environment, _)
            | Self::Attest(Attestation::Promotion(environment)) => Some(environment),
            _ => None,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeriveTags => f.write_str("derive the tags"),
            Self::Build => f.write_str("build the image"),
            Self::Push => f.write_str("push the image"),
            Self::Attest(Attestation::Build) => f.write_str("attest the build"),
            Self::Attest(Attestation::Tags) => f.write_str("attest the tags"),
            Self::Attest(Attestation::Promotion(environment)) => {
                write!(f, "attest the decision on {environment}")
            }
            Self::SetTag(planned) => write!(f, "set the tag {}", planned.tag),
            Self::Decide(environment) => write!(f, "ask the policies of {environment}"),
            Self::Deploy(environment) => write!(f, "deploy to {environment}"),
            Self::Verify(environment, check) => write!(f, "check {check} in {environment}"),
        }
    }
}

/// The next step of a release; `None` when nothing is left to do in this run.
#[must_use]
pub fn next(state: &ReleaseState) -> Option<Step> {
    let plan = match &state.tagging {
        Tagging::Pending => return Some(Step::DeriveTags),
        Tagging::Planned { plan, .. } => plan,
        Tagging::Refused(_) | Tagging::Unanswered(_) => return None,
    };
    if state.built.is_none() {
        return Some(Step::Build);
    }
    if !state.pushed {
        return Some(Step::Push);
    }
    // Before any tag points to the image: a tag never leads to one without provenance.
    if let Some(attestation) = [Attestation::Build, Attestation::Tags].into_iter().find(|it| state.owes(it)) {
        return Some(Step::Attest(attestation));
    }
    if let Some(planned) = plan.tags.iter().find(|planned| !state.tags.contains_key(&planned.tag)) {
        return Some(Step::SetTag(planned.clone()));
    }
    state.environments.iter().find_map(|environment| in_environment(state, environment))
}

/// The next step of a release in one environment; `None` when nothing is left to do there in this run, or nothing yet. Asked once
/// everything before all environments is done.
#[must_use]
pub fn next_in(state: &ReleaseState, name: &EnvironmentName) -> Option<Step> {
    state.environment(name).and_then(|environment| in_environment(state, environment))
}

fn in_environment(state: &ReleaseState, environment: &EnvironmentState) -> Option<Step> {
    let name = || environment.plan.name.clone();
    // Before the deployment: what runs was allowed for everybody to see.
    if state.owes(&Attestation::Promotion(name())) {
        return Some(Step::Attest(Attestation::Promotion(name())));
    }
    match environment.stay {
        Stay::Allowed => Some(Step::Deploy(name())),
        Stay::Pending if is_reached(state, environment) => Some(Step::Decide(name())),
        Stay::Deployed { .. } => environment.next_check().map(|check| Step::Verify(name(), check.clone())),
        _ => None,
    }
}

/// Whether the release is far enough to be asked about in an environment. In an emergency, and on the way back, it does not
/// matter where else it runs.
fn is_reached(state: &ReleaseState, environment: &EnvironmentState) -> bool {
    let asked = environment.requested.as_ref().unwrap_or(&state.opening.intent);
    matches!(asked, Intent::Rollback | Intent::BreakGlass(_)) || state.missing_before(environment).is_empty()
}
