//! Stock policy `image-policy`: only the image that Flux's `ImagePolicy` would select may enter.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

mod constraint;
mod filter;
mod select;
mod settings;

use plimsoll_sdk::{
    Failure, Findings, IntentKind, Policy, PromotionPolicy, PromotionRequest, SettingsProblem, Verdict,
    capability::registry, quote_all,
};

pub use constraint::{Constraint, NotAConstraint};
pub use select::{Selection, select, version};
pub use settings::{FilterTags, Order, Ordering, PolicyChoice, SemverChoice, Settings};

/// The policy.
#[derive(Debug)]
pub struct ImagePolicy;

impl Policy for ImagePolicy {
    const NAME: &'static str = "image-policy";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Allows only the image that Flux's ImagePolicy would select from the registry's tags.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        settings.problems()
    }
}

/// The rule that there is a selection.
const SELECTED: &str = "selected";
/// The rule that it is this image.
const THIS_IMAGE: &str = "this-image";

impl PromotionPolicy for ImagePolicy {
    fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
        let mut findings = Findings::new();
        if IntentKind::at(&request.intent, request.now.unix) == IntentKind::Rollback {
            findings.skipped(SELECTED, "the intent is rollback, for which the rule does not count");
            return Ok(findings.verdict());
        }
        let mut tags = registry::tags(&request.image.repository)?;
        // In a dry run the image's tags are not in the registry yet.
        let own: Vec<String> = request.image.tags.iter().filter(|tag| !tags.contains(tag)).cloned().collect();
        tags.extend(own);
        match select(settings, &tags)
            .map_err(|reason| Failure::new(format!("the settings cannot be used: {reason}")))?
        {
            Selection::Nothing(reason) => findings.failed(SELECTED, format!("no tag is selected: {reason}")),
            Selection::Tag(tag) => judge(request, &tag, tags.len(), &mut findings),
        }
        Ok(findings.verdict())
    }
}

fn judge(request: &PromotionRequest, tag: &str, of: usize, findings: &mut Findings) {
    findings.passed(SELECTED, format!("`{tag}` is selected of {of} tags"));
    if request.image.tags.iter().any(|own| own == tag) {
        findings.passed(THIS_IMAGE, format!("the image carries `{tag}`"));
    } else {
        let own = quote_all(&request.image.tags).unwrap_or_else(|| "no tag".to_owned());
        findings.failed(
            THIS_IMAGE,
            format!("the image carries {own}, and `{tag}` is selected; release that one"),
        );
    }
}

plimsoll_sdk::export!(promotion: ImagePolicy);
