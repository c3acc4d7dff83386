//! Civil time in policies against `jiff`, which has the whole database of time zones.

use std::collections::BTreeMap;

use jiff::{Timestamp, Zoned, civil::Weekday as Day, tz::TimeZone};
use plimsoll_policy_calver::Calver;
use plimsoll_policy_freeze::Freeze;
use plimsoll_policy_soak::Soak;
use plimsoll_sdk::{Condition, Decision, Derivation, LookupFailure, Moment, Weekday, testing};
use proptest::prelude::*;

use crate::{generate, peers::assert_same};

/// Zones with summer time, half hours, and far from Greenwich.
const ZONES: &[&str] = &[
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Kiritimati",
];

/// Seconds from 2000 to 2100; a third of them close to one of Berlin's changes of summer time in 2026.
fn second() -> impl Strategy<Value = i64> {
    const CHANGES: [i64; 2] = [1_774_746_000, 1_792_890_000];
    prop_oneof![
        2 => 946_684_800i64..4_102_444_800,
        1 => (prop::sample::select(&CHANGES[..]), -200_000i64..200_000).prop_map(|(change, off)| change + off),
    ]
}

/// A moment as the host tells it.
fn moment(zoned: &Zoned) -> Moment {
    let number = |number: i8| u8::try_from(number).expect("clocks and calendars have no negative numbers");
    Moment {
        unix: zoned.timestamp().as_second(),
        time_zone: zoned.time_zone().iana_name().expect("these zones have names").to_owned(),
        offset: i16::try_from(zoned.offset().seconds() / 60).expect("zones are less than a day apart"),
        year: zoned.year(),
        month: number(zoned.month()),
        day: number(zoned.day()),
        weekday: match zoned.weekday() {
            Day::Monday => Weekday::Monday,
            Day::Tuesday => Weekday::Tuesday,
            Day::Wednesday => Weekday::Wednesday,
            Day::Thursday => Weekday::Thursday,
            Day::Friday => Weekday::Friday,
            Day::Saturday => Weekday::Saturday,
            Day::Sunday => Weekday::Sunday,
        },
        hour: number(zoned.hour()),
        minute: number(zoned.minute()),
        second: number(zoned.second()),
    }
}

fn at(second: i64, zone: &str) -> Zoned {
    let zone = TimeZone::get(zone).expect("the database has the zone");
    Timestamp::from_second(second).expect("it is in this century").to_zoned(zone)
}

fn moments(count: usize) -> Vec<Zoned> {
    let made = (second(), prop::sample::select(ZONES));
    generate::values(made, count).into_iter().map(|(second, zone)| at(second, zone)).collect()
}

/// Freezes of every kind, and the same told in `jiff`'s words.
const FREEZES: &str = r#"{
    "windows": [{"from": "2026-03-28T22:00", "until": "2026-03-29T04:30"}],
    "weekly": [{"from": "friday 14:00", "until": "monday 08:00"}],
    "weekdays": ["wednesday"],
    "open": {"from": "22:00", "until": "18:30"},
    "holidays": "2026-10-26 The day after the clocks went back\n"
}"#;

fn is_frozen(now: &Zoned) -> bool {
    let (date, time) = (now.date().to_string(), now.time().strftime("%H:%M").to_string());
    let minute = format!("{date}T{time}");
    let weekend = match now.weekday() {
        Day::Friday => time.as_str() >= "14:00",
        Day::Saturday | Day::Sunday => true,
        Day::Monday => time.as_str() < "08:00",
        _ => false,
    };
    ("2026-03-28T22:00".."2026-03-29T04:30").contains(&minute.as_str())
        || weekend
        || now.weekday() == Day::Wednesday
        || ("18:30".."22:00").contains(&time.as_str())
        || date == "2026-10-26"
}

fn freeze(now: &Zoned) -> Decision {
    let mut request = testing::promotion(None, "production");
    request.now = moment(now);
    request.settings = FREEZES.to_owned();
    testing::decide::<Freeze>(&request).expect("the settings are good").decision
}

#[test]
fn freezes_are_on_the_clocks_of_the_zone() {
    let mut differences = Vec::new();
    let (mut frozen, mut across) = (0, 0);
    for now in moments(4_000) {
        let decision = freeze(&now);
        if (decision == Decision::Allow) == is_frozen(&now) {
            differences.push(format!("{now}: {decision:?}"));
        }
        let Decision::Hold(until) = decision else { continue };
        frozen += 1;
        let Some(Condition::Time(opens)) = until.first() else {
            differences.push(format!("{now}: it opens, and {until:?} says no time"));
            continue;
        };
        let then = at(*opens, now.time_zone().iana_name().expect("these zones have names"));
        if then.offset() != now.offset() {
            // Told with the offset of now, and asked again then.
            across += 1;
            continue;
        }
        let before = at(*opens - 1, then.time_zone().iana_name().expect("these zones have names"));
        if is_frozen(&then) || before.timestamp() >= now.timestamp() && !is_frozen(&before) {
            differences.push(format!("{now}: it should open at {then} and not before"));
        }
    }
    assert!(frozen > 1_000 && across > 20, "{frozen} frozen, {across} across a change: too few to say much");
    assert_same(&differences);
}

