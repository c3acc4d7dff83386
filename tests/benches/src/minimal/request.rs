//! The question, as constants: may an image with the tags `latest` and `v1.2.3` go into production? The benchmarks put
//! the same one to the sandbox as [`REQUEST`](crate::REQUEST).

use super::bindings::{
    exports::plimsoll::policy::promotion as contract,
    plimsoll::policy::types::{self, PassageState},
};

/// Hands over the question.
pub(super) fn with<R>(settings: &str, then: impl FnOnce(contract::PromotionRequest<'_>) -> R) -> R {
    then(contract::PromotionRequest {
        source: source(),
        image: contract::Image {
            repository: "registry.example/contoso/website",
            digest: Some("sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
            tags: &["latest", "v1.2.3"],
            version: Some("1.2.3"),
            labels: &[types::LabelParam { name: "org.opencontainers.image.version", value: "1.2.3" }],
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
        settings,
    })
}

fn environment<'a>(name: &'a str, after: &'a [&'a str]) -> contract::Environment<'a> {
    let running = contract::Running {
        release: "r-00000000000a",
        digest: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        tags: &["latest", "v1.2.2"],
        version: Some("1.2.2"),
        since: 1_790_000_000,
        healthy_since: Some(1_790_000_060),
    };
    contract::Environment { name, after, running: Some(running) }
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
        facts: &[],
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
