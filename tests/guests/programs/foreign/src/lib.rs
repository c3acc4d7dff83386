//! A promotion policy that imports a clock of its own, which no host of the contract offers. The host must refuse it
//! before it runs, and name the import.

#![cfg(target_arch = "wasm32")]

mod bindings;

use bindings::exports::plimsoll::policy::{
    about::{self, Description, SettingsProblem},
    promotion::{self, Decision, PromotionRequest, Verdict},
};
use bindings::plimsoll::policy::types::Failure;

struct Foreign;

impl about::Guest for Foreign {
    fn describe() -> Description {
        Description {
            name: "foreign".to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Looks at a clock of its own.".to_owned(),
            settings_schema: "{}".to_owned(),
        }
    }

    fn check_settings(_settings: String) -> Result<(), Vec<SettingsProblem>> {
        Ok(())
    }
}

impl promotion::Guest for Foreign {
    fn decide(_request: PromotionRequest) -> Result<Verdict, Failure> {
        let decision = if bindings::wall_clock::now() % 2 == 0 { Decision::Allow } else { Decision::Deny };
        Ok(Verdict { decision, findings: vec![] })
    }
}

bindings::export!(Foreign with_types_in bindings);
