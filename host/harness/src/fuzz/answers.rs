//! Made-up answers to look-ups: the same question about the same example always gets the same answer.

use plimsoll_core::{
    contract::{GitRef, Label, PassageState},
    decision::{CapabilityCall, Inquiry, LookupFailure, PastDeployment, PastRelease},
};
use proptest::{
    collection::vec, prelude::*, sample::select, strategy::ValueTree as _, test_runner::TestRunner,
};

use super::pools::{NOON, Pools, distance};

/// An answer to a look-up.
pub(super) fn answer(inquiry: &Inquiry, pools: &Pools, runner: &mut TestRunner) -> Option<CapabilityCall> {
    Some(match inquiry.clone() {
        Inquiry::RegistryTags { repository } => CapabilityCall::RegistryTags {
            repository,
            answer: draw(looked_up(vec(pools.tag(), 0..12)), runner)?,
        },
        Inquiry::RegistryDigest { repository, tag } => {
            let digest = proptest::option::of(digest());
            CapabilityCall::RegistryDigest { repository, tag, answer: draw(looked_up(digest), runner)? }
        }
        Inquiry::RegistryLabels { repository, digest } => {
            let label = pools
                .name()
                .prop_map(|value| Label { name: "org.opencontainers.image.version".to_owned(), value });
            let labels = proptest::option::of(vec(label, 0..2));
            CapabilityCall::RegistryLabels { repository, digest, answer: draw(looked_up(labels), runner)? }
        }
        Inquiry::HistoryReleases { limit } => {
            let most = limit.min(6) as usize;
            let releases = vec(release(pools), 0..=most);
            CapabilityCall::HistoryReleases { limit, answer: draw(looked_up(releases), runner)? }
        }
        Inquiry::HistoryDeployments { environment, limit } => {
            let most = limit.min(6) as usize;
            let stays = vec(deployment(pools), 0..=most);
            CapabilityCall::HistoryDeployments { environment, limit, answer: draw(looked_up(stays), runner)? }
        }
    })
}

fn draw<T>(strategy: impl Strategy<Value = T>, runner: &mut TestRunner) -> Option<T> {
    strategy.new_tree(runner).ok().map(|tree| tree.current())
}

/// Mostly an answer, sometimes a failure.
fn looked_up<T: std::fmt::Debug + Clone + 'static>(
    answer: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Result<T, LookupFailure>> {
    let failures = vec![
        LookupFailure::Unavailable("it is down".to_owned()),
        LookupFailure::Denied("not this one".to_owned()),
    ];
    prop_oneof![9 => answer.prop_map(Ok), 1 => select(failures).prop_map(Err)].boxed()
}

fn digest() -> BoxedStrategy<String> {
    select(vec!["0123456789abcdef", "ffffffffffffffff"])
        .prop_map(|part| format!("sha256:{}", part.repeat(4)))
        .boxed()
}

fn version(pools: &Pools) -> BoxedStrategy<Option<String>> {
    proptest::option::of(pools.tag().prop_map(|tag| tag.strip_prefix('v').unwrap_or(&tag).to_owned())).boxed()
}

fn release(pools: &Pools) -> BoxedStrategy<PastRelease> {
    (version(pools), proptest::option::of(digest()), distance())
        .prop_map(|(version, digest, ago)| PastRelease {
            release: "r-00000000000a".to_owned(),
            opened: NOON - ago.abs(),
            git_ref: GitRef::Branch("main".to_owned()),
            commit: "b".repeat(40),
            version,
            digest,
        })
        .boxed()
}

fn deployment(pools: &Pools) -> BoxedStrategy<PastDeployment> {
    let state = select(vec![PassageState::Deployed, PassageState::Failed, PassageState::Superseded]);
    (version(pools), digest(), state, distance())
        .prop_map(|(version, digest, state, ago)| PastDeployment {
            release: "r-00000000000a".to_owned(),
            state,
            digest,
            version,
            at: NOON - ago.abs(),
        })
        .boxed()
}
