//! Stock policy `forward-only`: nothing older than what runs may enter, unless it is a rollback.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

use std::cmp::Ordering;

use plimsoll_sdk::{
    Failure, Findings, IntentKind, Policy, PromotionPolicy, PromotionRequest, Running, Verdict,
    schemars::JsonSchema, semver::Version, serde::Deserialize,
};

/// Settings of `forward-only`. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// Intents that may go back.
    pub may_go_back: Vec<IntentKind>,
    /// Whether what runs may be deployed again, by another digest with the same version.
    pub same_version: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { may_go_back: vec![IntentKind::Rollback], same_version: true }
    }
}

/// The policy.
#[derive(Debug)]
pub struct ForwardOnly;

impl Policy for ForwardOnly {
    const NAME: &'static str = "forward-only";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Allows nothing older than what runs, unless it is a rollback.";
    type Settings = Settings;
}

/// The one rule.
const RULE: &str = "forward";

impl PromotionPolicy for ForwardOnly {
    fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
        let mut findings = Findings::new();
        let asked = request.environments.iter().find(|environment| environment.name == request.environment);
        match asked.and_then(|environment| environment.running.as_ref()) {
            None => findings.passed(RULE, format!("nothing runs in `{}` yet", request.environment)),
            Some(running) => compare(request, running, settings, &mut findings),
        }
        Ok(findings.verdict())
    }
}

fn compare(request: &PromotionRequest, running: &Running, settings: &Settings, findings: &mut Findings) {
    let intent = IntentKind::at(&request.intent, request.now.unix);
    if request.image.digest.as_deref() == Some(running.digest.as_str()) {
        findings.passed(RULE, format!("`{}` runs this very image already", request.environment));
    } else if settings.may_go_back.contains(&intent) {
        findings.passed(RULE, format!("the intent is {}, which may go back", intent.name()));
    } else {
        by_version(request, running, settings, findings);
    }
}

fn by_version(request: &PromotionRequest, running: &Running, settings: &Settings, findings: &mut Findings) {
    let version = |text: &Option<String>| text.as_deref().and_then(|text| Version::parse(text).ok());
    let name = &request.environment;
    match (version(&request.image.version), version(&running.version)) {
        (Some(new), Some(old)) => match new.cmp_precedence(&old) {
            Ordering::Greater => {
                findings.passed(RULE, format!("{new} is newer than {old}, which runs in `{name}`"));
            }
            Ordering::Equal if settings.same_version => {
                findings.passed(RULE, format!("{new} is the version that runs in `{name}`"));
            }
            Ordering::Equal => findings.failed(
                RULE,
                format!("`{name}` runs {old} already, as another image; give this one a version of its own"),
            ),
            Ordering::Less => findings.failed(
                RULE,
                format!(
                    "{new} is older than {old}, which runs in `{name}`; ask for a rollback if that is meant"
                ),
            ),
        },
        (None, Some(old)) => findings.failed(
            RULE,
            format!(
                "the image has no version, and `{name}` runs {old}; release a version, or ask for a rollback"
            ),
        ),
        (_, None) => by_time(request, running, findings),
    }
}

/// What runs has no version: then the commit has to be younger than what was deployed.
fn by_time(request: &PromotionRequest, running: &Running, findings: &mut Findings) {
    let name = &request.environment;
    let shown = |unix| plimsoll_sdk::civil::shown(&request.now, unix);
    let committed = request.source.commit.time;
    if request.image.version.is_some() {
        findings.passed(RULE, format!("`{name}` runs no version yet, and this image has one"));
    } else if committed > running.since {
        findings.passed(
            RULE,
            format!(
                "neither has a version; the commit ({}) is younger than the deployment ({})",
                shown(committed),
                shown(running.since)
            ),
        );
    } else {
        findings.skipped(
            RULE,
            format!("neither this image nor what runs in `{name}` has a version; the host keeps older commits back"),
        );
    }
}

plimsoll_sdk::export!(promotion: ForwardOnly);

#[cfg(test)]
mod tests {
    use plimsoll_sdk::{Decision, testing};

    use super::*;

    /// The promotion of one version over another.
    fn decide(new: &str, old: &str, settings: &str) -> Decision {
        let mut request = testing::promotion(Some(&format!("v{new}")), "production");
        let mut running = request.environments[0].running.clone().unwrap();
        running.version = Some(old.to_owned());
        running.digest = format!("sha256:{}", "f".repeat(64));
        request.environments[1].running = Some(running);
        request.settings = settings.to_owned();
        testing::decide::<ForwardOnly>(&request).unwrap().decision
    }

    /// Every pair of a few versions, against their order as semantic versioning lists it (2.0.0, section 11).
    #[test]
    fn every_pair_follows_precedence() {
        let ascending = [
            "0.9.0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.10.0",
            "2.0.0",
        ];
        for (new_place, new) in ascending.iter().enumerate() {
            for (old_place, old) in ascending.iter().enumerate() {
                let expected = if new_place >= old_place { Decision::Allow } else { Decision::Deny };
                assert_eq!(decide(new, old, "{}"), expected, "{new} over {old}");
                let strict = if new_place > old_place { Decision::Allow } else { Decision::Deny };
                assert_eq!(decide(new, old, r#"{"same-version": false}"#), strict, "{new} over {old}");
            }
        }
    }

    #[test]
    fn build_metadata_does_not_order() {
        assert_eq!(decide("1.0.0+a", "1.0.0+b", r#"{"same-version": false}"#), Decision::Deny);
        assert_eq!(decide("1.0.0+a", "1.0.0+b", "{}"), Decision::Allow);
    }
}
