//! The traits that a policy implements.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::types::{Derivation, Failure, PromotionRequest, SettingsProblem, TaggingRequest, Verdict};

/// What every policy says about itself, and its settings.
///
/// ```
/// use plimsoll_sdk::{NoSettings, Policy};
///
/// struct Quiet;
///
/// impl Policy for Quiet {
///     const NAME: &'static str = "quiet";
///     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
///     const SUMMARY: &'static str = "Decides without a word.";
///     type Settings = NoSettings;
/// }
/// ```
pub trait Policy {
    /// Its name: 1 to 64 of `a-z 0-9 -`.
    const NAME: &'static str;
    /// Its version, semantic versioning; usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// One sentence on what it decides.
    const SUMMARY: &'static str;

    /// Its settings. They are read from the JSON object in the configuration, and their JSON Schema is shown to whoever
    /// writes one, doc comments included. Derive both traits; `#[serde(default, deny_unknown_fields, rename_all =
    /// "kebab-case")]` gives settings that are optional, checked, and spelled as everywhere in Plimsoll.
    type Settings: DeserializeOwned + JsonSchema;

    /// Checks what the types of the settings cannot say. Runs when a configuration is loaded, after the types were
    /// satisfied; an empty list accepts the settings.
    ///
    /// ```
    /// use plimsoll_sdk::SettingsProblem;
    ///
    /// fn check(quorum: u32, people: &[String]) -> Vec<SettingsProblem> {
    ///     if people.len() < quorum as usize {
    ///         return vec![SettingsProblem::new("/quorum", "there are fewer people than approvals asked for")];
    ///     }
    ///     Vec::new()
    /// }
    /// # assert_eq!(check(1, &[]).len(), 1);
    /// ```
    #[must_use]
    fn check(settings: &Self::Settings) -> Vec<SettingsProblem> {
        let _ = settings;
        Vec::new()
    }
}

/// Answers the first question: which tags and labels does the image of this git event get?
///
/// ```
/// use plimsoll_sdk::{
///     Derivation, Failure, Findings, NoSettings, Plan, Policy, Tag, TaggingPolicy, TaggingRequest,
/// };
///
/// struct ByCommit;
/// # impl Policy for ByCommit {
/// #     const NAME: &'static str = "by-commit";
/// #     const VERSION: &'static str = "1.0.0";
/// #     const SUMMARY: &'static str = "Tags every image with its commit.";
/// #     type Settings = NoSettings;
/// # }
///
/// impl TaggingPolicy for ByCommit {
///     fn derive(request: &TaggingRequest, _settings: &NoSettings) -> Result<Derivation, Failure> {
///         let commit = &request.source.commit.id;
///         let mut findings = Findings::new();
///         findings.passed("commit", format!("the image is named after the commit {commit}"));
///         Ok(Derivation::Plan(Plan {
///             version: None,
///             tags: vec![Tag::create(commit.as_str())],
///             labels: Vec::new(),
///             annotations: Vec::new(),
///             findings: findings.into_vec(),
///         }))
///     }
/// }
/// ```
pub trait TaggingPolicy: Policy {
    /// Derives the tags of an event.
    ///
    /// # Errors
    /// The policy could not answer, and says why. This is no refusal: a refusal is an answer.
    fn derive(request: &TaggingRequest, settings: &Self::Settings) -> Result<Derivation, Failure>;
}

/// Answers the second question: may this image go into this environment, now?
///
/// ```
/// use plimsoll_sdk::{
///     Condition, Failure, Finding, NoSettings, Policy, PromotionPolicy, PromotionRequest, Verdict,
/// };
///
/// struct AskSomebody;
/// # impl Policy for AskSomebody {
/// #     const NAME: &'static str = "ask-somebody";
/// #     const VERSION: &'static str = "1.0.0";
/// #     const SUMMARY: &'static str = "Promotes what somebody approved.";
/// #     type Settings = NoSettings;
/// # }
///
/// impl PromotionPolicy for AskSomebody {
///     fn decide(request: &PromotionRequest, _settings: &NoSettings) -> Result<Verdict, Failure> {
///         Ok(match request.approvals.first() {
///             Some(approval) => {
///                 Verdict::allow(vec![Finding::passed("approval", format!("{} approved it", approval.by))])
///             }
///             None => Verdict::hold(
///                 vec![Condition::Approval("approval".to_owned())],
///                 vec![Finding::failed("approval", "nobody approved it yet")],
///             ),
///         })
///     }
/// }
/// ```
pub trait PromotionPolicy: Policy {
    /// Decides on a promotion.
    ///
    /// # Errors
    /// The policy could not answer, and says why. This is no denial: a denial is an answer.
    fn decide(request: &PromotionRequest, settings: &Self::Settings) -> Result<Verdict, Failure>;
}
