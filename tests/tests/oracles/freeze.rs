//! `freeze` against calendars of which the days are known: whole, and cut off anywhere.

use std::collections::BTreeSet;

use jiff::civil::Date;
use plimsoll_policy_freeze::Freeze;
use plimsoll_sdk::{Decision, testing};
use proptest::{prelude::*, sample::select};
use serde_json::json;

use crate::generate;

/// An event in iCalendar, and the days that it closes.
fn event() -> impl Strategy<Value = (String, Vec<Date>)> {
    const NAMES: &[&str] = &["", "Fair", "Christ\r\n mas", "Day: the first", "Fête", "END:VEVENT", "BEGIN:"];
    let made = (0i16..700, 1i16..4, 0..4u8, select(NAMES), any::<bool>());
    made.prop_map(|(start, length, form, name, alarm)| {
        let day = |after: i16| {
            let first = Date::constant(2026, 1, 1);
            first.checked_add(jiff::Span::new().days(after)).expect("it is in these years")
        };
        let basic = |after| day(after).strftime("%Y%m%d").to_string();
        let (from, until) = (basic(start), basic(start + length));
        let (times, length) = match form {
            0 => (format!("DTSTART;VALUE=DATE:{from}\r\n"), 1),
            1 => (format!("DTSTART;VALUE=DATE:{from}\r\nSTATUS:CANCELLED\r\n"), 0),
            2 => (format!("dtstart;X-A=\"a:b\":{from}T000000\r\nDTEND:{until}T0000\r\n\t00\r\n"), length),
            _ => (format!("DTEND;VALUE=DATE:{until}\r\nDTSTART;VALUE=DATE:{from}\r\n"), length),
        };
        let alarm = if alarm { "BEGIN:VALARM\r\nDURATION:PT5M\r\nEND:VALARM\r\n" } else { "" };
        let text = format!("BEGIN:VEVENT\r\nSUMMARY:{name}\r\n{times}{alarm}END:VEVENT\r\n");
        (text, (start..start + length).map(day).collect())
    })
}

/// A calendar and the days that it closes, one at least.
fn calendar() -> impl Strategy<Value = (String, BTreeSet<Date>)> {
    let made = (prop::collection::vec(event(), 1..6), any::<bool>(), any::<bool>());
    made.prop_filter_map("it closes no day", |(events, marked, short_ends)| {
        let days: BTreeSet<_> = events.iter().flat_map(|(_, days)| days).copied().collect();
        let events: String = events.into_iter().map(|(text, _)| text).collect();
        let mark = if marked { "\u{feff}" } else { "" };
        let text = format!("{mark}BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n");
        (!days.is_empty()).then(|| (if short_ends { text.replace("\r\n", "\n") } else { text }, days))
    })
}

/// Whether a day is closed; `None`: the settings are refused.
fn closes(holidays: &str, day: Date) -> Option<bool> {
    let mut request = testing::promotion(None, "production");
    let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).expect("every day begins in UTC");
    request.now.unix = midnight.timestamp().as_second();
    request.now.offset = 0;
    request.settings = json!({ "holidays": holidays }).to_string();
    let verdict = testing::decide::<Freeze>(&request).ok()?;
    Some(verdict.decision != Decision::Allow)
}

#[test]
fn a_calendar_closes_its_days_and_no_part_of_it_closes_fewer() {
    let mut whole_parts = 0;
    for (text, days) in generate::values(calendar(), 200) {
        let around = days.iter().flat_map(|day| [day.yesterday(), Ok(*day), day.tomorrow()]);
        for day in around.map(|day| day.expect("it is in these years")) {
            assert_eq!(closes(&text, day), Some(days.contains(&day)), "{day}: {text}");
        }
        for (cut, _) in text.char_indices() {
            let part = &text[..cut];
            if closes(part, days.iter().next().copied().unwrap_or_default()).is_some() {
                whole_parts += 1;
                assert!(days.iter().all(|day| closes(part, *day) == Some(true)), "{part}");
            }
        }
    }
    // Only what ends the last line may be missing.
    assert!((200..=400).contains(&whole_parts), "{whole_parts} parts were taken");
}
