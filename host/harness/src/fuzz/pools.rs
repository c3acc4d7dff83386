//! What values are drawn from: texts at the edges of the rules that policies are made of, and those that the suite itself
//! speaks of.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::select};
use serde_json::Value;

use crate::cases::Suite;

/// 2024-03-05T12:00:00Z, the time of the default request.
pub(super) const NOON: i64 = 1_709_640_000;
const DAY: i64 = 86_400;

/// Tags that a rule on versions may trip over.
const TAGS: &[&str] = &[
    "latest",
    "v1.2.3",
    "1.2.3",
    "v1.2.4",
    "v1.3.0",
    "v2.0.0",
    "v0.1.0",
    "v0.0.0",
    "v01.2.3",
    "v1.02.3",
    "v1.2.3.4",
    "v1.2",
    "v1",
    "V1.2.3",
    "v1.2.3-rc.1",
    "v1.2.3-rc.2",
    "v2.0.0-beta",
    "v1.2.3-0",
    "v1.2.3-",
    "v1.2.3_1",
    "v1.2.x",
    "vv1.2.3",
    "v",
    "version",
    "main",
    "stable",
    "release-1.2.3",
    "website-v1.2.3",
    "v99999999999999999999.0.0",
    "2024.03.05",
    "sha-aaaaaaa",
    "_",
];

/// Texts of git that a container tag cannot be.
const GIT_NAMES: &[&str] = &[
    "main",
    "master",
    "dev",
    "next",
    "feature/new colours",
    "release/1.2",
    "v1.2.3+build.5",
    "website/v1.2.3",
    "website@1.2.3",
    "ümlaut",
    "a",
    "v1.2.3",
    "beta",
    "hotfix/1",
];

/// Zones with and without daylight saving, east and west, off the hour.
const ZONES: &[&str] =
    &["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/St_Johns"];

/// Distances in time at which rules turn, seconds.
const DISTANCES: &[i64] = &[
    0,
    1,
    59,
    60,
    61,
    3_599,
    3_600,
    3_601,
    7_200,
    DAY - 1,
    DAY,
    DAY + 1,
    2 * DAY,
    7 * DAY,
    30 * DAY,
    400 * DAY,
];

/// Moments at which calendars turn: midnight, the weekend, the end of a year, a leap day, both ends of summer time.
const MOMENTS: &[i64] = &[
    NOON,
    1_709_596_800, // 2024-03-05T00:00:00Z
    1_709_596_799,
    1_709_942_400, // Saturday, 2024-03-09T00:00:00Z
    1_709_906_400, // Friday, 2024-03-08T14:00:00Z
    1_710_115_200, // Monday, 2024-03-11T00:00:00Z
    1_735_689_599, // 2024-12-31T23:59:59Z
    1_709_164_800, // 2024-02-29T00:00:00Z
    1_711_846_800, // 2024-03-31T01:00:00Z, Berlin goes ahead
    1_729_990_800, // 2024-10-27T01:00:00Z, Berlin goes back
    0,
];

/// What values are drawn from.
#[derive(Debug, Clone)]
pub(super) struct Pools {
    /// Names of people, environments, rules and evidence.
    pub(super) names: Vec<String>,
    /// Tags that an image can carry.
    pub(super) tags: Vec<String>,
    /// Names of branches and git tags.
    pub(super) git_names: Vec<String>,
    /// Times, Unix seconds.
    pub(super) moments: Vec<i64>,
}

impl Pools {
    /// The general values, and every text and time that the suite speaks of.
    pub(super) fn of(suite: &Suite) -> Self {
        let mut texts = BTreeSet::new();
        let mut numbers = BTreeSet::new();
        collect(&Value::Object(suite.settings.clone()), &mut texts, &mut numbers);
        for settings in suite.fuzz.settings.iter().flatten() {
            collect(&Value::Object(settings.clone()), &mut texts, &mut numbers);
        }
        for case in &suite.cases {
            collect(&case.request, &mut texts, &mut numbers);
            collect(&Value::Object(case.settings.clone()), &mut texts, &mut numbers);
        }
        let is_name = |text: &&String| (1..=64).contains(&text.len());
        let names: Vec<String> = texts.iter().filter(is_name).cloned().collect();
        let with = |general: &[&str], accepted: &dyn Fn(&str) -> bool| {
            let general = general.iter().map(|text| (*text).to_owned());
            let own = names.iter().filter(|text| accepted(text)).cloned();
            general.chain(own).collect::<Vec<_>>()
        };
        let longest = "v".repeat(128);
        let mut tags = with(TAGS, &is_tag);
        tags.push(longest);
        let git_names = with(GIT_NAMES, &is_git_name);
        let mut moments = MOMENTS.to_vec();
        moments.extend(numbers.into_iter().filter(|number| (0..10_000_000_000).contains(number)));
        let names = with(&["staging", "production", "smoke-test", "octocat", "ops"], &|_| true);
        Self { names, tags, git_names, moments }
    }

    /// A tag of an image.
    pub(super) fn tag(&self) -> BoxedStrategy<String> {
        select(self.tags.clone()).boxed()
    }

    /// The name of a person, a rule or a piece of evidence.
    pub(super) fn name(&self) -> BoxedStrategy<String> {
        select(self.names.clone()).boxed()
    }

    /// The name of a branch or git tag.
    pub(super) fn git_name(&self) -> BoxedStrategy<String> {
        prop_oneof![select(self.git_names.clone()), select(self.tags.clone())].boxed()
    }

    /// A time near one at which something turns.
    pub(super) fn moment(&self) -> BoxedStrategy<i64> {
        (select(self.moments.clone()), distance())
            .prop_map(|(moment, distance)| (moment + distance).max(0))
            .boxed()
    }
}

/// A time zone.
pub(super) fn zone() -> BoxedStrategy<String> {
    select(ZONES).prop_map(str::to_owned).boxed()
}

/// A distance in time, either way, seconds.
pub(super) fn distance() -> BoxedStrategy<i64> {
    (select(DISTANCES), any::<bool>())
        .prop_map(|(distance, back)| if back { -distance } else { distance })
        .boxed()
}

/// What a container tag can be (OCI distribution specification 1.1, "Pulling manifests").
fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let rest = |byte: u8| word(byte) || byte == b'.' || byte == b'-';
    text.len() <= 128 && text.bytes().next().is_some_and(word) && text.bytes().all(rest)
}

/// About what git takes as the name of a reference (git-check-ref-format).
fn is_git_name(text: &str) -> bool {
    let refused = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    !text.contains(refused) && !text.contains("..") && !text.starts_with(['/', '-', '.'])
}

/// All texts and whole numbers of a value.
fn collect(value: &Value, texts: &mut BTreeSet<String>, numbers: &mut BTreeSet<i64>) {
    match value {
        Value::String(text) => {
            texts.insert(text.clone());
            if let Ok(time) = text.parse::<jiff::Timestamp>() {
                numbers.insert(time.as_second());
            }
        }
        Value::Number(number) => numbers.extend(number.as_i64()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts, numbers)),
        Value::Object(members) => {
            for (name, member) in members {
                // A table may be keyed by names, such as those of roles.
                texts.insert(name.clone());
                collect(member, texts, numbers);
            }
        }
        _ => {}
    }
}
