//! Capabilities: linked only when granted, recorded whenever called, and within the question's budgets.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use common::{TIGHT, doing, load, promotion_request};
use plimsoll_core::{
    contract::{Label, PassageState, Verdict},
    decision::{
        Budget, CapabilityCall, Decided, LogLevel, LookupFailure, Outcome, PastDeployment, PastRelease,
    },
    ports::{HistoryReader, PortFailure, RegistryReader},
};
use plimsoll_policy::{BindError, Binding, Capability, Grants, Limits, Recalled, Recorded, SettingsError};
use tokio::runtime::Runtime;

/// A registry that takes its time over tags.
struct Shelf {
    slowness: Duration,
}

#[async_trait]
impl RegistryReader for Shelf {
    async fn tags(&self, _repository: &str) -> Result<Vec<String>, LookupFailure> {
        tokio::time::sleep(self.slowness).await;
        Ok(vec!["latest".to_owned(), "v1.2.3".to_owned()])
    }

    async fn digest(&self, _repository: &str, tag: &str) -> Result<Option<String>, LookupFailure> {
        Ok(Some(format!("sha256:of-{tag}")))
    }

    async fn labels(&self, _repository: &str, _digest: &str) -> Result<Option<Vec<Label>>, LookupFailure> {
        Err(LookupFailure::Unavailable("the registry is down".to_owned()))
    }
}

/// A journal of one release.
struct Past;

#[async_trait]
impl HistoryReader for Past {
    async fn releases(&self, _limit: u32) -> Result<Vec<PastRelease>, LookupFailure> {
        Ok(vec![])
    }

    async fn deployments(
        &self,
        environment: &str,
        _limit: u32,
    ) -> Result<Vec<PastDeployment>, LookupFailure> {
        if environment != "staging" {
            return Err(LookupFailure::Denied(format!("there is no environment {environment}")));
        }
        Ok(vec![PastDeployment {
            release: "r-00000000000a".to_owned(),
            state: PassageState::Deployed,
            digest: "sha256:a".to_owned(),
            version: None,
            at: 1_790_000_000,
        }])
    }
}

/// A runtime for look-ups, and a decision of the guest `caller` with everything granted.
fn call(what: &str, limits: Limits, slowness: Duration) -> Decided<Verdict> {
    let runtime = Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    let grants = Grants::none()
        .log()
        .registry(Arc::new(Shelf { slowness }), handle.clone())
        .history(Arc::new(Past), handle);
    let bound = load("caller").bind(Binding { grants, limits }).unwrap();
    bound.as_promotion().unwrap().decide(&promotion_request("staging", &[], &doing(what)))
}

