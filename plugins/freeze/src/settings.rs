//! What can be set.

use std::{collections::BTreeSet, fmt, str::FromStr};

use plimsoll_sdk::{
    IntentKind, SettingsProblem, Weekday,
    civil::{Date, TimeOfDay},
    schemars::{JsonSchema, Schema, SchemaGenerator, json_schema},
    serde::Deserialize,
};

use crate::holidays;

/// Settings of `freeze`. All are optional; what is set freezes, all times are told in the binding's time zone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// Times from one moment to another.
    pub windows: Vec<Window>,
    /// Times of every week.
    pub weekly: Vec<WeeklyWindow>,
    /// Whole days of the week.
    pub weekdays: BTreeSet<Day>,
    /// The hours of a day in which it is open; it is frozen outside of them. Absent: all day.
    pub open: Option<Hours>,
    /// Whole days: a list of dates, or a text with one date a line or in iCalendar.
    pub holidays: Holidays,
    /// Intents that freezes do not keep out.
    pub exempt: Vec<IntentKind>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            windows: Vec::new(),
            weekly: Vec::new(),
            weekdays: BTreeSet::new(),
            open: None,
            holidays: Holidays::default(),
            exempt: vec![IntentKind::Hotfix, IntentKind::BreakGlass],
        }
    }
}

/// A time from one moment to another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Window {
    /// Its first moment: a date, or a date and time such as `2026-12-18T17:00`.
    pub from: LocalTime,
    /// The moment at which it is over, in the same form. A date is the beginning of that day.
    pub until: LocalTime,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A time of every week; it may go over the week's end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct WeeklyWindow {
    /// Its first moment, such as `friday 14:00`.
    pub from: TimeOfWeek,
    /// The moment at which it is over.
    pub until: TimeOfWeek,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The hours of a day from one time to another, which may be one of the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Hours {
    /// When it opens.
    pub from: TimeOfDay,
    /// When it closes.
    pub until: TimeOfDay,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Day {
    /// Days since Monday.
    #[must_use]
    pub const fn number(self) -> i64 {
        self as i64
    }

    /// The day of the contract.
    #[must_use]
    pub const fn of(weekday: Weekday) -> Self {
        match weekday {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// Minutes since 1970-01-01T00:00 on local clocks, written as a date or a date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(crate = "plimsoll_sdk::serde", try_from = "String")]
pub struct LocalTime(pub i64);

/// Minutes since Monday, 00:00, written as a day and a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(crate = "plimsoll_sdk::serde", try_from = "String")]
pub struct TimeOfWeek(pub i64);

/// A text in another form than it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherForm(String);

impl fmt::Display for OtherForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for LocalTime {
    type Error = OtherForm;

    fn try_from(text: String) -> Result<Self, OtherForm> {
        let (date, time) =
            text.split_once(['T', ' ']).map_or((text.as_str(), None), |(date, time)| (date, Some(time)));
        let date: Date = date.parse().map_err(|error| OtherForm(format!("{error}")))?;
        let minutes = match time {
            None => 0,
            Some(time) => TimeOfDay::from_str(time).map_err(|error| OtherForm(format!("{error}")))?.minutes(),
        };
        Ok(Self(date.begins() + minutes))
    }
}

impl TryFrom<String> for TimeOfWeek {
    type Error = OtherForm;

    fn try_from(text: String) -> Result<Self, OtherForm> {
        let other = || OtherForm(format!("`{text}` is no time of the week; write such as `friday 14:00`"));
        let (day, time) = text.split_once(' ').ok_or_else(other)?;
        let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let day = names.iter().position(|name| *name == day).ok_or_else(other)?;
        let day = i64::try_from(day).map_err(|_| other())?;
        let time = TimeOfDay::from_str(time).map_err(|_| other())?;
        Ok(Self(day * plimsoll_sdk::civil::DAY + time.minutes()))
    }
}

macro_rules! text_schema {
    ($type:ty, $name:literal, $pattern:literal) => {
        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

text_schema!(LocalTime, "LocalTime", "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2})?$");
text_schema!(
    TimeOfWeek,
    "TimeOfWeek",
    "^(monday|tuesday|wednesday|thursday|friday|saturday|sunday) [0-9]{2}:[0-9]{2}$"
);

/// Holidays: a list of dates, or a text that holds them.
// The text is tried first: the complaint that it is no list would quote all of it, which costs more than to read it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", untagged)]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub enum Holidays {
    /// A text: one date a line, with comments after `#`, or an iCalendar file with events that take whole days. It names one
    /// day at least.
    Text(String),
    /// Dates, such as `2026-12-24`.
    List(Vec<String>),
}

impl Default for Holidays {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Settings {
    /// What the types cannot say.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        for (index, window) in self.windows.iter().enumerate() {
            if window.until <= window.from {
                problems.push(SettingsProblem::new(format!("/windows/{index}"), "it ends before it begins"));
            }
        }
        for (index, window) in self.weekly.iter().enumerate() {
            if window.until == window.from {
                problems.push(SettingsProblem::new(format!("/weekly/{index}"), "it ends as it begins"));
            }
        }
        if self.open.is_some_and(|hours| hours.until == hours.from) {
            problems.push(SettingsProblem::new("/open", "it closes as it opens"));
        }
        if self.weekdays.len() == 7 {
            problems.push(SettingsProblem::new("/weekdays", "no day is left on which anything may enter"));
        }
        if let Err(problem) = holidays::read(&self.holidays) {
            problems.push(SettingsProblem::new("/holidays", problem));
        }
        problems
    }
}
