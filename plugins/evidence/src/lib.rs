//! Stock policy `evidence`: required checks have to have passed.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

use plimsoll_sdk::{
    Condition, Evidence, EvidenceOutcome, Failure, Findings, IntentKind, Policy, PromotionPolicy,
    PromotionRequest, SettingsProblem, Verdict,
    civil::{Date, Period, local, shown},
    schemars::JsonSchema,
    serde::Deserialize,
};

/// Settings of `evidence`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// What has to be there; at least one.
    pub required: Vec<Required>,
    /// Failed or missing checks that count as passed for a while.
    pub waivers: Vec<Waiver>,
    /// Intents for which the rules do not count.
    pub exempt: Vec<IntentKind>,
}

/// One check that has to have passed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Required {
    /// The name of the evidence.
    pub name: String,
    /// How old the result may be.
    #[serde(default)]
    pub within: Option<Period>,
    /// The greatest number that its value may be.
    #[serde(default)]
    pub at_most: Option<i64>,
    /// The smallest number that its value may be.
    #[serde(default)]
    pub at_least: Option<i64>,
}

/// A check that counts as passed for a while.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Waiver {
    /// The name of the evidence.
    pub name: String,
    /// The first day on which it does not count any more, in the binding's time zone.
    pub until: Date,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
}

/// The policy.
#[derive(Debug)]
pub struct EvidencePolicy;

impl Policy for EvidencePolicy {
    const NAME: &'static str = "evidence";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Allows what has passed the required checks.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        if settings.required.is_empty() {
            problems.push(SettingsProblem::new("/required", "name at least one check"));
        }
        let well = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._/".contains(c);
        for (index, required) in settings.required.iter().enumerate() {
            let name = &required.name;
            if name.is_empty() || name.len() > 64 || !name.chars().all(well) {
                let message = format!("`{name}` is not 1 to 64 of `a-z 0-9 - . _ /`");
                problems.push(SettingsProblem::new(format!("/required/{index}/name"), message));
            }
            if let (Some(most), Some(least)) = (required.at_most, required.at_least)
                && most < least
            {
                let message = format!("no number is at most {most} and at least {least}");
                problems.push(SettingsProblem::new(format!("/required/{index}/at-most"), message));
            }
            if settings.required[..index].iter().any(|earlier| earlier.name == *name) {
                problems.push(SettingsProblem::new(
                    format!("/required/{index}/name"),
                    format!("`{name}` is named twice"),
                ));
            }
        }
        for (index, waiver) in settings.waivers.iter().enumerate() {
            if !settings.required.iter().any(|required| required.name == waiver.name) {
                let message = format!("`{}` is not required, so there is nothing to waive", waiver.name);
                problems.push(SettingsProblem::new(format!("/waivers/{index}/name"), message));
            }
            for (member, text) in [("reason", &waiver.reason), ("by", &waiver.by)] {
                if text.trim().is_empty() {
                    let message = format!("say the `{member}` of this waiver: its finding names it");
                    problems.push(SettingsProblem::new(format!("/waivers/{index}/{member}"), message));
                }
            }
        }
        problems
    }
}

impl PromotionPolicy for EvidencePolicy {
    fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
        let mut findings = Findings::new();
        let intent = IntentKind::at(&request.intent, request.now.unix);
        for required in &settings.required {
            if settings.exempt.contains(&intent) {
                let message = format!("the intent is {}, for which the rule does not count", intent.name());
                findings.skipped(&required.name, message);
            } else {
                judge(request, settings, required, &mut findings);
            }
        }
        Ok(findings.verdict())
    }
}

fn judge(request: &PromotionRequest, settings: &Settings, required: &Required, findings: &mut Findings) {
    let rule = &required.name;
    // The newest result counts; of two at one moment the later one in the list.
    let newest =
        request.evidence.iter().filter(|evidence| evidence.name == *rule).max_by_key(|evidence| evidence.at);
    let complaint = match newest {
        None => Complaint::missing(format!("there is no such evidence yet; give it under the name `{rule}`")),
        Some(evidence) => match complaint(request, required, evidence) {
            None => {
                let value =
                    evidence.value.as_deref().map(|value| format!(" with {value}")).unwrap_or_default();
                findings.passed(rule, format!("passed{value} at {}", shown(&request.now, evidence.at)));
                return;
            }
            Some(complaint) => complaint,
        },
    };
    let today = Date::of(local(&request.now, request.now.unix));
    let waivers = settings.waivers.iter().filter(|waiver| waiver.name == *rule);
    if let Some(waiver) = waivers.clone().find(|waiver| today < waiver.until) {
        let Waiver { by, reason, until, .. } = waiver;
        findings.passed(rule, format!("{}; waived by {by} until {until}: {reason}", complaint.message));
        return;
    }
    let expired = waivers.map(|waiver| waiver.until).max();
    let expired = expired.map(|until| format!("; its waiver ended on {until}")).unwrap_or_default();
    let message = format!("{}{expired}", complaint.message);
    if complaint.may_come {
        findings.waits(rule, message, Condition::Evidence(rule.clone()));
    } else {
        findings.failed(rule, message);
    }
}

