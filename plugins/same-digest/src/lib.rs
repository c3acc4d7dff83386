//! Stock policy `same-digest`: only the very image that an earlier environment runs may enter.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

use plimsoll_sdk::{
    Condition, Environment, Failure, Findings, IntentKind, Policy, PromotionPolicy, PromotionRequest,
    SettingsProblem, Verdict, schemars::JsonSchema, serde::Deserialize,
};

/// Settings of `same-digest`. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// The environments that have to run the image. Absent: those that come before this one.
    pub environments: Option<Vec<String>>,
    /// Whether the image has to be healthy there.
    pub healthy: bool,
    /// Intents for which the rule does not count.
    pub exempt: Vec<IntentKind>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { environments: None, healthy: true, exempt: vec![IntentKind::Rollback, IntentKind::BreakGlass] }
    }
}

/// The policy.
#[derive(Debug)]
pub struct SameDigest;

impl Policy for SameDigest {
    const NAME: &'static str = "same-digest";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Allows only the very image that an earlier environment runs.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        let empty = settings.environments.as_ref().is_some_and(Vec::is_empty);
        let problem = || SettingsProblem::new("/environments", "name at least one, or leave it out");
        empty.then(problem).into_iter().collect()
    }
}

/// The one rule.
const RULE: &str = "same-digest";

impl PromotionPolicy for SameDigest {
    fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
        let mut findings = Findings::new();
        let intent = IntentKind::at(&request.intent, request.now.unix);
        if settings.exempt.contains(&intent) {
            findings
                .skipped(RULE, format!("the intent is {}, for which the rule does not count", intent.name()));
            return Ok(findings.verdict());
        }
        let earlier = earlier(request, settings);
        if earlier.is_empty() {
            findings.failed(
                RULE,
                format!(
                    "no environment comes before `{}`; name some in the setting `environments`",
                    request.environment
                ),
            );
        }
        for name in earlier {
            judge(request, &name, settings, &mut findings);
        }
        Ok(findings.verdict())
    }
}

fn earlier(request: &PromotionRequest, settings: &Settings) -> Vec<String> {
    if let Some(named) = &settings.environments {
        return named.clone();
    }
    let asked = request.environments.iter().find(|environment| environment.name == request.environment);
    asked.map(|environment| environment.after.clone()).unwrap_or_default()
}

fn judge(request: &PromotionRequest, name: &str, settings: &Settings, findings: &mut Findings) {
    let Some(environment) = request.environments.iter().find(|environment| environment.name == name) else {
        findings
            .failed(RULE, format!("there is no environment `{name}`; correct the setting `environments`"));
        return;
    };
    let Some(digest) = &request.image.digest else {
        findings.waits(
            RULE,
            format!("the image was never built, so `{name}` cannot run it"),
            Condition::Other(format!("the image is built and runs in `{name}`")),
        );
        return;
    };
    match running(environment, digest) {
        None => findings.waits(
            RULE,
            format!("`{name}` runs {}, not this image; deploy this one there first", what_runs(environment)),
            Condition::Other(format!("`{name}` runs {digest}")),
        ),
        Some(false) if settings.healthy => findings.waits(
            RULE,
            format!("`{name}` runs this very image and is not healthy"),
            Condition::Other(format!("`{name}` is healthy with {digest}")),
        ),
        Some(_) => findings.passed(RULE, format!("`{name}` runs this very image, {digest}")),
    }
}

/// Whether an environment is healthy with this image; `None` when it runs another one.
fn running(environment: &Environment, digest: &str) -> Option<bool> {
    let running = environment.running.as_ref().filter(|running| running.digest == digest)?;
    Some(running.healthy_since.is_some())
}

fn what_runs(environment: &Environment) -> String {
    match &environment.running {
        None => "nothing".to_owned(),
        Some(running) => running.version.clone().unwrap_or_else(|| running.digest.clone()),
    }
}

plimsoll_sdk::export!(promotion: SameDigest);
