//! Every guest is loaded, or refused for its own reason before anything of it runs.

mod common;

use common::{SANDBOX, bind, load, promotion, promotion_request};
use plimsoll_core::{
    contract::Decision,
    decision::Outcome,
    ports::{FailureClass, PortFailure},
};
use plimsoll_policy::{Answers, Binding, Capability, InspectError, Limits, LoadError, SettingsError};

fn refusal(name: &str) -> InspectError {
    match SANDBOX.load(name, plimsoll_guests::component(name)) {
        Err(LoadError::Unfit { source, .. }) => source,
        other => panic!("{name}: {other:?}"),
    }
}

/// A guest that is new and has no line here fails this test.
#[test]
fn every_guest_is_met() {
    const BOTH: Answers = Answers { tagging: true, promotion: true };
    const PROMOTION: Answers = Answers { tagging: false, promotion: true };
    for name in plimsoll_guests::names() {
        match name {
            "hostile" => assert_eq!(load(name).answers(), BOTH),
            "lean" | "table-bomb" | "contract-0.1.9" => {
                assert_eq!(load(name).answers(), PROMOTION);
                assert!(load(name).wants().is_empty());
            }
            "caller" => assert_eq!(load(name).wants(), Capability::ALL),
            "core-module" => assert_eq!(refusal(name), InspectError::CoreModule),
            "truncated" => assert!(matches!(refusal(name), InspectError::Truncated { .. })),
            "stranger" => {
                assert!(
                    matches!(refusal(name), InspectError::OtherWorld { exports, .. } if exports == ["greet"])
                );
            }
            "foreign" => {
                assert_eq!(
                    refusal(name),
                    InspectError::ForeignImports { imports: vec!["wall-clock".to_owned()] }
                );
            }
            "contract-0.9.0" => {
                let message = refusal(name).to_string();
                assert!(message.contains("0.9.0") && message.contains("0.1.0"), "{message}");
            }
            other => panic!("the guest `{other}` is exercised by no test of the sandbox"),
        }
    }
}

#[test]
fn a_policy_says_what_it_is() {
    let policy = load("lean");
    let identity = policy.identity();
    assert_eq!((identity.name.as_str(), identity.version.as_str()), ("lean", "1.0.0"));
    assert_eq!((identity.reference.as_str(), identity.contract.as_str()), ("guest:lean", "0.1.0"));
    assert!(policy.description().settings_schema.starts_with('{'));
}

#[test]
fn a_later_patch_of_the_contract_is_served() {
    assert_eq!(load("contract-0.1.9").identity().contract, "0.1.9");
    let decided =
        promotion("contract-0.1.9", Limits::default()).decide(&promotion_request("staging", &[], "{}"));
    assert!(matches!(decided.outcome, Outcome::Answered(verdict) if verdict.decision == Decision::Allow));
}

#[test]
fn a_damaged_component_is_refused() {
    let mut damaged = plimsoll_guests::component("lean").to_vec();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    let error = SANDBOX.load("damaged", &damaged).unwrap_err();
    assert!(matches!(error, LoadError::Compile { .. } | LoadError::Unfit { .. }), "{error:?}");
}

#[test]
fn refusals_name_the_policy_and_what_to_do() {
    let error = SANDBOX.load("policies/gate.wasm", plimsoll_guests::component("core-module")).unwrap_err();
    let failure = PortFailure::from(error);
    assert_eq!(failure.class, FailureClass::Policy);
    assert!(failure.to_string().contains("policies/gate.wasm"), "{failure}");
    assert!(failure.to_string().contains("plimsoll-componentize"), "{failure}");
    assert!(failure.hint.is_some());
}

#[test]
fn settings_are_checked_by_the_policy() {
    let lean = bind("lean", Limits::default());
    assert_eq!(lean.check_settings("{ }"), Ok(()));
    let error = lean.check_settings(r#"{"pattern":"v*"}"#).unwrap_err();
    assert!(matches!(&error, SettingsError::Refused { problems } if problems.len() == 1), "{error}");
    let hostile = bind("hostile", common::TIGHT);
    let error = hostile.check_settings(r#"{"do":"endless-check"}"#).unwrap_err();
    assert!(matches!(&error, SettingsError::Unchecked { reason } if reason.contains("fuel")), "{error}");
}

#[test]
fn a_limit_that_cannot_be_kept_is_refused() {
    let limits = Limits { memory: u64::MAX, ..Limits::default() };
    let error = load("lean").bind(Binding { limits, ..Binding::default() }).unwrap_err();
    assert_eq!(PortFailure::from(error).class, FailureClass::Configuration);
}
