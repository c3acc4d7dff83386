//! Stock policy `soak`: only what was healthy in an earlier environment for a while may enter.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

use plimsoll_sdk::{
    Condition, Failure, Findings, IntentKind, Policy, PromotionPolicy, PromotionRequest, SettingsProblem,
    Verdict,
    civil::{Period, shown},
    schemars::JsonSchema,
    serde::Deserialize,
};

/// Settings of `soak`. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// How long the image has to be healthy, without a break.
    #[serde(rename = "for")]
    pub period: Period,
    /// The environments in which it has to be. Absent: those that come before this one.
    pub environments: Option<Vec<String>>,
    /// Intents for which the rule does not count.
    pub exempt: Vec<IntentKind>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            period: Period::hours(1),
            environments: None,
            exempt: vec![IntentKind::Rollback, IntentKind::Hotfix, IntentKind::BreakGlass],
        }
    }
}

/// The policy.
#[derive(Debug)]
pub struct Soak;

impl Policy for Soak {
    const NAME: &'static str = "soak";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Allows only what was healthy in an earlier environment for a while.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        let empty = settings.environments.as_ref().is_some_and(Vec::is_empty);
        empty
            .then(|| SettingsProblem::new("/environments", "name at least one, or leave it out"))
            .into_iter()
            .collect()
    }
}

/// The one rule.
const RULE: &str = "soak";

impl PromotionPolicy for Soak {
    fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
        let mut findings = Findings::new();
        let intent = IntentKind::at(&request.intent, request.now.unix);
        if settings.exempt.contains(&intent) {
            findings
                .skipped(RULE, format!("the intent is {}, for which the rule does not count", intent.name()));
            return Ok(findings.verdict());
        }
        let asked = request.environments.iter().find(|environment| environment.name == request.environment);
        let before = asked.map(|environment| environment.after.clone()).unwrap_or_default();
        let earlier = settings.environments.clone().unwrap_or(before);
        if earlier.is_empty() {
            let name = &request.environment;
            findings.failed(
                RULE,
                format!("no environment comes before `{name}`; name one in the setting `environments`"),
            );
        }
        for name in &earlier {
            judge(request, name, settings, &mut findings);
        }
        Ok(findings.verdict())
    }
}

/// Judges one environment: this very image has to run there, healthy, for long enough.
fn judge(request: &PromotionRequest, name: &str, settings: &Settings, findings: &mut Findings) {
    let Some(environment) = request.environments.iter().find(|environment| environment.name == name) else {
        findings
            .failed(RULE, format!("there is no environment `{name}`; correct the setting `environments`"));
        return;
    };
    let digest = request.image.digest.as_deref();
    let running = environment.running.as_ref().filter(|running| Some(running.digest.as_str()) == digest);
    let wait = |message: String| {
        (message, Condition::Other(format!("`{name}` is healthy with this image for {}", settings.period)))
    };
    let (message, until) = match running.map(|running| running.healthy_since) {
        None => wait(format!("`{name}` does not run this image; it soaks there first")),
        Some(None) => wait(format!("`{name}` runs this image and is not healthy")),
        Some(Some(since)) => {
            let ripe = since.saturating_add(settings.period.seconds());
            if ripe <= request.now.unix {
                findings.passed(
                    RULE,
                    format!(
                        "healthy in `{name}` since {}, {} or longer",
                        shown(&request.now, since),
                        settings.period
                    ),
                );
                return;
            }
            (
                format!(
                    "healthy in `{name}` since {}, not yet for {}; ripe at {}",
                    shown(&request.now, since),
                    settings.period,
                    shown(&request.now, ripe)
                ),
                Condition::Time(ripe),
            )
        }
    };
    findings.waits(RULE, message, until);
}

plimsoll_sdk::export!(promotion: Soak);

#[cfg(test)]
mod tests {
    use plimsoll_sdk::{Decision, testing};

    use super::*;

    /// Every second around the one at which it is ripe.
    #[test]
    fn it_is_ripe_at_the_second_and_not_before() {
        let mut request = testing::promotion(None, "production");
        request.settings = r#"{"for": "2h"}"#.to_owned();
        let since = request.environments[0].running.as_ref().unwrap().healthy_since.unwrap();
        for offset in -5..=5 {
            request.now.unix = since + 7_200 + offset;
            let decision = testing::decide::<Soak>(&request).unwrap().decision;
            if offset < 0 {
                assert_eq!(decision, Decision::Hold(vec![Condition::Time(since + 7_200)]), "{offset}");
            } else {
                assert_eq!(decision, Decision::Allow, "{offset}");
            }
        }
    }
}
