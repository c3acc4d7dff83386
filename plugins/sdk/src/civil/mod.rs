//! Time as people speak of it: dates, times of day, periods.
//!
//! A policy has no clock and no time-zone database. The request's [`Moment`] tells the time in the binding's zone, with the
//! offset that the zone has then; [`local`] and [`unix`] convert with that offset. Across a change of summer time the result
//! is off by the change: a host that waits for such a time asks again then, and the policy decides anew.

mod date;
mod period;
mod rfc3339;
mod time_of_day;

pub use date::{Date, NotADate};
pub use period::{NotAPeriod, Period};
pub use rfc3339::rfc3339;
pub use time_of_day::{NotATime, TimeOfDay};

use crate::types::Moment;

/// Minutes of a day.
///
/// ```
/// use plimsoll_sdk::civil::{DAY, Date};
/// assert_eq!(Date::of(DAY).to_string(), "1970-01-02");
/// ```
pub const DAY: i64 = 24 * 60;

/// A local time: minutes since 1970-01-01T00:00 on the clocks of the moment's zone.
///
/// ```
/// use plimsoll_sdk::{civil, testing};
/// let mut now = testing::promotion(None, "production").now;
/// now.offset = 60;
/// assert_eq!(civil::local(&now, 0), 60);
/// ```
#[must_use]
pub fn local(now: &Moment, unix: i64) -> i64 {
    unix.div_euclid(60) + i64::from(now.offset)
}

/// The Unix seconds of a local time, with the offset of the moment.
///
/// ```
/// use plimsoll_sdk::{civil, testing};
/// let now = testing::promotion(None, "production").now;
/// assert_eq!(civil::unix(&now, civil::local(&now, 3600)), 3600);
/// ```
#[must_use]
pub fn unix(now: &Moment, local: i64) -> i64 {
    (local - i64::from(now.offset)) * 60
}

/// A time as messages show it: on the clocks of the moment's zone, to the minute.
///
/// ```
/// use plimsoll_sdk::{civil, testing};
/// let now = testing::promotion(None, "production").now;
/// assert_eq!(civil::shown(&now, 0), "1970-01-01 00:00 UTC");
/// ```
#[must_use]
pub fn shown(now: &Moment, unix: i64) -> String {
    let local = local(now, unix);
    let minute = local.rem_euclid(DAY);
    format!("{} {:02}:{:02} {}", Date::of(local), minute / 60, minute % 60, now.time_zone)
}
