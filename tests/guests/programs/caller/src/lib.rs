//! A promotion policy that calls capabilities as its settings name it, `{"do":"tour"}`, and allows with what it was
//! told in its findings. It imports `log`, `registry` and `history`, so that a binding must grant all three. The host
//! must answer the look-ups; it may take its time with `registry.tags` of the image's own repository.

#![cfg(target_arch = "wasm32")]

mod bindings;

use bindings::exports::plimsoll::policy::{
    about::{self, Description, SettingsProblem},
    promotion::{self, Decision, PromotionRequest, Verdict},
};
use bindings::plimsoll::policy::{
    history, log, registry,
    types::{Failure, Finding, RuleOutcome},
};

/// Everything it does, in the order of the alphabet.
const CALLS: &[&str] = &["ask-denied", "ask-registry", "log-huge-line", "log-without-end", "tour"];

struct Caller;

impl about::Guest for Caller {
    fn describe() -> Description {
        let names: Vec<_> = CALLS.iter().map(|name| format!("{name:?}")).collect();
        Description {
            name: "caller".to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Calls the capabilities that its settings name.".to_owned(),
            settings_schema: format!(r#"{{"properties":{{"do":{{"enum":[{}]}}}}}}"#, names.join(",")),
        }
    }

    fn check_settings(settings: String) -> Result<(), Vec<SettingsProblem>> {
        if settings.contains("call-while-checking") {
            log::write(log::Level::Info, "nobody should hear this");
        }
        Ok(())
    }
}

impl promotion::Guest for Caller {
    fn decide(request: PromotionRequest) -> Result<Verdict, Failure> {
        let repository = &request.image.repository;
        let told = match request.settings.split('"').nth(3).unwrap_or_default() {
            "tour" => tour(&request),
            "ask-denied" => {
                format!("{:?}", history::deployments("nobody-asked-about-this", 1).map(|stays| stays.len()))
            }
            "ask-registry" => format!("{:?}", registry::tags(repository)),
            "log-huge-line" => {
                log::write(log::Level::Warn, &"x".repeat(32 << 20));
                String::new()
            }
            "log-without-end" => loop {
                log::write(log::Level::Debug, "and again");
            },
            _ => return Err(Failure { message: "no such call".to_owned() }),
        };
        let finding = Finding { rule: "told".to_owned(), outcome: RuleOutcome::Passed, message: told };
        Ok(Verdict { decision: Decision::Allow, findings: vec![finding] })
    }
}

/// Calls everything once, in the order of the contract.
fn tour(request: &PromotionRequest) -> String {
    let repository = &request.image.repository;
    log::write(log::Level::Info, "setting out");
    let tags = registry::tags(repository).map(|tags| tags.join(","));
    let digest = registry::digest(repository, "latest");
    let labels = registry::labels(repository, "sha256:1").map(|labels| labels.map(|labels| labels.len()));
    let releases = history::releases(3).map(|releases| releases.len());
    let stays = history::deployments(&request.environment, 2).map(|stays| stays.len());
    format!("{tags:?} {digest:?} {labels:?} {releases:?} {stays:?}")
}

bindings::export!(Caller with_types_in bindings);
