//! Dates of the Gregorian calendar.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{DAY, rfc3339::date};
use crate::types::Weekday;

/// A date, such as `2026-12-24`. Use it in settings as it is. Later dates are greater.
///
/// ```
/// use plimsoll_sdk::{Weekday, civil::Date};
/// let date: Date = "2026-12-24".parse()?;
/// assert_eq!(date.weekday(), Weekday::Thursday);
/// assert!("2026-02-30".parse::<Date>().is_err());
/// # Ok::<(), plimsoll_sdk::civil::NotADate>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Date {
    /// Days since 1970-01-01.
    days: i64,
}

/// A text that is no date. Its message says what to write instead.
///
/// ```
/// use plimsoll_sdk::civil::Date;
/// let error = "yesterday".parse::<Date>().unwrap_err();
/// assert!(error.to_string().contains("write"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotADate(String);

impl fmt::Display for NotADate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no date; write YEAR-MONTH-DAY, such as `2026-12-24`", self.0)
    }
}

impl std::error::Error for NotADate {}

impl Date {
    /// The date of a local time, minutes since 1970-01-01T00:00.
    ///
    /// ```
    /// # use plimsoll_sdk::civil::Date;
    /// assert_eq!(Date::of(-1).to_string(), "1969-12-31");
    /// ```
    #[must_use]
    pub const fn of(local: i64) -> Self {
        Self { days: local.div_euclid(DAY) }
    }

    /// The local time at which the day begins.
    ///
    /// ```
    /// # use plimsoll_sdk::civil::Date;
    /// let date: Date = "1970-01-02".parse()?;
    /// assert_eq!(date.begins(), 24 * 60);
    /// # Ok::<(), plimsoll_sdk::civil::NotADate>(())
    /// ```
    #[must_use]
    pub const fn begins(self) -> i64 {
        self.days * DAY
    }

    /// The day of the week.
    ///
    /// ```
    /// # use plimsoll_sdk::{Weekday, civil::Date};
    /// assert_eq!(Date::of(0).weekday(), Weekday::Thursday);
    /// ```
    #[must_use]
    pub const fn weekday(self) -> Weekday {
        // 1970-01-01 was a Thursday.
        match (self.days + 3).rem_euclid(7) {
            0 => Weekday::Monday,
            1 => Weekday::Tuesday,
            2 => Weekday::Wednesday,
            3 => Weekday::Thursday,
            4 => Weekday::Friday,
            5 => Weekday::Saturday,
            _ => Weekday::Sunday,
        }
    }

    /// The date some days later, or earlier.
    ///
    /// ```
    /// # use plimsoll_sdk::civil::Date;
    /// let date: Date = "2024-02-28".parse()?;
    /// assert_eq!(date.plus_days(2).to_string(), "2024-03-01");
    /// # Ok::<(), plimsoll_sdk::civil::NotADate>(())
    /// ```
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self { days: self.days + days }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.days);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let error = || NotADate(text.to_owned());
        let digits = |part: &str, length: usize| {
            let well = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
            well.then(|| part.parse::<i64>().ok()).flatten().ok_or_else(error)
        };
        let mut parts = text.splitn(3, '-');
        let mut next = |length| digits(parts.next().unwrap_or_default(), length);
        let wanted = (next(4)?, next(2)?, next(2)?);
        // A year is at most three days off from counting 365.2425 days each: the date is found near there.
        let guess = (wanted.0 - 1970) * 3_652_425 / 10_000 + (wanted.1 - 1) * 30 + wanted.2;
        let days = (guess - 8..=guess + 8).find(|days| date(*days) == wanted).ok_or_else(error)?;
        Ok(Self { days })
    }
}

impl TryFrom<String> for Date {
    type Error = NotADate;

    fn try_from(text: String) -> Result<Self, NotADate> {
        text.parse()
    }
}

impl JsonSchema for Date {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_date_of_a_cycle_is_read_as_it_is_written() {
        let first: Date = "1900-01-01".parse().unwrap();
        for days in 0..150_000 {
            let date = first.plus_days(days);
            assert_eq!(date.to_string().parse(), Ok(date));
        }
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in
            ["", "2026", "2026-13-01", "2026-00-01", "2026-02-29", "2026-1-1", "26-01-01", "2026-01-01T", "x"]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        assert!("2024-02-29".parse::<Date>().is_ok());
    }
}
