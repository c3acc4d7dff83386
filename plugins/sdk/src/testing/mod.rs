//! Testing a policy as an ordinary library, on any target but WebAssembly: requests to start from, the questions asked
//! as the host asks them, and a stand-in for the host's capabilities.
//!
//! ```
//! use plimsoll_sdk::{Decision, testing};
//! # use plimsoll_sdk::*;
//! # struct Weekdays;
//! # impl Policy for Weekdays {
//! #     const NAME: &'static str = "weekdays";
//! #     const VERSION: &'static str = "1.0.0";
//! #     const SUMMARY: &'static str = "Promotes on working days.";
//! #     type Settings = NoSettings;
//! # }
//! # impl PromotionPolicy for Weekdays {
//! #     fn decide(request: &PromotionRequest, _: &NoSettings) -> Result<Verdict, Failure> {
//! #         Ok(match request.now.weekday {
//! #             Weekday::Sunday => Verdict::deny(vec![]),
//! #             _ => Verdict::allow(vec![]),
//! #         })
//! #     }
//! # }
//!
//! let mut request = testing::promotion(Some("v1.2.3"), "production");
//! request.now.weekday = Weekday::Sunday;
//! let verdict = testing::decide::<Weekdays>(&request).expect("the policy can answer");
//! assert_eq!(verdict.decision, Decision::Deny);
//! ```

mod capabilities;
mod requests;

use crate::{
    export::Exported,
    guest::bindings::{
        about::exports::plimsoll::policy::about::Guest as _,
        promotion::exports::plimsoll::policy::promotion::Guest as _,
        tagging::exports::plimsoll::policy::tagging::Guest as _,
    },
    policy::{Policy, PromotionPolicy, TaggingPolicy},
    types::{Derivation, Description, Failure, PromotionRequest, SettingsProblem, TaggingRequest, Verdict},
};

pub(crate) use capabilities::current;
pub use capabilities::{Capabilities, with};
pub use requests::{commit, promotion, pull_request, push, push_of_tag};

/// Asks a policy which tags an event gets, settings text included, as the host does.
///
/// ```
/// use plimsoll_sdk::{Derivation, testing};
/// # use plimsoll_sdk::*;
/// # struct ByCommit;
/// # impl Policy for ByCommit {
/// #     const NAME: &'static str = "by-commit";
/// #     const VERSION: &'static str = "1.0.0";
/// #     const SUMMARY: &'static str = "Tags every image with its commit.";
/// #     type Settings = NoSettings;
/// # }
/// # impl TaggingPolicy for ByCommit {
/// #     fn derive(request: &TaggingRequest, _: &NoSettings) -> Result<Derivation, Failure> {
/// #         let tags = vec![Tag::create(request.source.commit.id.as_str())];
/// #         Ok(Derivation::Plan(Plan { version: None, tags, labels: vec![], annotations: vec![], findings: vec![] }))
/// #     }
/// # }
/// let request = testing::push("main");
/// let Ok(Derivation::Plan(plan)) = testing::derive::<ByCommit>(&request) else { panic!("it is released") };
/// assert_eq!(plan.tags[0].name, request.source.commit.id);
/// ```
///
/// # Errors
/// The policy could not answer, or the settings are not what it takes.
pub fn derive<P: TaggingPolicy>(request: &TaggingRequest) -> Result<Derivation, Failure> {
    Exported::<P>::derive(request.clone())
}

/// Asks a policy about a promotion, settings text included, as the host does.
///
/// ```
/// use plimsoll_sdk::{Decision, testing};
/// # use plimsoll_sdk::*;
/// # struct Approved;
/// # impl Policy for Approved {
/// #     const NAME: &'static str = "approved";
/// #     const VERSION: &'static str = "1.0.0";
/// #     const SUMMARY: &'static str = "Allows what somebody approved.";
/// #     type Settings = NoSettings;
/// # }
/// # impl PromotionPolicy for Approved {
/// #     fn decide(request: &PromotionRequest, _: &NoSettings) -> Result<Verdict, Failure> {
/// #         let findings = vec![Finding::passed("approval", "looked at")];
/// #         Ok(if request.approvals.is_empty() { Verdict::deny(findings) } else { Verdict::allow(findings) })
/// #     }
/// # }
/// let request = testing::promotion(Some("v1.2.3"), "production");
/// assert_eq!(testing::decide::<Approved>(&request)?.decision, Decision::Deny);
/// # Ok::<(), Failure>(())
/// ```
///
/// # Errors
/// The policy could not answer, or the settings are not what it takes.
pub fn decide<P: PromotionPolicy>(request: &PromotionRequest) -> Result<Verdict, Failure> {
    Exported::<P>::decide(request.clone())
}

/// Checks settings (JSON text) as the host does when it loads a configuration.
///
/// ```
/// use plimsoll_sdk::testing;
/// # use plimsoll_sdk::*;
/// # struct ByCommit;
/// # impl Policy for ByCommit {
/// #     const NAME: &'static str = "by-commit";
/// #     const VERSION: &'static str = "1.0.0";
/// #     const SUMMARY: &'static str = "Tags every image with its commit.";
/// #     type Settings = NoSettings;
/// # }
/// # impl TaggingPolicy for ByCommit {
/// #     fn derive(request: &TaggingRequest, _: &NoSettings) -> Result<Derivation, Failure> {
/// #         let tags = vec![Tag::create(request.source.commit.id.as_str())];
/// #         Ok(Derivation::Plan(Plan { version: None, tags, labels: vec![], annotations: vec![], findings: vec![] }))
/// #     }
/// # }
/// let problems = testing::check_settings::<ByCommit>("[]").unwrap_err();
/// assert_eq!(problems[0].pointer, "");
/// ```
///
/// # Errors
/// Everything that is wrong with them.
pub fn check_settings<P: Policy>(settings: &str) -> Result<(), Vec<SettingsProblem>> {
    Exported::<P>::check_settings(settings.to_owned())
}

/// What a policy says about itself, the JSON Schema of its settings included.
///
/// ```
/// use plimsoll_sdk::testing;
/// # use plimsoll_sdk::*;
/// # struct ByCommit;
/// # impl Policy for ByCommit {
/// #     const NAME: &'static str = "by-commit";
/// #     const VERSION: &'static str = "1.0.0";
/// #     const SUMMARY: &'static str = "Tags every image with its commit.";
/// #     type Settings = NoSettings;
/// # }
/// # impl TaggingPolicy for ByCommit {
/// #     fn derive(request: &TaggingRequest, _: &NoSettings) -> Result<Derivation, Failure> {
/// #         let tags = vec![Tag::create(request.source.commit.id.as_str())];
/// #         Ok(Derivation::Plan(Plan { version: None, tags, labels: vec![], annotations: vec![], findings: vec![] }))
/// #     }
/// # }
/// assert_eq!(testing::describe::<ByCommit>().name, "by-commit");
/// ```
#[must_use]
pub fn describe<P: Policy>() -> Description {
    Exported::<P>::describe()
}
