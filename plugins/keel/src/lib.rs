//! Stock policy `keel`: only an image that Keel would update to may enter.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

mod choice;

use plimsoll_sdk::{
    Failure, Findings, IntentKind, Policy, PromotionPolicy, PromotionRequest, Running, Verdict, go::Version,
    quote_all, schemars::JsonSchema, serde::Deserialize,
};

pub use choice::{Choice, NotAChoice};

/// Settings of `keel`: its annotations `keel.sh/policy` and `keel.sh/matchPreRelease`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields, rename_all = "camelCase")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// `all`, `major`, `minor`, `patch`, `force`, `never`, `glob:PATTERN` or `regexp:EXPRESSION`.
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
        let intent = IntentKind::at(&request.intent, request.now.unix);
        if settings.policy.is_never() {
            findings.failed(
                RULE,
                format!("`never` lets no image into `{}`; change the policy", request.environment),
            );
        } else if intent == IntentKind::Rollback {
            findings.skipped(RULE, "the intent is rollback, which is no update");
        } else {
            let asked =
                request.environments.iter().find(|environment| environment.name == request.environment);
            match asked.and_then(|environment| environment.running.as_ref()) {
                None => judge_first(request, settings, &mut findings),
                Some(running) => judge(request, running, settings, &mut findings),
            }
        }
        Ok(findings.verdict())
    }
}

/// Judges the image for an environment in which nothing runs: by its tags alone, where the policy looks at nothing else.
fn judge_first(request: &PromotionRequest, settings: &Settings, findings: &mut Findings) {
    let (policy, environment) = (&settings.policy, &request.environment);
    if policy.takes_any_first() {
        findings.passed(
            RULE,
            format!(
                "nothing runs in `{environment}`: `{policy}` has nothing to compare with and takes any first image"
            ),
        );
        return;
    }
    let new = new_tags(request);
    if let Some(to) = new.iter().find(|to| policy.updates("", to, settings.match_pre_release)) {
        findings.passed(RULE, format!("`{policy}` takes `{to}`; nothing runs in `{environment}`"));
        return;
    }
    let new = quote_all(&new).unwrap_or_else(|| "no tag".to_owned());
    findings.failed(
        RULE,
        format!(
            "`{policy}` does not take {new} into `{environment}`, where nothing runs; release a tag that it takes, or change the policy"
        ),
    );
}

/// The tags of the image, or its version, where it has none.
fn new_tags(request: &PromotionRequest) -> Vec<String> {
    let mut new = request.image.tags.clone();
    if new.is_empty() {
        new.extend(request.image.version.clone());
    }
    new
}

/// Allows when some tag of the image is an update of the tag that runs: a registry tells Keel of each new tag.
fn judge(request: &PromotionRequest, running: &Running, settings: &Settings, findings: &mut Findings) {
    let policy = &settings.policy;
    let current = running_tags(&running.tags, running.version.as_deref());
    let new = new_tags(request);
    for from in &current {
        if let Some(to) = new.iter().find(|to| policy.updates(from, to, settings.match_pre_release)) {
            findings.passed(RULE, format!("`{policy}` updates `{from}`, which runs, to `{to}`"));
            return;
        }
    }
    let current = quote_all(&current).unwrap_or_else(|| "no tag".to_owned());
    let new = quote_all(&new).unwrap_or_else(|| "no tag".to_owned());
    let wanted = if policy.looks_at_names() { "release a tag" } else { "release a version" };
    findings.failed(
        RULE,
        format!(
            "`{policy}` does not update {current}, which runs in `{}`, to {new}; {wanted} that it updates to, or change the policy",
            request.environment
        ),
    );
}

/// The tag that runs, of all that its image carries: the one of its version, else the highest full version, else any version;
/// without one all tags, and `latest` only where it is alone. Moving tags such as `v1` would read as older versions.
fn running_tags(tags: &[String], version: Option<&str>) -> Vec<String> {
    let is_version = |tag: &&String| {
        version
            .is_some_and(|version| tag.strip_suffix(version).is_some_and(|before| matches!(before, "" | "v")))
    };
    if let Some(own) = tags.iter().find(is_version) {
        return vec![own.clone()];
    }
    for numbers in [3, 2] {
        let full = |tag: &&String| tag.splitn(3, '.').count() >= numbers;
        let read = |tag: &&String| Version::parse_v1(tag);
        let versions = tags.iter().filter(full).filter_map(|tag| Some((read(&tag)?, tag)));
        if let Some((_, highest)) =
            versions.reduce(|one, other| if one.0.compare(&other.0).is_lt() { other } else { one })
        {
            return vec![highest.clone()];
        }
    }
    let named: Vec<String> = tags.iter().filter(|tag| *tag != "latest").cloned().collect();
    match (named.is_empty(), version) {
        (false, _) => named,
        (true, Some(version)) if tags.is_empty() => vec![version.to_owned()],
        (true, _) => tags.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_that_runs_is_that_of_the_version() {
        for (tags, version, expected) in [
            (&["v1", "v1.2", "v1.2.4", "latest"][..], Some("1.2.4"), &["v1.2.4"][..]),
            (&["v1", "v1.2", "v1.2.4", "latest"], None, &["v1.2.4"]),
            (&["1.2.3", "1.10.0"], None, &["1.10.0"]),
            (&["v1.2", "main"], None, &["v1.2"]),
            (&["main-7", "sha-0a", "latest"], None, &["main-7", "sha-0a"]),
            (&["latest"], None, &["latest"]),
            (&[], Some("1.2.3"), &["1.2.3"]),
            (&[], None, &[]),
        ] {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            assert_eq!(running_tags(&tags, version), expected, "{tags:?}");
        }
    }
}

plimsoll_sdk::export!(promotion: Keel);
