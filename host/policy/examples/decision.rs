//! Measures a fresh decision of the lean guest: through this crate, and in the smallest loop that wasmtime allows,
//! with the same engine settings as far as they make it fast and no budgets.
//!
//! `cargo run --release -p plimsoll-policy --example decision`
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement prints, and ends at the first surprise"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use plimsoll_core::decision::Outcome;
use plimsoll_policy::Limits;

/// Decisions in a round.
const ROUND: u32 = 2000;
/// Rounds; the two loops take turns, so that both meet the same weather.
const ROUNDS: usize = 41;

fn main() {
    let request = common::promotion_request("production", &["latest", "v1.2.3"], "{}");
    let policy = common::promotion("lean", Limits::default());
    let minimal = minimal::Loop::new(plimsoll_guests::component("lean")).expect("the guest compiles");
    assert!(matches!(policy.decide(&request).outcome, Outcome::Answered(_)));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(time(|| drop(black_box(policy.decide(black_box(&request))))));
        theirs.push(time(|| drop(black_box(minimal.decide().expect("the guest answers")))));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "sandbox {ours:?}, minimal loop {theirs:?}, ratio {:.3}",
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
}

fn time(mut once: impl FnMut()) -> Duration {
    let begun = Instant::now();
    for _ in 0..ROUND {
        once();
    }
    begun.elapsed() / ROUND
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

mod minimal {
    //! The smallest loop: new store, instantiate, typed call, drop.

    use wasmtime::{
        Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result, Store,
        component::{Component, InstancePre, Linker},
    };

    mod bindings {
        wasmtime::component::bindgen!({
            path: "../../wit/v0.1",
            world: "promotion-policy",
            ownership: Borrowing { duplicate_if_necessary: true },
        });
    }

    use bindings::{
        exports::plimsoll::policy::promotion as contract,
        plimsoll::policy::types::{self, PassageState},
    };

    pub(super) struct Loop {
        engine: Engine,
        linked: InstancePre<()>,
        indices: contract::GuestIndices,
    }

    impl Loop {
        pub(super) fn new(component: &[u8]) -> Result<Self> {
            let mut pool = PoolingAllocationConfig::new();
            pool.total_component_instances(16)
                .linear_memory_keep_resident(128 << 10)
                .table_keep_resident(1 << 20)
                .pagemap_scan(Enabled::No);
            let mut config = Config::new();
            config.concurrency_support(false).wasm_backtrace_max_frames(None);
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
            let engine = Engine::new(&config)?;
            let linked = Linker::new(&engine).instantiate_pre(&Component::new(&engine, component)?)?;
            let indices = contract::GuestIndices::new(&linked)?;
            Ok(Self { engine, linked, indices })
        }

        pub(super) fn decide(&self) -> Result<contract::Verdict> {
            let mut store = Store::new(&self.engine, ());
            let instance = self.linked.instantiate(&mut store)?;
            let guest = self.indices.load(&mut store, &instance)?;
            let running = || contract::Running {
                release: "r-00000000000a",
                digest: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                version: Some("1.2.2"),
                since: 1_790_000_000,
                healthy_since: Some(1_790_000_060),
            };
            let environment = |name, after| contract::Environment { name, after, running: Some(running()) };
            let answer = guest.call_decide(
                &mut store,
                contract::PromotionRequest {
                    source: source(),
                    image: contract::Image {
                        repository: "registry.example/contoso/website",
                        digest: Some(
                            "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
                        ),
                        tags: &["latest", "v1.2.3"],
                        version: Some("1.2.3"),
                        labels: &[types::LabelParam {
                            name: "org.opencontainers.image.version",
                            value: "1.2.3",
                        }],
                    },
                    intent: contract::Intent::Promote,
                    environment: "production",
                    environments: &[environment("staging", &[]), environment("production", &["staging"])],
                    passages: &[contract::Passage {
                        environment: "staging",
                        state: PassageState::Deployed,
                        since: 1_790_000_100,
                        healthy_since: Some(1_790_000_160),
                    }],
                    approvals: &[contract::Approval {
                        by: "ops",
                        at: 1_790_000_200,
                        environment: Some("production"),
                        rule: None,
                        expires: None,
                    }],
                    evidence: &[contract::Evidence {
                        name: "smoke-test",
                        outcome: contract::EvidenceOutcome::Passed,
                        value: None,
                        at: 1_790_000_150,
                    }],
                    now: now(),
                    settings: "{}",
                },
            )?;
            answer.map_err(|failure| wasmtime::Error::msg(failure.message))
        }
    }

    fn source() -> types::Source<'static> {
        types::Source {
            repository: types::Repository {
                name: "contoso/website",
                url: Some("https://git.example/contoso/website"),
                default_branch: Some("main"),
                description: None,
                license: Some("Apache-2.0"),
            },
            trigger: types::Trigger::Push,
            git_ref: types::GitRefParam::Branch("main"),
            commit: types::Commit {
                id: "cccccccccccccccccccccccccccccccccccccccc",
                time: 1_789_999_000,
                author: Some("Somebody"),
                message: Some("Say it better"),
            },
            tags: &["v1.2.3"],
            actor: Some("somebody"),
            dirty: false,
        }
    }

    fn now() -> types::Moment<'static> {
        types::Moment {
            unix: 1_790_001_000,
            time_zone: "Etc/UTC",
            offset: 0,
            year: 2026,
            month: 9,
            day: 21,
            weekday: types::Weekday::Monday,
            hour: 13,
            minute: 50,
            second: 0,
        }
    }
}
