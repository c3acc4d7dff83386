//! The clock, and civil time for policies.

use jiff::{Timestamp, civil, tz::TimeZone};
use plimsoll_core::contract::{Moment, Weekday};

/// Where the time comes from: the system, or one fixed moment for dry runs and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// Always this moment, Unix seconds.
    Fixed(i64),
}

/// A moment that cannot be told in a time zone.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// The zone is not in the time-zone database.
    #[error("the time zone `{zone}` is unknown: write an IANA name such as `UTC` or `Europe/Berlin`")]
    UnknownZone {
        /// The zone.
        zone: String,
        /// What the database says.
        source: jiff::Error,
    },
    /// The moment is outside the calendar.
    #[error("{unix} s is outside the years -9999 to 9999")]
    OutOfRange {
        /// Unix seconds.
        unix: i64,
        /// What the calendar says.
        source: jiff::Error,
    },
}

/// A time zone by its name. For the usual one, the database of all zones need not be looked through.
fn named(name: &str) -> Result<TimeZone, jiff::Error> {
    if name == "UTC" { Ok(TimeZone::UTC) } else { TimeZone::get(name) }
}

impl Clock {
    /// The time, Unix seconds.
    #[must_use]
    pub fn now(self) -> i64 {
        match self {
            Self::System => Timestamp::now().as_second(),
            Self::Fixed(unix) => unix,
        }
    }
}

/// Tells a moment in a time zone.
///
/// # Errors
/// The zone is unknown, or the moment is outside the calendar.
pub fn moment(unix: i64, zone: &str) -> Result<Moment, ClockError> {
    let time_zone =
        named(zone).map_err(|source| ClockError::UnknownZone { zone: zone.to_owned(), source })?;
    let timestamp = Timestamp::from_second(unix).map_err(|source| ClockError::OutOfRange { unix, source })?;
    let zoned = timestamp.to_zoned(time_zone);
    let date = zoned.datetime();
    Ok(Moment {
        unix,
        time_zone: zone.to_owned(),
        offset: i16::try_from(zoned.offset().seconds() / 60).unwrap_or(0),
        year: date.year(),
        month: date.month().unsigned_abs(),
        day: date.day().unsigned_abs(),
        weekday: weekday(date.weekday()),
        hour: date.hour().unsigned_abs(),
        minute: date.minute().unsigned_abs(),
        second: date.second().unsigned_abs(),
    })
}

/// A moment as people write it: `2026-07-01 09:30:00Z`.
#[must_use]
pub fn readable(unix: i64) -> String {
    Timestamp::from_second(unix).map_or_else(
        |_| format!("{unix} s"),
        |timestamp| timestamp.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
    )
}

const fn weekday(day: civil::Weekday) -> Weekday {
    match day {
        civil::Weekday::Monday => Weekday::Monday,
        civil::Weekday::Tuesday => Weekday::Tuesday,
        civil::Weekday::Wednesday => Weekday::Wednesday,
        civil::Weekday::Thursday => Weekday::Thursday,
        civil::Weekday::Friday => Weekday::Friday,
        civil::Weekday::Saturday => Weekday::Saturday,
        civil::Weekday::Sunday => Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summer_morning_in_berlin() {
        // 2026-07-01T07:30:05Z, when Berlin is two hours ahead.
        let moment = moment(1_782_891_005, "Europe/Berlin").unwrap();
        assert_eq!((moment.year, moment.month, moment.day), (2026, 7, 1));
        assert_eq!((moment.hour, moment.minute, moment.second), (9, 30, 5));
        assert_eq!((moment.weekday, moment.offset), (Weekday::Wednesday, 120));
    }

    #[test]
    fn an_unknown_zone_is_named() {
        let error = moment(0, "Mars/Olympus").unwrap_err();
        assert!(error.to_string().contains("Mars/Olympus"));
    }
}
