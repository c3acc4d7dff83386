//! What the tests of the sandbox share: one sandbox, its guests, and requests.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use std::sync::{Arc, LazyLock};

use plimsoll_core::{
    contract::{
        Approval, Commit, Environment, Evidence, EvidenceOutcome, GitRef, Image, Intent, Label, Moment,
        Passage, PassageState, PromotionRequest, Repository, Running, Source, TaggingRequest, Trigger,
        Weekday,
    },
    ports::{PromotionPolicy, TaggingPolicy},
};
use plimsoll_policy::{Binding, BoundPolicy, Limits, Policy, Sandbox, SandboxOptions};

/// The sandbox of a test binary.
pub static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    Sandbox::new(SandboxOptions::default()).expect("a sandbox without a cache needs nothing")
});

/// Budgets that end a hostile guest soon, also on a slow machine.
pub const TIGHT: Limits = Limits {
    fuel: 200_000_000,
    time: 60_000,
    memory: 64 << 20,
    table_elements: 10_000,
    instances: 16,
    output: 1 << 20,
    host_calls: 100,
};

/// Loads a guest.
pub fn load(name: &str) -> Policy {
    SANDBOX.load(&format!("guest:{name}"), plimsoll_guests::component(name)).expect("the guest is a policy")
}

/// Loads a guest and binds it without grants.
pub fn bind(name: &str, limits: Limits) -> BoundPolicy {
    let binding = Binding { limits, ..Binding::default() };
    load(name).bind(binding).expect("the guest wants nothing")
}

/// A guest as a promotion policy.
pub fn promotion(name: &str, limits: Limits) -> Arc<dyn PromotionPolicy> {
    bind(name, limits).as_promotion().expect("the guest decides on promotions")
}

/// A guest as a tagging policy.
pub fn tagging(name: &str, limits: Limits) -> Arc<dyn TaggingPolicy> {
    bind(name, limits).as_tagging().expect("the guest derives tags")
}

/// Settings that name something to do.
pub fn doing(what: &str) -> String {
    format!(r#"{{"do":"{what}"}}"#)
}

/// The promotion of an image with some tags into an environment.
pub fn promotion_request(environment: &str, tags: &[&str], settings: &str) -> PromotionRequest {
    let running = Running {
        release: "r-00000000000a".to_owned(),
        digest: format!("sha256:{}", "a".repeat(64)),
        tags: owned(&["latest", "v1.2.2"]),
        version: Some("1.2.2".to_owned()),
        since: 1_790_000_000,
        healthy_since: Some(1_790_000_060),
    };
    let environment_of = |name: &str, after: &[&str]| Environment {
        name: name.to_owned(),
        after: owned(after),
        running: Some(running.clone()),
    };
    PromotionRequest {
        source: source(),
        image: Image {
            repository: "registry.example/contoso/website".to_owned(),
            digest: Some(format!("sha256:{}", "b".repeat(64))),
            tags: owned(tags),
            version: Some("1.2.3".to_owned()),
            labels: vec![Label {
                name: "org.opencontainers.image.version".to_owned(),
                value: "1.2.3".to_owned(),
            }],
        },
        intent: Intent::Promote,
        environment: environment.to_owned(),
        environments: vec![environment_of("staging", &[]), environment_of("production", &["staging"])],
        passages: vec![Passage {
            environment: "staging".to_owned(),
            state: PassageState::Deployed,
            since: 1_790_000_100,
            healthy_since: Some(1_790_000_160),
        }],
        approvals: vec![Approval {
            by: "ops".to_owned(),
            at: 1_790_000_200,
            environment: Some("production".to_owned()),
            rule: None,
            expires: None,
        }],
        evidence: vec![Evidence {
            name: "smoke-test".to_owned(),
            outcome: EvidenceOutcome::Passed,
            value: None,
            at: 1_790_000_150,
        }],
        now: now(),
        settings: settings.to_owned(),
    }
}

/// The tags of a push to the main branch.
pub fn tagging_request(settings: &str) -> TaggingRequest {
    TaggingRequest {
        source: source(),
        repositories: vec!["registry.example/contoso/website".to_owned()],
        now: now(),
        settings: settings.to_owned(),
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn source() -> Source {
    Source {
        repository: Repository {
            name: "contoso/website".to_owned(),
            url: Some("https://git.example/contoso/website".to_owned()),
            default_branch: Some("main".to_owned()),
            description: None,
            license: Some("Apache-2.0".to_owned()),
        },
        trigger: Trigger::Push,
        git_ref: GitRef::Branch("main".to_owned()),
        commit: Commit {
            id: "c".repeat(40),
            time: 1_789_999_000,
            author: Some("Somebody".to_owned()),
            message: Some("Say it better".to_owned()),
        },
        tags: vec!["v1.2.3".to_owned()],
        actor: Some("somebody".to_owned()),
        dirty: false,
        facts: Vec::new(),
    }
}

fn now() -> Moment {
    Moment {
        unix: 1_790_001_000,
        time_zone: "Etc/UTC".to_owned(),
        offset: 0,
        year: 2026,
        month: 9,
        day: 21,
        weekday: Weekday::Monday,
        hour: 13,
        minute: 50,
        second: 0,
    }
}
