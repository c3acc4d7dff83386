//! `image-policy` against what Flux is made of.

use std::collections::BTreeSet;

use plimsoll_policy_image_policy::{
    Constraint, FilterTags, ImagePolicy, Order, Ordering, PolicyChoice, Selection, SemverChoice, Settings,
    select,
};
use plimsoll_sdk::{Decision, LookupFailure, go, testing};
use plimsoll_support::{Requirement, require};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    generate::{self, expression, pieces, tag, template},
    peers::{ask, assert_same},
};

/// What ranges are made of.
const PIECES: &[&str] = &[
    "1",
    "1.2",
    "1.2.3",
    "2",
    "0",
    "x",
    "*",
    "1.x",
    "2.0.0-rc.1",
    "1.2.3-01",
    "-0",
    "-",
    " - ",
    " ",
    ",",
    ", ",
    "||",
    " || ",
    ">",
    "<",
    ">=",
    "=<",
    "!=",
    "^",
    "~",
    "~>",
    "=",
    "v",
    ".",
    "+b",
    "|",
];

/// All versions with small numbers, and pre-releases around them.
fn versions() -> Vec<String> {
    let mut versions = Vec::new();
    for number in 0..48 {
        let (major, minor, patch) = (number / 16, number / 4 % 4, number % 4);
        versions.push(format!("{major}.{minor}.{patch}"));
        if patch % 2 == 0 {
            versions.push(format!("{major}.{minor}.{patch}-rc.1"));
            versions.push(format!("v{major}.{minor}.{patch}-alpha"));
        }
    }
    versions.extend(
        [
            "1.2",
            "1",
            "v1.2.3+build",
            "01.2.3",
            "latest",
            "1.2.3-",
            "10.20.30",
            "1.2-rc.1",
            "1.2.3.4",
            "1.2.3-01",
        ]
        .map(str::to_owned),
    );
    versions.extend(
        ["1.2.3-2", "1.2.3-20000000000000000000", "1.2.3-a.b.c", "v2025.02.03-rc.1"].map(str::to_owned),
    );
    versions
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn ranges() -> Vec<String> {
    let signs = ["", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^", "= ", ">= "];
    let numbers = [
        "*",
        "x",
        "0",
        "1",
        "1.x",
        "1.X.x",
        "1.2",
        "1.2.*",
        "1.2.3",
        "v1.2.3",
        "0.0",
        "0.0.0",
        "0.0.3",
        "0.2",
        "0.2.3",
        "2.0.0-rc.1",
        "1.2.2-alpha",
        "1.2.3+build",
        "1.2-rc.1",
        "*-0",
    ];
    let single: Vec<String> =
        signs.iter().flat_map(|sign| numbers.iter().map(move |number| format!("{sign}{number}"))).collect();
    let mut ranges = single.clone();
    for (index, first) in single.iter().enumerate() {
        let second = &single[(index * 37 + 11) % single.len()];
        for between in [" ", ", ", " || ", ",", "||"] {
            ranges.push(format!("{first}{between}{second}"));
        }
    }
    for (first, last) in [("1.0.0", "1.2.3"), ("1", "2"), ("1.2", "1.3.x"), ("1.0.0-rc.1", "2.0.0")] {
        ranges.push(format!("{first} - {last}"));
        ranges.push(format!("{first} - {last} || ^2"));
    }
    ranges.extend([
        "1 ||".repeat(31) + "1",
        "1 ||".repeat(32) + "1",
        format!("1{}", " ".repeat(511)),
        format!("1{}", " ".repeat(512)),
    ]);
    ranges.extend(generate::values(pieces(PIECES, 7), 4_000));
    ranges.extend(
        [
            "",
            " ",
            ">1.2.3.4",
            "one",
            ">>1",
            "1.2.3 -",
            "^",
            ">= 1 <",
            "1..2",
            "1.2.3-",
            "1.x ||",
            "|| 2",
            "1.x |||| 2",
            "1.x,,2",
            "1.x , 2",
            "1,2",
            "1 2",
            "<2>1",
            ">=1.0.0-0<2",
            "0 1 - 2",
            "0, 1 - 2",
            "1 - 2 3",
            "1 - 2<3",
            "1 - 2 - 3",
            "1 -2",
            ">1 - 2",
            "1 - >2",
            "=1 - 2",
            "1 - 2 || 1 - 3",
            "x.1x.2",
            "1.x.|",
            "1|2",
            "1||1 - 2",
            "1 ||1 - 2",
            "1 || 1 - 2",
            "1||v1 - 2",
            "1||>0,1 - 2",
            "\u{a0}1",
            "1\u{b}2",
            "\t1\n2",
            "1.2.3-01",
        ]
        .map(str::to_owned),
    );
    ranges
}

/// Which texts a range admits, as the policy reads both.
fn admitted(constraint: &Constraint, text: &str) -> bool {
    plimsoll_policy_image_policy::version(text).is_some_and(|version| constraint.admits(&version))
}

#[test]
fn ranges_are_read_as_flux_reads_them() {
    require!(Requirement::Go);
    let (ranges, versions) = (ranges(), versions());
    let questions: Vec<Value> =
        ranges.iter().map(|range| json!({ "ask": "range", "range": range, "versions": versions })).collect();
    let mut differences = Vec::new();
    let (mut valid, mut admitted_by_all) = (0, 0);
    for (range, answer) in ranges.iter().zip(ask(&questions)) {
        let constraint = range.parse::<Constraint>();
        if answer["valid"] != constraint.is_ok() {
            let ours = constraint.is_ok();
            differences.push(format!("{range:?}: valid for Go is {}, for us {ours}", answer["valid"]));
            continue;
        }
        let Ok(constraint) = constraint else { continue };
        valid += 1;
        for (version, expected) in
            versions.iter().zip(answer["admits"].as_array().expect("a valid range has answers"))
        {
            let ours = admitted(&constraint, version);
            admitted_by_all += usize::from(ours);
            if expected.as_bool() != Some(ours) {
                differences.push(format!("{range:?} admits {version}: for Go {expected}, for us {ours}"));
            }
        }
    }
    assert!(
        valid > 1_500 && admitted_by_all > 15_000,
        "{valid} ranges, {admitted_by_all} admitted: too few to say much"
    );
    assert_same(&differences);
}

#[test]
fn regular_expressions_match_and_fill_templates_as_in_go() {
    require!(Requirement::Go);
    let texts = generate::values(tag(), 60);
    let cases = generate::values((expression(), template()), 6_000);
    let questions: Vec<Value> = cases
        .iter()
        .map(|(pattern, template)| json!({ "ask": "regexp", "pattern": pattern, "template": template, "texts": texts }))
        .collect();
    let mut differences = Vec::new();
    let (mut valid, mut matched) = (0, 0);
    for ((pattern, template), answer) in cases.iter().zip(ask(&questions)) {
        let ours = pattern.parse::<go::Regexp>();
        if answer["valid"] != ours.is_ok() {
            differences.push(format!("{pattern:?}: valid for Go is {}, for us {ours:?}", answer["valid"]));
            continue;
        }
        let Ok(ours) = ours else { continue };
        valid += 1;
        for (text, expected) in
            texts.iter().zip(answer["expanded"].as_array().expect("a valid one has answers"))
        {
            let filled = ours.expand(text, template);
            matched += usize::from(filled.is_some());
            if filled.is_some() != ours.is_match(text) || filled.as_deref() != expected.as_str() {
                differences.push(format!(
                    "{pattern:?} {template:?} on {text}: for Go {expected}, for us {filled:?}"
                ));
            }
        }
    }
    assert!(valid > 1_500 && matched > 20_000, "{valid} expressions, {matched} matches: too few to say much");
    assert_same(&differences);
}

fn order() -> impl Strategy<Value = Ordering> {
    prop_oneof![Just(Order::Asc), Just(Order::Desc)].prop_map(|order| Ordering { order })
}

fn policy() -> impl Strategy<Value = PolicyChoice> {
    let ranges = [
        "*",
        ">=0",
        ">=0.0.0-0",
        "^1",
        "~1.2",
        "1.x",
        ">=1 <3",
        "^1.x-0",
        ">=2.0.0-rc.1",
        "1 - 2 || >20240000",
    ];
    prop_oneof![
        3 => prop::sample::select(ranges.to_vec()).prop_map(|range| PolicyChoice {
            semver: Some(SemverChoice { range: range.to_owned() }),
            ..PolicyChoice::default()
        }),
        1 => order().prop_map(|order| PolicyChoice { numerical: Some(order), ..PolicyChoice::default() }),
        1 => order().prop_map(|order| PolicyChoice { alphabetical: Some(order), ..PolicyChoice::default() }),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    let patterns = [
        "^(?P<branch>main|dev)-(?P<sha>[a-f0-9]+)-(?P<ts>[0-9]+)$",
        "^v?(?P<ts>[0-9]+(\\.[0-9]+)*)(-.*)?$",
        "^(?P<ts>[0-9.]+)$",
        ".*-rc.*",
        "",
    ];
    let extracts = ["", "$ts", "$ts", "${ts}.0", "$1", "0.0.$ts", "x"];
    let filter = (prop::sample::select(patterns.to_vec()), prop::sample::select(extracts.to_vec())).prop_map(
        |(pattern, extract)| FilterTags { pattern: pattern.to_owned(), extract: extract.to_owned() },
    );
    let exclusion = prop::sample::select(vec![vec![], vec!["^v"], vec!["rc", "sig$"]]);
    (policy(), prop::option::of(filter), exclusion).prop_map(|(policy, filter_tags, exclusion)| Settings {
        policy,
        filter_tags,
        exclusion_list: exclusion.into_iter().map(str::to_owned).collect(),
    })
}

fn question(settings: &Settings, tags: &[String]) -> Value {
    let PolicyChoice { semver, numerical, alphabetical } = &settings.policy;
    let (policy, order) = match (semver, numerical, alphabetical) {
        (Some(_), _, _) => ("semver", None),
        (_, Some(ordering), _) => ("numerical", Some(ordering.order)),
        (_, _, ordering) => ("alphabetical", ordering.map(|ordering| ordering.order)),
    };
    json!({
        "ask": "select",
        "policy": policy,
        "order": if order == Some(Order::Desc) { "desc" } else { "asc" },
        "range": semver.as_ref().map_or("", |semver| semver.range.as_str()),
        "filter": settings.filter_tags.is_some(),
        "pattern": settings.filter_tags.as_ref().map_or("", |filter| filter.pattern.as_str()),
        "template": settings.filter_tags.as_ref().map_or("", |filter| filter.extract.as_str()),
        "exclusion": settings.exclusion_list,
        "tags": tags,
    })
}

struct Shelf(Vec<String>);

impl testing::Capabilities for Shelf {
    fn tags(&self, _: &str) -> Result<Vec<String>, LookupFailure> {
        Ok(self.0.clone())
    }
}

/// Whether an image with this tag alone may enter, by the whole policy.
fn enters(settings: &Value, tags: &[String], tag: &str) -> bool {
    let mut request = testing::promotion(Some(tag), "production");
    request.image.tags = vec![tag.to_owned()];
    request.settings = settings.to_string();
    let verdict = testing::with(Shelf(tags.to_vec()), || testing::decide::<ImagePolicy>(&request));
    verdict.expect("the settings are good").decision == Decision::Allow
}

fn as_json(settings: &Settings) -> Value {
    let ordering =
        |ordering: &Ordering| json!({ "order": if ordering.order == Order::Desc { "desc" } else { "asc" } });
    let PolicyChoice { semver, numerical, alphabetical } = &settings.policy;
    let policy = match (semver, numerical, alphabetical) {
        (Some(semver), _, _) => json!({ "semver": { "range": semver.range } }),
        (_, Some(order), _) => json!({ "numerical": ordering(order) }),
        (_, _, order) => json!({ "alphabetical": ordering(&order.unwrap_or_default()) }),
    };
    let mut written = json!({ "policy": policy, "exclusionList": settings.exclusion_list });
    if let Some(filter) = &settings.filter_tags {
        written["filterTags"] = json!({ "pattern": filter.pattern, "extract": filter.extract });
    }
    written
}

#[test]
fn the_tag_that_flux_would_select_enters_and_no_other() {
    require!(Requirement::Go);
    let shelves = prop_oneof![
        prop::collection::vec(tag(), 1..12),
        prop::collection::vec("[0-9]{1,2}(\\.[0-9])?", 1..8)
    ];
    let cases = generate::values((settings(), shelves), 8_000);
    let questions: Vec<Value> = cases.iter().map(|(settings, tags)| question(settings, tags)).collect();
    let mut differences = Vec::new();
    let mut selected = 0;
    for (place, ((settings, tags), answer)) in cases.iter().zip(ask(&questions)).enumerate() {
        let may: BTreeSet<&str> =
            answer["selected"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let ours = match select(settings, tags).expect("the settings are good") {
            Selection::Tag(tag) => Some(tag),
            Selection::Nothing(_) => None,
        };
        selected += may.len();
        if ours.is_none() != may.is_empty() || ours.as_deref().is_some_and(|ours| !may.contains(ours)) {
            differences.push(format!("{}: for Flux {may:?}, for us {ours:?}", question(settings, tags)));
        }
        // Whole decisions take longer: some of them.
        if place % 10 == 0 {
            let settings = as_json(settings);
            for tag in tags.iter().collect::<BTreeSet<_>>() {
                let enters = enters(&settings, tags, tag);
                if enters != (ours.as_ref() == Some(tag)) {
                    differences.push(format!(
                        "{settings} over {tags:?}: {tag} enters: {enters}, selected is {ours:?}"
                    ));
                }
            }
        }
    }
    assert!(selected > 1_800, "{selected} selected: too few to say much");
    assert_same(&differences);
}
