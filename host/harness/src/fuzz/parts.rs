//! Made-up requests, as parts that are merged over the default one: whatever a part leaves out is ordinary.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use super::pools::{Pools, distance, zone};
use crate::question::Question;

/// Two images, so that digests are equal or not.
const DIGESTS: &[&str] = &[
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];
const ENVIRONMENTS: &[&str] = &["staging", "production", "canary"];

/// A part of a request, and the zone that its time is told in.
pub(super) fn part(question: Question, pools: &Pools) -> BoxedStrategy<(Value, String)> {
    let fields = match question {
        Question::Tagging => fields(vec![("source", source(pools)), ("now", now(pools))]),
        Question::Promotion => fields(vec![
            ("source", source(pools)),
            ("now", now(pools)),
            ("image", image(pools)),
            ("intent", intent(pools)),
            ("environment", select(ENVIRONMENTS).prop_map(Value::from).boxed()),
            ("environments", environments(pools)),
            ("passages", passages()),
            ("approvals", vec(approval(pools), 0..4).prop_map(Value::from).boxed()),
            ("evidence", vec(evidence(pools), 0..4).prop_map(Value::from).boxed()),
        ]),
    };
    (fields, zone()).boxed()
}

/// An object with some of these fields.
fn fields(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let each: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| option::weighted(0.6, value).prop_map(move |value| (name, value)))
        .collect();
    each.prop_map(|fields| {
        let there = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(Map::from_iter(there))
    })
    .boxed()
}

fn text(strategy: BoxedStrategy<String>) -> BoxedStrategy<Value> {
    strategy.prop_map(Value::from).boxed()
}

fn source(pools: &Pools) -> BoxedStrategy<Value> {
    let git_tags = vec(pools.git_name(), 0..4).prop_map(|mut tags| {
        tags.sort();
        tags.dedup();
        Value::from(tags)
    });
    let commit = fields(vec![
        ("time", pools.moment().prop_map(Value::from).boxed()),
        ("author", text(pools.name())),
        (
            "message",
            select(vec!["", "Fix it\n", "feat!: ümlauts\n\nBREAKING CHANGE: all\n"])
                .prop_map(Value::from)
                .boxed(),
        ),
    ]);
    let repository = fields(vec![
        ("name", select(vec!["contoso/website", "website"]).prop_map(Value::from).boxed()),
        ("default-branch", option::of(pools.git_name()).prop_map(Value::from).boxed()),
        ("url", Just(Value::Null).boxed()),
    ]);
    fields(vec![
        ("git-ref", git_ref(pools)),
        ("trigger", trigger(pools)),
        ("tags", git_tags.boxed()),
        ("actor", text(pools.name())),
        ("dirty", any::<bool>().prop_map(Value::from).boxed()),
        ("commit", commit),
        ("repository", repository),
    ])
}

fn git_ref(pools: &Pools) -> BoxedStrategy<Value> {
    prop_oneof![
        3 => pools.git_name().prop_map(|name| json!({ "branch": name })),
        3 => pools.git_name().prop_map(|name| json!({ "tag": name })),
        1 => (1u64..500).prop_map(|number| json!({ "pull-request": number })),
        1 => Just(json!("detached")),
    ]
    .boxed()
}

fn trigger(pools: &Pools) -> BoxedStrategy<Value> {
    let pull = (pools.git_name(), pools.git_name(), any::<bool>()).prop_map(|(base, head, from_fork)| {
        json!({ "pull-request": { "number": 7, "base": base, "head": head, "from-fork": from_fork } })
    });
    prop_oneof![
        3 => Just(json!("push")),
        2 => pull,
        1 => select(vec!["schedule", "manual"]).prop_map(Value::from),
        1 => any::<bool>().prop_map(|prerelease| json!({ "published-release": { "prerelease": prerelease } })),
        1 => select(vec!["create", "issues"]).prop_map(|name| json!({ "other": name })),
    ]
    .boxed()
}

fn now(pools: &Pools) -> BoxedStrategy<Value> {
    // Told as a whole moment once the zone is known.
    pools.moment().prop_map(Value::from).boxed()
}

