//! What came of a release, for people and programs.

use plimsoll_core::{
    contract::{Condition, Decision, Finding, Intent, RuleOutcome},
    digest::Digest,
    names::EnvironmentName,
    ports::Aftermath,
    release::{EnvironmentState, ReleaseState, Standing, Stay, Tagging},
    shadow::Comparison,
};
use serde::Serialize;

use crate::{
    clock::readable,
    ways::{is_unhealthy, ways},
};

/// What came of a release: the object that `plimsoll release --format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseReport {
    /// The release's id.
    pub release: String,
    /// `done`, `refused`, `waiting` or `failed`.
    pub standing: &'static str,
    /// The version that the tagging policy gave.
    pub version: Option<String>,
    /// The image's tags, written `repository:tag`.
    pub tags: Vec<String>,
    /// The image's digest.
    pub digest: Option<String>,
    /// What the rules of the tagging policy found.
    pub findings: Vec<Finding>,
    /// What its shadow would have decided. Absent: it has none, or the shadow was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Comparison>,
    /// The environments in the order of the configuration.
    pub environments: Vec<EnvironmentReport>,
    /// The step that failed, if one did.
    pub failure: Option<FailureReport>,
}

/// What came of a release in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EnvironmentReport {
    /// The environment.
    pub name: String,
    /// `allow`, `hold` or `deny`. The host itself holds what an environment before has not passed, and denies what a
    /// newer release has overtaken. Absent: the release ended before anybody was asked.
    pub verdict: Option<&'static str>,
    /// What it waits for, when held.
    pub until: Vec<String>,
    /// One for each rule, passed ones too.
    pub findings: Vec<Finding>,
    /// What the shadows of its policies would have decided. Absent: there are none, or they were not asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shadows: Vec<Comparison>,
    /// Whether the release was deployed there.
    pub deployed: bool,
    /// Where to look.
    pub location: Option<String>,
    /// Why the deployment failed.
    pub error: Option<String>,
    /// What the environment runs since the deployment failed: `unchanged`, `rolled-back` or `left`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aftermath: Option<Aftermath>,
    /// What somebody asked for by name: `promotion`, `rollback`, `hotfix` or `break-glass`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested: Option<&'static str>,
    /// What would take the release further here, a command or a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<String>,
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FailureReport {
    /// The step's name.
    pub step: String,
    /// The environment, when the step was about one.
    pub environment: Option<String>,
    /// What went wrong.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl ReleaseReport {
    /// Reports how a release stands.
    #[must_use]
    pub fn of(state: &ReleaseState) -> Self {
        Self::with_digest(state, state.built)
    }

    /// Reports how a release would stand whose image may never have been built.
    #[must_use]
    pub(crate) fn with_digest(state: &ReleaseState, digest: Option<Digest>) -> Self {
        let (findings, failure) = match &state.tagging {
            Tagging::Planned { findings, .. } | Tagging::Refused(findings) => (findings.clone(), None),
            Tagging::Pending => (Vec::new(), None),
            Tagging::Unanswered(message) => (Vec::new(), Some(unanswered(message))),
        };
        let step_failure = state.failure.as_ref().map(|failure| FailureReport {
            step: failure.step.clone(),
            environment: failure.environment.as_ref().map(ToString::to_string),
            message: failure.message.clone(),
            hint: failure.hint.clone(),
        });
        let plan = state.plan();
        Self {
            release: state.release.to_string(),
            standing: standing_word(state.standing()),
            version: plan.and_then(|plan| plan.version.clone()),
            tags: plan
                .into_iter()
                .flat_map(|plan| &plan.tags)
                .map(|planned| format!("{}:{}", state.opening.repository, planned.tag))
                .collect(),
            digest: digest.map(|digest| digest.to_string()),
            findings,
            shadow: state.tagging_shadow.clone(),
            environments: state
                .environments
                .iter()
                .map(|environment| environment_report(state, environment))
                .collect(),
            failure: failure.or(step_failure),
        }
    }
}

