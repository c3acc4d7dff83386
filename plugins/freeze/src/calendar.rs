//! When it is frozen, and when it opens again. Times are local minutes, see `plimsoll_sdk::civil`.

use plimsoll_sdk::{
    Failure,
    civil::{DAY, Date},
};

use crate::{
    holidays::{self, Days},
    settings::{Day, Settings},
};

/// Minutes of a week.
const WEEK: i64 = 7 * DAY;
/// How far into the future an opening is looked for.
const FAR: i64 = 4 * 366 * DAY;
/// 1970-01-05 was a Monday.
const FIRST_MONDAY: i64 = 4 * DAY;

/// All freezes of the settings.
pub(crate) struct Calendar<'a> {
    settings: &'a Settings,
    holidays: Days,
}

/// A freeze at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Freeze {
    /// Its rule.
    pub(crate) rule: &'static str,
    /// What it is.
    pub(crate) reason: String,
    /// When this one is over.
    ends: i64,
}

impl<'a> Calendar<'a> {
    pub(crate) fn of(settings: &'a Settings) -> Result<Self, Failure> {
        let holidays = holidays::read(&settings.holidays).map_err(Failure::new)?;
        Ok(Self { settings, holidays })
    }

    /// The rules that are set, in the order of their findings.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &'static str> {
        [
            ("window", !self.settings.windows.is_empty()),
            ("weekly", !self.settings.weekly.is_empty()),
            ("weekday", !self.settings.weekdays.is_empty()),
            ("hours", self.settings.open.is_some()),
            ("holiday", self.holidays.extent().is_some()),
        ]
        .into_iter()
        .filter_map(|(rule, set)| set.then_some(rule))
    }

    /// What a rule keeps out, as a finding that passes says it. Of holidays it says how many are known and until when, so that
    /// a calendar of last year is seen.
    pub(crate) fn extent(&self, rule: &str) -> String {
        match self.holidays.extent() {
            Some((1, only)) if rule == "holiday" => format!("on the 1 holiday that is known, {only}"),
            Some((count, last)) if rule == "holiday" => {
                format!("on one of the {count} holidays that are known, the last of which is {last}")
            }
            _ => "in it".to_owned(),
        }
    }

    /// The freezes at a moment.
    pub(crate) fn frozen_at(&self, at: i64) -> impl Iterator<Item = Freeze> {
        self.windows(at)
            .chain(self.weekly(at))
            .chain(self.weekday(at))
            .chain(self.hours(at))
            .chain(self.holiday(at))
    }

    /// The first moment from `at` on that is in no freeze; `None`: there is none in the next years.
    pub(crate) fn opens_after(&self, at: i64) -> Option<i64> {
        let mut here = at;
        while here < at + FAR {
            match self.frozen_at(here).map(|freeze| freeze.ends).max() {
                None => return Some(here),
                Some(ends) => here = ends,
            }
        }
        None
    }

    fn windows(&self, at: i64) -> impl Iterator<Item = Freeze> {
        let frozen =
            self.settings.windows.iter().filter(move |window| window.from.0 <= at && at < window.until.0);
        frozen.map(|window| Freeze {
            rule: "window",
            reason: told("a freeze", window.reason.as_deref()),
            ends: window.until.0,
        })
    }

    fn weekly(&self, at: i64) -> impl Iterator<Item = Freeze> {
        self.settings.weekly.iter().filter_map(move |window| {
            let into = (at - FIRST_MONDAY - window.from.0).rem_euclid(WEEK);
            let length = (window.until.0 - window.from.0).rem_euclid(WEEK);
            (into < length).then(|| Freeze {
                rule: "weekly",
                reason: told("a freeze of every week", window.reason.as_deref()),
                ends: at - into + length,
            })
        })
    }

    fn weekday(&self, at: i64) -> impl Iterator<Item = Freeze> {
        let today = Date::of(at);
        let frozen = self.settings.weekdays.contains(&Day::of(today.weekday()));
        frozen
            .then(|| Freeze {
                rule: "weekday",
                reason: format!("nothing enters on a {}", today.weekday()),
                ends: today.plus_days(1).begins(),
            })
            .into_iter()
    }

    fn hours(&self, at: i64) -> impl Iterator<Item = Freeze> {
        let today = Date::of(at);
        let minute = at - today.begins();
        self.settings
            .open
            .and_then(|open| {
                let (opens, closes) = (open.from.minutes(), open.until.minutes());
                let over_midnight = closes < opens;
                let ends = match minute {
                    minute if over_midnight && (closes..opens).contains(&minute) => today.begins() + opens,
                    _ if over_midnight => return None,
                    minute if minute < opens => today.begins() + opens,
                    minute if minute >= closes => today.plus_days(1).begins() + opens,
                    _ => return None,
                };
                Some(Freeze {
                    rule: "hours",
                    reason: format!("open from {} until {}", open.from, open.until),
                    ends,
                })
            })
            .into_iter()
    }

    fn holiday(&self, at: i64) -> impl Iterator<Item = Freeze> {
        let today = Date::of(at);
        self.holidays
            .name(today)
            .map(|name| Freeze {
                rule: "holiday",
                reason: told(&format!("{today} is a holiday"), Some(name).filter(|name| !name.is_empty())),
                ends: today.plus_days(1).begins(),
            })
            .into_iter()
    }
}

