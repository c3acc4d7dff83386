//! The well-behaved promotion policy that decisions are measured with: production only for an image that carries a
//! tag `v` and a strict semantic version without pre-release; every other environment is open.
//!
//! It takes no settings, imports nothing, and is written against the contract directly, so that what the SDK adds can
//! be measured against it. The host must answer nothing.

// The host's tests build this package for the machine too, where a WebAssembly policy has no meaning.
#![cfg(target_arch = "wasm32")]

mod arena;
mod bindings;

use bindings::exports::plimsoll::policy::{
    about::{self, Description, SettingsProblem},
    promotion::{self, Decision, PromotionRequest, Verdict},
};
use bindings::plimsoll::policy::types::{Failure, Finding, RuleOutcome};

struct Lean;

impl about::Guest for Lean {
    fn describe() -> Description {
        Description {
            name: "lean".to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Lets only released versions into production.".to_owned(),
            settings_schema: r#"{"type":"object","additionalProperties":false}"#.to_owned(),
        }
    }

    fn check_settings(settings: String) -> Result<(), Vec<SettingsProblem>> {
        if settings.bytes().filter(|byte| !byte.is_ascii_whitespace()).eq(*b"{}") {
            Ok(())
        } else {
            Err(vec![SettingsProblem { pointer: String::new(), message: "no settings are taken".to_owned() }])
        }
    }
}

impl promotion::Guest for Lean {
    fn decide(request: PromotionRequest) -> Result<Verdict, Failure> {
        let released =
            request.environment != "production" || request.image.tags.iter().any(|tag| is_release(tag));
        let (decision, outcome, message) = if released {
            (Decision::Allow, RuleOutcome::Passed, "The environment takes this image.")
        } else {
            (
                Decision::Deny,
                RuleOutcome::Failed,
                "Production takes only images with a tag vMAJOR.MINOR.PATCH.",
            )
        };
        let finding = Finding { rule: "released".to_owned(), outcome, message: message.to_owned() };
        Ok(Verdict { decision, findings: vec![finding] })
    }
}

/// `v` and three numbers without leading zeroes (Semantic Versioning 2.0.0, section 2).
fn is_release(tag: &str) -> bool {
    let Some(version) = tag.strip_prefix('v') else { return false };
    let number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part.len() == 1 || !part.starts_with('0'))
    };
    let mut parts = version.split('.');
    (0..3).all(|_| parts.next().is_some_and(number)) && parts.next().is_none()
}

bindings::export!(Lean with_types_in bindings);
