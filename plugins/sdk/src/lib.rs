//! Write a Plimsoll policy in Rust.
//!
//! A policy answers one or both of the questions that teams disagree about: which tags does the image of this git
//! event get ([`TaggingPolicy`]), and may this image go into this environment now ([`PromotionPolicy`])? It is a
//! function of its request: no clock, no files, no network. What it may ask beyond the request it asks through
//! [`capability`], if the configuration grants it.
//!
//! ```
//! use plimsoll_sdk::{
//!     Failure, Findings, Policy, PromotionPolicy, PromotionRequest, Verdict, Weekday,
//!     schemars::JsonSchema,
//!     serde::Deserialize,
//! };
//!
//! /// Nothing goes out on these days.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
//! #[schemars(crate = "plimsoll_sdk::schemars")]
//! struct Settings {
//!     /// Whether Friday counts as a day to stay in bed.
//!     friday_too: bool,
//! }
//!
//! impl Default for Settings {
//!     fn default() -> Self {
//!         Self { friday_too: true }
//!     }
//! }
//!
//! struct Weekdays;
//!
//! impl Policy for Weekdays {
//!     const NAME: &'static str = "weekdays";
//!     const VERSION: &'static str = "1.0.0";
//!     const SUMMARY: &'static str = "Promotes on working days.";
//!     type Settings = Settings;
//! }
//!
//! impl PromotionPolicy for Weekdays {
//!     fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
//!         let stay = match request.now.weekday {
//!             Weekday::Saturday | Weekday::Sunday => true,
//!             Weekday::Friday => settings.friday_too,
//!             _ => false,
//!         };
//!         let mut findings = Findings::new();
//!         if stay {
//!             findings.failed("weekday", "it is nearly the weekend; ask again on Monday");
//!         } else {
//!             findings.passed("weekday", "it is a working day");
//!         }
//!         Ok(findings.verdict())
//!     }
//! }
//!
//! plimsoll_sdk::export!(promotion: Weekdays);
//! # fn main() {}
//! ```
//!
//! Built for `wasm32-unknown-unknown` as a `cdylib` and encoded as a component, that is the whole policy. On any
//! other target it is an ordinary library: test it with `cargo test` and the requests in [`testing`].

pub mod capability;
pub mod civil;
mod export;
mod findings;
mod glob;
#[cfg(feature = "go")]
pub mod go;
#[doc(hidden)]
pub mod guest;
mod intent;
mod policy;
mod settings;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
mod types;
mod version;

#[doc(hidden)]
pub use export::{Exported, answers_promotion, answers_tagging};
pub use findings::Findings;
pub use glob::{Glob, InvalidGlob};
pub use intent::IntentKind;
pub use policy::{Policy, PromotionPolicy, TaggingPolicy};
pub use settings::NoSettings;
pub use text::quote_all;
pub use types::{
    Approval, Commit, Condition, Decision, Deployment, Derivation, Description, Environment, Evidence,
    EvidenceOutcome, Failure, Finding, GitRef, Image, Intent, Justification, Label, Level, LookupFailure,
    Moment, Passage, PassageState, PastRelease, Plan, PromotionRequest, PublishedRelease, PullRequest,
    Refusal, Repository, RuleOutcome, Running, SettingsProblem, Source, Tag, TagMode, TaggingRequest,
    Trigger, Verdict, Weekday,
};
pub use version::{NotAVersion, VersionTag, lenient_version};

// What the settings of a policy are derived with, and versions: the same ones that the SDK was built with.
pub use schemars;
pub use semver;
pub use serde;
