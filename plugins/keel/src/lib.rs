//! Stock policy `keel`: only an image that Keel would update to may enter.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

mod choice;

use plimsoll_sdk::{
    Failure, Findings, IntentKind, Policy, PromotionPolicy, PromotionRequest, Running, Verdict, quote_all,
    schemars::JsonSchema, serde::Deserialize,
};

pub use choice::{Choice, NotAChoice};

/// Settings of `keel`: its annotations `keel.sh/policy` and `keel.sh/matchPreRelease`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields, rename_all = "camelCase")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// `all`, `major`, `minor`, `patch`, `force`, `glob:PATTERN` or `regexp:EXPRESSION`.
    pub policy: Choice,
    /// Whether `major`, `minor` and `patch` stay within one pre-release, such as `rc1`.
    #[serde(default = "yes")]
    pub match_pre_release: bool,
}

const fn yes() -> bool {
    true
}

/// The policy.
#[derive(Debug)]
pub struct Keel;

impl Policy for Keel {
    const NAME: &'static str = "keel";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Allows only an image that Keel would update to.";
    type Settings = Settings;
}

/// The one rule.
const RULE: &str = "update";

impl PromotionPolicy for Keel {
    fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
        let mut findings = Findings::new();
        if IntentKind::at(&request.intent, request.now.unix) == IntentKind::Rollback {
            findings.skipped(RULE, "the intent is rollback, which is no update");
            return Ok(findings.verdict());
        }
        let asked = request.environments.iter().find(|environment| environment.name == request.environment);
        match asked.and_then(|environment| environment.running.as_ref()) {
            None => findings.passed(
                RULE,
                format!("nothing runs in `{}`: there is nothing to update", request.environment),
            ),
            Some(running) => judge(request, running, settings, &mut findings),
        }
        Ok(findings.verdict())
    }
}

/// Allows when some tag of the image is an update of some tag of what runs.
fn judge(request: &PromotionRequest, running: &Running, settings: &Settings, findings: &mut Findings) {
    let policy = &settings.policy;
    let current = tags(&running.tags, running.version.as_deref());
    let new = tags(&request.image.tags, request.image.version.as_deref());
    for from in &current {
        if let Some(to) = new.iter().find(|to| policy.updates(from, to, settings.match_pre_release)) {
            findings.passed(RULE, format!("`{policy}` updates `{from}`, which runs, to `{to}`"));
            return;
        }
    }
    let current = quote_all(&current).unwrap_or_else(|| "no tag".to_owned());
    let new = quote_all(&new).unwrap_or_else(|| "no tag".to_owned());
    findings.failed(
        RULE,
        format!("`{policy}` does not update {current}, which runs in `{}`, to {new}", request.environment),
    );
}

/// The tags that say which version it is: a moving tag stands for whatever it points to, so it counts only when there is
/// no other.
fn tags(tags: &[String], version: Option<&str>) -> Vec<String> {
    let versions: Vec<String> = tags
        .iter()
        .filter(|tag| plimsoll_sdk::lenient_version(tag).is_some() && tag.contains('.'))
        .cloned()
        .collect();
    match (versions.is_empty(), version) {
        (false, _) => versions
            .into_iter()
            .chain(tags.iter().filter(|tag| !tag.contains('.') && *tag != "latest").cloned())
            .collect(),
        (true, Some(version)) if tags.is_empty() => vec![version.to_owned()],
        (true, _) => tags.to_vec(),
    }
}

plimsoll_sdk::export!(promotion: Keel);
