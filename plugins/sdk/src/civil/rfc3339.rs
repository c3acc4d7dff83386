//! Unix seconds as text.

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Days of a whole cycle of leap years in the Gregorian calendar, 400 years.
const CYCLE: i64 = 146_097;

/// A time as RFC 3339 writes it, in UTC. `None` for years that have no four digits.
///
/// ```
/// assert_eq!(plimsoll_sdk::civil::rfc3339(0).as_deref(), Some("1970-01-01T00:00:00Z"));
/// ```
#[must_use]
pub fn rfc3339(unix: i64) -> Option<String> {
    let (days, second) = (unix.div_euclid(DAY), unix.rem_euclid(DAY));
    let (year, month, day) = date(days);
    (0..=9999).contains(&year).then(|| {
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second / HOUR,
            second % HOUR / MINUTE,
            second % MINUTE
        )
    })
}

/// The date of a day, counted from 1970-01-01.
///
/// Years are taken to begin in March, which puts the leap day at their end: then the days before month `m` are
/// `(153 * m + 2) / 5`, and the days before year `y` of a cycle `365 * y + y / 4 - y / 100`.
pub(super) fn date(days_since_1970: i64) -> (i64, i64, i64) {
    /// Days from 0000-03-01 to 1970-01-01.
    const OFFSET: i64 = 719_468;
    let days = days_since_1970 + OFFSET;
    let (cycle, day_of_cycle) = (days.div_euclid(CYCLE), days.rem_euclid(CYCLE));
    let before = |year: i64| 365 * year + year / 4 - year / 100;
    let guess = day_of_cycle / 365;
    let year = if guess > 399 || before(guess) > day_of_cycle { guess - 1 } else { guess };
    let day_of_year = day_of_cycle - before(year);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (cycle * 400 + year + later, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        for (unix, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(unix).as_deref(), Some(expected));
        }
        for outside in [253_402_300_800, -62_167_219_201, i64::MIN, i64::MAX] {
            assert_eq!(rfc3339(outside), None);
        }
    }

    #[test]
    fn every_day_of_two_cycles_follows_the_one_before() {
        let length = |year: i64, month: i64| match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..2 * CYCLE {
            assert_eq!(date(days), (year, month, day));
            day += 1;
            if day > length(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }
}
