//! Stock policy `version-gate`: only an image that carries a released version may enter.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

mod rules;
mod settings;

use plimsoll_sdk::{Failure, Policy, PromotionPolicy, PromotionRequest, Verdict};

pub use settings::Settings;

/// The policy.
#[derive(Debug)]
pub struct VersionGate;

impl Policy for VersionGate {
    const NAME: &'static str = "version-gate";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Allows only images that carry the tag of a released version.";
    type Settings = Settings;
}

impl PromotionPolicy for VersionGate {
    fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
        Ok(rules::judge(&request.image, &request.source.tags, settings).verdict())
    }
}

plimsoll_sdk::export!(promotion: VersionGate);