#[test]
fn what_is_not_granted_is_refused_with_the_line_that_grants_it() {
    let error =
        load("caller").bind(Binding { grants: Grants::none().log(), ..Binding::default() }).unwrap_err();
    let BindError::NotGranted { missing, .. } = &error else { panic!("{error}") };
    assert_eq!(missing, &[Capability::Registry, Capability::History]);
    let failure = PortFailure::from(error);
    assert!(failure.to_string().contains("`registry`, `history`"), "{failure}");
    let hint = failure.hint.unwrap();
    assert!(hint.contains(r#"grants = ["log", "registry", "history"]"#), "{hint}");
}

#[test]
fn a_policy_that_wants_nothing_may_be_granted_anything() {
    assert!(load("lean").bind(Binding { grants: Grants::none().log(), ..Binding::default() }).is_ok());
}

#[test]
fn every_call_is_recorded_in_order_with_its_answer() {
    let decided = call("tour", TIGHT, Duration::ZERO);
    assert!(matches!(decided.outcome, Outcome::Answered(_)), "{:?}", decided.outcome);
    let repository = "registry.example/contoso/website".to_owned();
    let expected = vec![
        CapabilityCall::Log { level: LogLevel::Info, message: "setting out".to_owned() },
        CapabilityCall::RegistryTags {
            repository: repository.clone(),
            answer: Ok(vec!["latest".to_owned(), "v1.2.3".to_owned()]),
        },
        CapabilityCall::RegistryDigest {
            repository: repository.clone(),
            tag: "latest".to_owned(),
            answer: Ok(Some("sha256:of-latest".to_owned())),
        },
        CapabilityCall::RegistryLabels {
            repository,
            digest: "sha256:1".to_owned(),
            answer: Err(LookupFailure::Unavailable("the registry is down".to_owned())),
        },
        CapabilityCall::HistoryReleases { limit: 3, answer: Ok(vec![]) },
        CapabilityCall::HistoryDeployments {
            environment: "staging".to_owned(),
            limit: 2,
            answer: Ok(vec![PastDeployment {
                release: "r-00000000000a".to_owned(),
                state: PassageState::Deployed,
                digest: "sha256:a".to_owned(),
                version: None,
                at: 1_790_000_000,
            }]),
        },
    ];
    assert_eq!(decided.transcript, expected);
}

#[test]
fn the_policy_is_told_what_was_recorded() {
    let decided = call("tour", TIGHT, Duration::ZERO);
    let Outcome::Answered(verdict) = decided.outcome else { panic!("{:?}", decided.outcome) };
    let told = &verdict.findings[0].message;
    for part in ["latest,v1.2.3", "sha256:of-latest", "the registry is down", "Ok(0)", "Ok(1)"] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn an_environment_that_nobody_asked_about_is_denied_and_recorded() {
    let decided = call("ask-denied", TIGHT, Duration::ZERO);
    assert!(matches!(decided.outcome, Outcome::Answered(_)), "{:?}", decided.outcome);
    let [CapabilityCall::HistoryDeployments { answer: Err(LookupFailure::Denied(_)), .. }] =
        &decided.transcript[..]
    else {
        panic!("{:?}", decided.transcript)
    };
}

#[test]
fn calls_without_end_are_stopped() {
    let decided = call("log-without-end", TIGHT, Duration::ZERO);
    assert_eq!(decided.outcome, Outcome::OutOfBudget { budget: Budget::HostCalls(100) });
    assert_eq!(decided.transcript.len(), 100);
}

#[test]
fn many_small_lines_are_too_much_together() {
    let limits = Limits { host_calls: u64::MAX, output: 10_000, ..TIGHT };
    let decided = call("log-without-end", limits, Duration::ZERO);
    assert_eq!(decided.outcome, Outcome::OutOfBudget { budget: Budget::Output(10_000) });
    assert!(decided.transcript.len() < 1000);
}

#[test]
fn one_huge_line_is_too_much() {
    let decided = call("log-huge-line", TIGHT, Duration::ZERO);
    assert_eq!(decided.outcome, Outcome::OutOfBudget { budget: Budget::Output(1 << 20) });
    assert_eq!(decided.transcript, []);
}

#[test]
fn a_slow_answer_counts_as_time() {
    let limits = Limits { time: 100, ..TIGHT };
    let begun = Instant::now();
    let decided = call("ask-registry", limits, Duration::from_secs(600));
    assert_eq!(decided.outcome, Outcome::OutOfBudget { budget: Budget::Time(100) });
    assert!((Duration::from_millis(100)..Duration::from_secs(20)).contains(&begun.elapsed()));
}

#[test]
fn nothing_can_be_called_while_settings_are_checked() {
    let runtime = Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    let shelf = Arc::new(Shelf { slowness: Duration::ZERO });
    let grants = Grants::none().log().registry(shelf, handle.clone()).history(Arc::new(Past), handle);
    let bound = load("caller").bind(Binding { grants, limits: TIGHT }).unwrap();
    assert_eq!(bound.check_settings("{}"), Ok(()));
    let error = bound.check_settings("call-while-checking").unwrap_err();
    assert!(
        matches!(&error, SettingsError::Unchecked { reason } if reason.contains("not granted")),
        "{error}"
    );
}

/// A question to the guest `caller` with a record behind its capabilities.
fn recall(what: &str, calls: Vec<CapabilityCall>) -> Recalled<Verdict> {
    let grants = Grants::none().recorded(&Capability::ALL);
    let bound = load("caller").bind(Binding { grants, limits: Limits::default() }).unwrap();
    bound.decide_from(&promotion_request("staging", &[], &doing(what)), Recorded::new(calls)).unwrap()
}

#[test]
fn a_record_answers_as_the_world_did() {
    for what in ["tour", "ask-registry", "ask-denied"] {
        let live = call(what, Limits::default(), Duration::ZERO);
        let again = recall(what, live.transcript.clone());
        assert_eq!(again.decided, Ok(live), "{what}");
        assert_eq!(again.unused, []);
    }
}

#[test]
fn a_look_up_that_is_not_recorded_ends_the_question() {
    let missing = recall("ask-registry", Vec::new()).decided.unwrap_err();
    assert!(missing.to_string().starts_with("registry.tags("), "{missing}");
}

#[test]
fn recorded_capabilities_are_no_way_into_the_world() {
    let grants = Grants::none().recorded(&Capability::ALL);
    let bound = load("caller").bind(Binding { grants, limits: Limits::default() }).unwrap();
    let decided =
        bound.as_promotion().unwrap().decide(&promotion_request("staging", &[], &doing("ask-registry")));
    assert!(matches!(decided.outcome, Outcome::Trapped { .. }), "{decided:?}");
}
