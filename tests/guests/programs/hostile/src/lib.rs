//! A policy that does the harm its settings name, `{"do":"trap"}`, in whichever question it is asked. The settings
//! schema lists all that it can do; settings that name nothing of the list are refused. It imports nothing, and the
//! host must answer nothing: it must stop it, or refuse what it says.

#![cfg(target_arch = "wasm32")]

mod bindings;
mod harm;

use bindings::exports::plimsoll::policy::{
    about::{self, Description, SettingsProblem},
    promotion::{self, Condition, Decision, PromotionRequest, Verdict},
    tagging::{self, Derivation, Plan, Refusal, Tag, TagMode, TaggingRequest},
};
use bindings::plimsoll::policy::types::{Failure, Finding, RuleOutcome};

/// Everything it does, in the order of the alphabet.
const HARMS: &[&str] = &[
    "deny",
    "endless-loop",
    "error",
    "hold",
    "hold-without-condition",
    "huge-error",
    "huge-output",
    "invalid-tag",
    "latest-twice",
    "long-tag",
    "memory-bomb",
    "million-conditions",
    "million-findings",
    "no-finding",
    "recursion",
    "recursion-with-frames",
    "trap",
];

struct Hostile;

impl about::Guest for Hostile {
    fn describe() -> Description {
        let names: Vec<_> = HARMS.iter().map(|name| format!("{name:?}")).collect();
        Description {
            name: "hostile".to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Does the harm that its settings name.".to_owned(),
            settings_schema: format!(r#"{{"properties":{{"do":{{"enum":[{}]}}}}}}"#, names.join(",")),
        }
    }

    fn check_settings(settings: String) -> Result<(), Vec<SettingsProblem>> {
        match wanted(&settings) {
            "endless-check" => harm::endless_loop(),
            harm if HARMS.contains(&harm) => Ok(()),
            _ => Err(vec![SettingsProblem { pointer: "/do".to_owned(), message: "no such harm".to_owned() }]),
        }
    }
}

impl tagging::Guest for Hostile {
    fn derive(request: TaggingRequest) -> Result<Derivation, Failure> {
        let tag = |name: &str, mode| Tag { name: name.to_owned(), mode };
        let tags = match wanted(&request.settings) {
            "invalid-tag" => vec![tag("not a tag", TagMode::Create)],
            "latest-twice" => vec![tag("latest", TagMode::Move), tag("latest", TagMode::Create)],
            "long-tag" => vec![tag(&"a".repeat(129), TagMode::Create)],
            "deny" => {
                return Ok(Derivation::Refusal(Refusal { findings: vec![finding(RuleOutcome::Failed)] }));
            }
            other => {
                let findings = harm::findings(other)?;
                return Ok(Derivation::Refusal(Refusal { findings }));
            }
        };
        let findings = vec![finding(RuleOutcome::Passed)];
        Ok(Derivation::Plan(Plan { version: None, tags, labels: vec![], annotations: vec![], findings }))
    }
}

impl promotion::Guest for Hostile {
    fn decide(request: PromotionRequest) -> Result<Verdict, Failure> {
        let decision = match wanted(&request.settings) {
            "hold" => Decision::Hold(vec![Condition::Time(request.now.unix + 3600)]),
            "hold-without-condition" => Decision::Hold(vec![]),
            "million-conditions" => Decision::Hold((0..1_000_000).map(Condition::Time).collect()),
            "deny" => Decision::Deny,
            other => {
                let findings = harm::findings(other)?;
                return Ok(Verdict { decision: Decision::Allow, findings });
            }
        };
        Ok(Verdict { decision, findings: vec![finding(RuleOutcome::Failed)] })
    }
}

/// The harm that settings name: the text between the third and the fourth quotation mark.
fn wanted(settings: &str) -> &str {
    settings.split('"').nth(3).unwrap_or_default()
}

/// A proper finding.
fn finding(outcome: RuleOutcome) -> Finding {
    Finding { rule: "harm".to_owned(), outcome, message: "As the settings want it.".to_owned() }
}

bindings::export!(Hostile with_types_in bindings);