fn unanswered(message: &str) -> FailureReport {
    FailureReport {
        step: "derive-tags".to_owned(),
        environment: None,
        message: message.to_owned(),
        hint: Some(
            "nothing was built; mend the tagging policy or its settings, and release the commit that does so"
                .to_owned(),
        ),
    }
}

const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Done => "done",
        Standing::Refused => "refused",
        Standing::Waiting => "waiting",
        Standing::Failed => "failed",
    }
}

fn environment_report(state: &ReleaseState, environment: &EnvironmentState) -> EnvironmentReport {
    let verdict = environment.verdict.as_ref();
    let mut report = EnvironmentReport {
        name: environment.plan.name.to_string(),
        verdict: verdict.map(|verdict| verdict.decision.word()),
        until: verdict.map(|verdict| conditions(&verdict.decision)).unwrap_or_default(),
        findings: verdict.map(|verdict| verdict.findings.clone()).unwrap_or_default(),
        shadows: environment.shadows.clone(),
        deployed: matches!(environment.stay, Stay::Deployed { .. }),
        location: None,
        error: None,
        aftermath: environment.aftermath,
        requested: environment.requested.as_ref().map(Intent::word),
        ways: ways(state, environment),
    };
    match &environment.stay {
        Stay::Deployed { location, .. } => {
            report.location = Some(location.clone()).filter(|text| !text.is_empty());
        }
        Stay::Failed(message) => report.error = Some(message.clone()),
        Stay::Superseded(newer) => {
            report.verdict = Some("deny");
            report.until = Vec::new();
            report.findings =
                vec![Finding::host_failed("order", format!("the newer release {newer} runs here"))];
        }
        Stay::Rejected { by, reason } => {
            report.verdict = Some("deny");
            report.until = Vec::new();
            report.findings =
                vec![Finding::host_failed("rejected", format!("{by} took the release out: {reason}"))];
        }
        // Nobody was asked while a step before all environments failed.
        Stay::Pending if state.pushed => {
            let missing: Vec<&str> =
                state.missing_before(environment).iter().map(|name| name.as_str()).collect();
            let missing = missing.join(", ");
            if state.unreachable().contains(&environment.plan.name) {
                let message = format!("{missing} will not run this release; release a newer commit");
                report.verdict = Some("deny");
                report.findings = vec![Finding::host_failed("after", message)];
                report.until = Vec::new();
            } else if !missing.is_empty() {
                report.verdict = Some("hold");
                report.findings = vec![Finding::host_failed("after", waits_for(state, environment))];
                report.until = Vec::new();
            }
        }
        _ => {}
    }
    report
}

/// What the environments before have yet to do.
fn waits_for(state: &ReleaseState, environment: &EnvironmentState) -> String {
    let (ill, missing): (Vec<_>, Vec<_>) =
        state.missing_before(environment).into_iter().partition(|before| is_unhealthy(state, before));
    let phrase = |names: Vec<&EnvironmentName>, what: &str| {
        let names: Vec<&str> = names.into_iter().map(EnvironmentName::as_str).collect();
        (!names.is_empty()).then(|| format!("{} {what}", names.join(", ")))
    };
    let phrases = [phrase(missing, "comes first"), phrase(ill, "runs it and is not healthy")];
    phrases.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What a held release waits for, a phrase each.
#[must_use]
pub fn conditions(decision: &Decision) -> Vec<String> {
    let Decision::Hold(until) = decision else { return Vec::new() };
    let phrase = |condition: &Condition| match condition {
        Condition::Time(unix) => format!("it is {}", readable(*unix)),
        Condition::Approval(rule) => format!("somebody approves `{rule}`"),
        Condition::Evidence(name) => format!("there is evidence `{name}`"),
        Condition::Other(text) => text.clone(),
    };
    until.iter().map(phrase).collect()
}

/// `passed`, `failed` or `skipped`.
#[must_use]
pub const fn outcome_word(outcome: RuleOutcome) -> &'static str {
    match outcome {
        RuleOutcome::Passed => "passed",
        RuleOutcome::Failed => "failed",
        RuleOutcome::Skipped => "skipped",
    }
}