/// A version, often one that a tag is made of.
fn version(pools: &Pools) -> BoxedStrategy<Value> {
    let versions =
        ["0.1.0", "1.2.2", "1.2.3", "1.2.4", "1.3.0", "2.0.0", "1.2.3-rc.1", "2.0.0-rc.1", "10.0.0", "1.2"];
    prop_oneof![
        4 => select(versions.to_vec()).prop_map(Value::from),
        1 => pools.tag().prop_map(|tag| Value::from(tag.strip_prefix('v').unwrap_or(&tag))),
        1 => Just(Value::Null),
    ]
    .boxed()
}

fn tags(pools: &Pools) -> BoxedStrategy<Value> {
    vec(pools.tag(), 0..4)
        .prop_map(|tags| {
            let mut seen = Vec::new();
            for tag in tags {
                if !seen.contains(&tag) {
                    seen.push(tag);
                }
            }
            Value::from(seen)
        })
        .boxed()
}

fn image(pools: &Pools) -> BoxedStrategy<Value> {
    let digest = prop_oneof![
        6 => select(DIGESTS).prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    fields(vec![("tags", tags(pools)), ("version", version(pools)), ("digest", digest.boxed())])
}

fn intent(pools: &Pools) -> BoxedStrategy<Value> {
    let justification = || {
        (pools.name(), option::of(pools.moment()))
            .prop_map(|(by, expires)| json!({ "by": by, "reason": "it burns", "expires": expires }))
    };
    prop_oneof![
        2 => Just(json!("promote")),
        2 => Just(json!("rollback")),
        1 => justification().prop_map(|why| json!({ "hotfix": why })),
        1 => justification().prop_map(|why| json!({ "break-glass": why })),
    ]
    .boxed()
}

/// Seconds before the default request's time, at which something began.
fn began(pools: &Pools) -> BoxedStrategy<i64> {
    prop_oneof![
        3 => distance().prop_map(|distance| super::pools::NOON - distance.abs()),
        1 => pools.moment(),
    ]
    .boxed()
}

fn running(pools: &Pools) -> BoxedStrategy<Value> {
    (select(DIGESTS), tags(pools), version(pools), began(pools), option::of(distance()))
        .prop_map(|(digest, tags, version, since, healthy)| {
            let healthy = healthy.map(|after| since + after.abs());
            json!({
                "release": "r-0123456789ab", "digest": digest, "tags": tags, "version": version, "since": since,
                "healthy-since": healthy,
            })
        })
        .boxed()
}

fn environments(pools: &Pools) -> BoxedStrategy<Value> {
    let running = || option::of(running(pools));
    (running(), running(), running(), any::<bool>())
        .prop_map(|(staging, production, canary, chained)| {
            let after = if chained { json!(["staging"]) } else { json!([]) };
            json!([
                { "name": "staging", "after": [], "running": staging },
                { "name": "canary", "after": after, "running": canary },
                { "name": "production", "after": after, "running": production },
            ])
        })
        .boxed()
}

fn passages() -> BoxedStrategy<Value> {
    let state = select(vec!["held", "denied", "allowed", "deployed", "failed", "superseded"]);
    let passage = (select(ENVIRONMENTS), state, distance(), option::of(distance())).prop_map(
        |(environment, state, ago, healthy)| {
            let since = super::pools::NOON - ago.abs();
            let healthy = healthy.filter(|_| state == "deployed").map(|after| since + after.abs());
            json!({ "environment": environment, "state": state, "since": since, "healthy-since": healthy })
        },
    );
    vec(passage, 0..3)
        .prop_map(|passages| {
            let mut seen: Vec<Value> = Vec::new();
            for passage in passages {
                if !seen.iter().any(|other| other["environment"] == passage["environment"]) {
                    seen.push(passage);
                }
            }
            Value::from(seen)
        })
        .boxed()
}

fn approval(pools: &Pools) -> BoxedStrategy<Value> {
    let environment = option::of(select(ENVIRONMENTS));
    (pools.name(), began(pools), environment, option::of(pools.name()), option::of(pools.moment()))
        .prop_map(|(by, at, environment, rule, expires)| {
            json!({ "by": by, "at": at, "environment": environment, "rule": rule, "expires": expires })
        })
        .boxed()
}

fn evidence(pools: &Pools) -> BoxedStrategy<Value> {
    let value = option::of(select(vec!["0", "1", "7", "100", "-1", "7.5", "high", ""]));
    (pools.name(), select(vec!["passed", "failed", "unknown"]), value, began(pools))
        .prop_map(|(name, outcome, value, at)| json!({ "name": name, "outcome": outcome, "value": value, "at": at }))
        .boxed()
}
