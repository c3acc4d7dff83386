//! Every guest is loaded, or refused for its own reason before anything of it runs.

mod common;

use common::{SANDBOX, bind, load, promotion, promotion_request};
use plimsoll_core::{
    contract::Decision,
    decision::Outcome,
    ports::{FailureClass, PortFailure},
};
use plimsoll_policy::{
    Answers, Binding, Capability, DESCRIPTION_SECTION, DescriptionError, InspectError, Limits, LoadError,
    Reading, SettingsError,
};
use wasm_encoder::{ComponentSection as _, CustomSection};

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

/// A component with one more custom section.
fn with_section(component: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    let mut component = component.to_vec();
    CustomSection { name: name.into(), data: content.into() }.append_to_component(&mut component);
    component
}

#[test]
fn what_a_policy_says_of_itself_can_be_read_from_it() {
    for name in ["lean", "caller", "contract-0.1.9"] {
        let bare = plimsoll_guests::component(name);
        assert_eq!(Reading::of(bare).description, None);
        assert!(!load(name).carries_description());
        let described = SANDBOX.with_description(name, bare.to_vec()).expect("it is a policy");
        let reading = Reading::of(&described);
        assert_eq!(reading.problem, None);
        assert_eq!(reading.description.as_ref(), Some(load(name).description()));
        let policy = SANDBOX.load(name, &described).expect("it is the same policy");
        assert!(policy.carries_description());
        assert_eq!((reading.answers, &reading.wants[..]), (policy.answers(), policy.wants()));
        assert_eq!(
            (reading.contract.as_deref(), reading.digest),
            (Some(policy.identity().contract.as_str()), policy.identity().digest)
        );
        // Once is enough.
        assert_eq!(SANDBOX.with_description(name, described.clone()).expect("it is a policy"), described);
    }
}

/// The texts of a component's own custom sections of a name.
fn sections(component: &[u8], wanted: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let mut found = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(component) {
        match payload.expect("it can be read") {
            wasmparser::Payload::ModuleSection { .. } | wasmparser::Payload::ComponentSection { .. } => {
                depth += 1;
            }
            wasmparser::Payload::End(_) => depth = depth.saturating_sub(1),
            wasmparser::Payload::CustomSection(section) if depth == 0 && section.name() == wanted => {
                found.push(String::from_utf8_lossy(section.data()).into_owned());
            }
            _ => {}
        }
    }
    found
}

#[test]
fn other_tools_find_version_and_purpose_where_they_look() {
    let described = SANDBOX.with_description("lean", plimsoll_guests::component("lean").to_vec());
    let described = described.expect("it is a policy");
    let description = load("lean").description().clone();
    assert_eq!(sections(&described, "version"), [description.version]);
    assert_eq!(sections(&described, "description"), [description.summary]);
    // What is there already stays.
    let own = with_section(plimsoll_guests::component("lean"), "version", b"2.0.0");
    let described = SANDBOX.with_description("lean", own).expect("it is a policy");
    assert_eq!(sections(&described, "version"), ["2.0.0"]);
}

#[test]
fn a_component_that_carries_another_description_than_it_gives_is_refused() {
    let lean = plimsoll_guests::component("lean");
    let mut claim = load("lean").description().clone();
    claim.version = "9.9.9".to_owned();
    let claim = serde_json::to_vec(&claim).expect("it is plain data");
    let lying = with_section(lean, DESCRIPTION_SECTION, &claim);
    let error = SANDBOX.load("lean", &lying).unwrap_err();
    assert!(
        matches!(&error, LoadError::Misdescribed { difference, .. } if difference.contains("9.9.9")),
        "{error}"
    );
    assert!(SANDBOX.with_description("lean", lying.clone()).is_err());
    // Reading alone cannot know that.
    assert_eq!(Reading::of(&lying).problem, None);

    for (section, expected) in [
        (&b"\xff"[..], "JSON form"),
        (b"{}", "JSON form"),
        (br#"{"name":"L","version":"1","summary":"","settings-schema":"{}"}"#, "its name"),
        (br#"{"name":"l","version":"1","summary":"","settings-schema":"{"}"#, "schema is not JSON"),
    ] {
        let damaged = with_section(lean, DESCRIPTION_SECTION, section);
        let problem = Reading::of(&damaged).problem.expect("it cannot be used").to_string();
        assert!(problem.contains(expected), "{problem}");
        assert!(matches!(SANDBOX.load("lean", &damaged), Err(LoadError::Unfit { .. })));
    }
    let twice = with_section(&lying, DESCRIPTION_SECTION, &claim);
    let problem = Reading::of(&twice).problem;
    assert_eq!(problem, Some(InspectError::Description(DescriptionError::Repeated)));
    let huge = with_section(lean, DESCRIPTION_SECTION, &vec![b' '; 9 << 20]);
    assert!(matches!(
        Reading::of(&huge).problem,
        Some(InspectError::Description(DescriptionError::TooLong { .. }))
    ));
    // Others' notes do not matter, whatever their size.
    assert_eq!(Reading::of(&with_section(lean, "notes", &vec![0; 9 << 20])).problem, None);
}

#[test]
fn what_can_be_read_of_an_unfit_file_is_shown() {
    let reading = |name: &str| Reading::of(plimsoll_guests::component(name));
    assert_eq!(reading("stranger").exports, ["greet"]);
    let foreign = reading("foreign");
    assert!(foreign.imports.contains(&"wall-clock".to_owned()) && foreign.answers.promotion);
    assert!(matches!(foreign.problem, Some(InspectError::ForeignImports { .. })));
    let newer = reading("contract-0.9.0");
    assert_eq!(newer.contract.as_deref(), Some("0.9.0"));
    assert!(matches!(newer.problem, Some(InspectError::UnknownContract { .. })));
    assert_eq!(reading("core-module").problem, Some(InspectError::CoreModule));
    assert!(matches!(reading("truncated").problem, Some(InspectError::Truncated { .. })));
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