struct Shelf(Vec<String>);

impl testing::Capabilities for Shelf {
    fn tags(&self, _: &str) -> Result<Vec<String>, LookupFailure> {
        Ok(self.0.clone())
    }
}

#[test]
fn calendar_versions_are_of_the_day_in_the_zone() {
    // The words of calver.org and those of `strftime`.
    let schemes = [
        ("YYYY.MM.DD", "%Y.%-m.%-d"),
        ("YY.0M.0D", "%-y.%m.%d"),
        ("0Y.0M", "%y.%m"),
        ("YYYY-WW", "%Y-%-V"),
        ("YYYY.0W.MICRO", "%Y.%V.3"),
    ];
    let mut differences = Vec::new();
    for (place, now) in moments(2_000).iter().enumerate() {
        let (scheme, format) = schemes[place % schemes.len()];
        let expected = now.strftime(format).to_string();
        let mut request = testing::push("main");
        request.now = moment(now);
        request.settings = format!(r#"{{"scheme": "{scheme}"}}"#);
        let known =
            expected.strip_suffix(".3").map(|before| vec![format!("v{before}.2"), format!("v{before}.x")]);
        let answer = testing::with(Shelf(known.unwrap_or_default()), || testing::derive::<Calver>(&request));
        let version = match answer {
            Ok(Derivation::Plan(plan)) => plan.version,
            other => panic!("{other:?}"),
        };
        if version.as_deref() != Some(expected.as_str()) {
            differences.push(format!("{scheme} at {now}: {version:?}, for jiff {expected}"));
        }
    }
    assert_same(&differences);
}

#[test]
fn numbers_of_calendar_versions_count_up_and_begin_anew() {
    let schemes = [
        ("YYYY.MM.MICRO", "%Y.%-m."),
        ("YYYY.0M.0D.MICRO", "%Y.%m.%d."),
        ("YYYY.MICRO", "%Y."),
        ("YY-0M-MICRO", "%-y-%m-"),
    ];
    for (scheme, format) in schemes {
        let (mut counters, mut shelf) = (BTreeMap::new(), vec!["latest".to_owned(), "v2023".to_owned()]);
        // Three releases a day from the last days of 2023 on, past the leap day.
        for release in 0..200 {
            let now = at(1_703_808_000 + release * 28_800, "Europe/Berlin");
            let period = now.strftime(format).to_string();
            let counter = counters.entry(period.clone()).or_insert(0);
            let mut request = testing::push("main");
            request.now = moment(&now);
            request.settings = format!(r#"{{"scheme": "{scheme}"}}"#);
            let answer = testing::with(Shelf(shelf.clone()), || testing::derive::<Calver>(&request));
            let Ok(Derivation::Plan(plan)) = answer else { panic!("{answer:?}") };
            assert_eq!(plan.tags[0].name, format!("v{period}{counter}"), "{scheme} at {now}");
            *counter += 1;
            shelf.push(plan.tags[0].name.clone());
        }
        assert!(counters.len() > 1, "{scheme}: one period says little");
    }
}

#[test]
fn what_soaks_is_ripe_when_the_time_is_over() {
    let made = (second(), prop::sample::select(ZONES), 0..200_000i64, 1..100i64);
    for (since, zone, passed, hours) in generate::values(made, 1_000) {
        let mut request = testing::promotion(None, "production");
        let now = at(since + passed, zone);
        request.now = moment(&now);
        request.environments[0].running.as_mut().expect("staging runs something").healthy_since = Some(since);
        request.settings = format!(r#"{{"for": "{hours}h"}}"#);
        let verdict = testing::decide::<Soak>(&request).expect("the settings are good");
        let ripe =
            at(since, zone).checked_add(jiff::Span::new().hours(hours)).expect("it is in this century");
        if ripe <= now {
            assert_eq!(verdict.decision, Decision::Allow, "{now}, {hours} hours");
        } else {
            let second = ripe.timestamp().as_second();
            assert_eq!(
                verdict.decision,
                Decision::Hold(vec![Condition::Time(second)]),
                "{now}, {hours} hours"
            );
            if ripe.offset() == now.offset() {
                let told = ripe.strftime("ripe at %Y-%m-%d %H:%M").to_string();
                let message = &verdict.findings[0].message;
                assert!(message.contains(&told), "{message}: {told}");
            }
        }
    }
}