fn told(what: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| what.to_owned(), |reason| format!("{what}: {reason}"))
}

#[cfg(test)]
mod tests {
    use plimsoll_sdk::serde::Deserialize as _;

    use super::*;

    fn settings(json: &str) -> Settings {
        let mut reader = serde_json::Deserializer::from_str(json);
        Settings::deserialize(&mut reader).unwrap()
    }

    /// Whether a moment is frozen, by reading the settings in the plainest way.
    fn plainly_frozen(at: i64) -> bool {
        let (day, minute) = (at.div_euclid(DAY), at.rem_euclid(DAY));
        let weekday = (day + 3).rem_euclid(7);
        let of_week = weekday * DAY + minute;
        let weekend = !(8 * 60..4 * DAY + 14 * 60).contains(&of_week);
        let lunch = weekday == 2;
        let closed = !(7 * 60..19 * 60).contains(&minute);
        let holiday = [19_783, 19_784].contains(&day);
        let window = (19_790 * DAY + 600..19_793 * DAY).contains(&at);
        weekend || lunch || closed || holiday || window
    }

    #[test]
    fn every_minute_of_two_months_is_as_a_plain_reading_says() {
        // 19783 days after 1970-01-01 is 2024-03-01.
        let settings = settings(
            r#"{"weekly": [{"from": "friday 14:00", "until": "monday 08:00"}], "weekdays": ["wednesday"],
                "open": {"from": "07:00", "until": "19:00"}, "holidays": ["2024-03-01", "2024-03-02"],
                "windows": [{"from": "2024-03-08T10:00", "until": "2024-03-11"}]}"#,
        );
        let calendar = Calendar::of(&settings).unwrap();
        let (first, last) = (19_760 * DAY, 19_820 * DAY);
        let mut opens = calendar.opens_after(last).unwrap();
        for at in (first..last).rev() {
            let frozen = calendar.frozen_at(at).next().is_some();
            assert_eq!(frozen, plainly_frozen(at), "minute {at}");
            if !frozen {
                opens = at;
            }
            if at % 97 == 0 {
                assert_eq!(calendar.opens_after(at), Some(opens), "minute {at}");
            }
        }
    }

    #[test]
    fn open_over_midnight_is_closed_by_day() {
        let settings = settings(r#"{"open": {"from": "22:30", "until": "06:00"}}"#);
        let calendar = Calendar::of(&settings).unwrap();
        for at in -2 * DAY..2 * DAY {
            let closed = (6 * 60..22 * 60 + 30).contains(&at.rem_euclid(DAY));
            assert_eq!(calendar.frozen_at(at).next().is_some(), closed, "minute {at}");
            let opens = if closed { at.div_euclid(DAY) * DAY + 22 * 60 + 30 } else { at };
            assert_eq!(calendar.opens_after(at), Some(opens), "minute {at}");
        }
    }

    #[test]
    fn what_never_opens_is_told() {
        let settings = settings(
            r#"{"weekdays": ["monday"], "weekly": [{"from": "tuesday 00:00", "until": "monday 00:00"}]}"#,
        );
        assert_eq!(Calendar::of(&settings).unwrap().opens_after(0), None);
    }
}
