//! A fresh decision: what the sandbox's budgets, records and checks add to the least that wasmtime takes, and what the
//! SDK adds to a policy that is written against the bare contract.

use std::{hint::black_box, sync::Arc, time::Duration};

use plimsoll_benches::{
    REQUEST,
    minimal::Minimal,
    report::Report,
    timing::{Pairs, time_each},
};
use plimsoll_core::{contract::PromotionRequest, decision::Outcome, ports::PromotionPolicy};
use plimsoll_policy::{Binding, Sandbox, SandboxOptions};

/// Decisions in a turn.
const DECISIONS: u32 = 2000;
/// Turns of each loop.
const TURNS: usize = 101;
/// Instances that there is room for; the default of the sandbox.
const PLACES: u32 = 16;

fn main() {
    let lean = plimsoll_guests::component("lean");
    let gate = plimsoll_stock::component("version-gate").expect("it is a stock policy");
    let request: PromotionRequest =
        serde_json::from_str(REQUEST).expect("the request has the contract's form");
    let sandbox = Sandbox::new(SandboxOptions::default()).expect("a sandbox without a cache needs nothing");
    let mut report = Report::new("decision");
    for (name, component) in [("lean guest", lean), ("version-gate", gate)] {
        let policy = bind(&sandbox, name, component);
        let minimal = compile(component);
        let pairs = Pairs::measure(TURNS, || ask(policy.as_ref(), &request), || ask_minimal(&minimal));
        report.times(&format!("{name}: sandbox / minimal loop"), &pairs, 1.15);
    }
    let (ours, theirs) = (compile(gate), compile(lean));
    let pairs = Pairs::measure(TURNS, || ask_minimal(&ours), || ask_minimal(&theirs));
    report.times("minimal loop: version-gate (SDK) / lean guest", &pairs, 1.15);
    let (ours, theirs) = (bind(&sandbox, "version-gate", gate), bind(&sandbox, "lean", lean));
    let pairs = Pairs::measure(TURNS, || ask(ours.as_ref(), &request), || ask(theirs.as_ref(), &request));
    report.times("sandbox: version-gate (SDK) / lean guest", &pairs, 1.15);
    report.finish();
}

fn bind(sandbox: &Sandbox, name: &str, component: &[u8]) -> Arc<dyn PromotionPolicy> {
    let policy = sandbox.load(name, component).expect("it is a policy");
    let bound = policy.bind(Binding::default()).expect("it wants nothing");
    bound.as_promotion().expect("it decides on promotions")
}

fn compile(component: &[u8]) -> Minimal {
    Minimal::compile(component, PLACES).expect("it compiles")
}

fn ask(policy: &dyn PromotionPolicy, request: &PromotionRequest) -> Duration {
    assert!(matches!(policy.decide(request).outcome, Outcome::Answered(_)), "the policy answers");
    time_each(DECISIONS, || drop(black_box(policy.decide(black_box(request)))))
}

fn ask_minimal(minimal: &Minimal) -> Duration {
    assert!(minimal.decide("{}").is_ok_and(|verdict| verdict.allowed), "the version may go there");
    time_each(DECISIONS, || {
        let verdict = minimal.decide(black_box("{}"));
        assert!(black_box(verdict).is_ok(), "the policy answers");
    })
}