/// What is wrong with a check.
struct Complaint {
    message: String,
    /// Whether another result may come, so that waiting helps.
    may_come: bool,
}

impl Complaint {
    const fn missing(message: String) -> Self {
        Self { message, may_come: true }
    }

    const fn bad(message: String) -> Self {
        Self { message, may_come: false }
    }
}

fn complaint(request: &PromotionRequest, required: &Required, evidence: &Evidence) -> Option<Complaint> {
    let at = shown(&request.now, evidence.at);
    if evidence.at > request.now.unix && evidence.outcome == EvidenceOutcome::Passed {
        return Some(Complaint::missing(format!(
            "passed at {at}, which has not come; set the clocks and run it again"
        )));
    }
    match evidence.outcome {
        EvidenceOutcome::Failed => {
            return Some(Complaint::bad(format!("failed at {at}; mend it and check again")));
        }
        EvidenceOutcome::Unknown => {
            return Some(Complaint::missing(format!("ended without a result at {at}; run it again")));
        }
        EvidenceOutcome::Passed => {}
    }
    if let Some(within) = required.within
        && evidence.at.saturating_add(within.seconds()) < request.now.unix
    {
        return Some(Complaint::missing(format!("passed at {at}, longer than {within} ago; run it again")));
    }
    if required.at_most.is_none() && required.at_least.is_none() {
        return None;
    }
    let Some(value) = evidence.value.as_deref().and_then(|value| value.trim().parse::<i64>().ok()) else {
        return Some(Complaint::bad(
            "its value is no whole number, so it cannot be compared; let the check write one".to_owned(),
        ));
    };
    match (required.at_most, required.at_least) {
        (Some(most), _) if value > most => {
            Some(Complaint::bad(format!("its value is {value}, more than {most}; mend it and check again")))
        }
        (_, Some(least)) if value < least => {
            Some(Complaint::bad(format!("its value is {value}, less than {least}; mend it and check again")))
        }
        _ => None,
    }
}

plimsoll_sdk::export!(promotion: EvidencePolicy);

#[cfg(test)]
mod tests {
    use plimsoll_sdk::{Decision, testing};
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 86_400;

    fn result() -> impl Strategy<Value = Evidence> {
        let outcome = prop::sample::select(vec![
            EvidenceOutcome::Passed,
            EvidenceOutcome::Passed,
            EvidenceOutcome::Failed,
            EvidenceOutcome::Unknown,
        ]);
        let name = prop::sample::select(vec!["scan", "scan", "other"]);
        let value = prop::sample::select(vec![None, Some("0"), Some("3"), Some("4"), Some("many")]);
        let age = prop::sample::select(vec![-1, 0, 1, DAY - 1, DAY, DAY + 1, 9 * DAY]);
        (name, outcome, value, age).prop_map(|(name, outcome, value, age)| Evidence {
            name: name.to_owned(),
            outcome,
            value: value.map(str::to_owned),
            at: testing::promotion(None, "production").now.unix - age,
        })
    }

    proptest! {
        /// Judged anew in the plainest way: the newest result, its age, its value, the waiver's day.
        #[test]
        fn the_newest_result_decides(
            results in prop::collection::vec(result(), 0..5),
            bounded in any::<bool>(),
            waived in prop::sample::select(vec!["2024-03-04", "2024-03-05", "2024-03-06"]),
        ) {
            let mut request = testing::promotion(None, "production");
            request.evidence.clone_from(&results);
            let bound = if bounded { r#", "at-most": 3"# } else { "" };
            request.settings = format!(
                r#"{{"required": [{{"name": "scan", "within": "24h"{bound}}}],
                    "waivers": [{{"name": "scan", "until": "{waived}", "reason": "r", "by": "b"}}]}}"#
            );
            let mut newest: Option<&Evidence> = None;
            for result in results.iter().filter(|result| result.name == "scan") {
                if newest.is_none_or(|newest| result.at >= newest.at) {
                    newest = Some(result);
                }
            }
            let age = |result: &Evidence| request.now.unix - result.at;
            let in_bounds = |result: &Evidence| !bounded || matches!(result.value.as_deref(), Some("0" | "3"));
            let passed = newest.is_some_and(|result| result.outcome == EvidenceOutcome::Passed);
            let young = newest.is_some_and(|result| (0..=DAY).contains(&age(result)));
            let good = passed && young && newest.is_some_and(in_bounds);
            let hopeless = newest.is_some_and(|result| {
                result.outcome == EvidenceOutcome::Failed || passed && young && !in_bounds(result)
            });
            let decision = testing::decide::<EvidencePolicy>(&request).unwrap().decision;
            let expected = match (good || waived == "2024-03-06", hopeless) {
                (true, _) => Decision::Allow,
                (false, true) => Decision::Deny,
                (false, false) => Decision::Hold(vec![Condition::Evidence("scan".to_owned())]),
            };
            prop_assert_eq!(decision, expected);
        }
    }
}
