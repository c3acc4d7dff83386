//! A point in time on the clock of a time zone.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// What a clock and a calendar show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// Unix seconds.
    pub unix: i64,
    /// Date and time of day.
    pub civil: DateTime,
    /// Minutes east of UTC.
    pub offset: i32,
    /// The short name of the zone at this time, such as `CET`; empty where the zone is not known.
    pub abbreviation: String,
    /// Whether the zone is known.
    pub known: bool,
}

/// The time on the clock of a zone. A zone that is not in the database has the clock of UTC, as the machines that workflows
/// run on have. None for a time that no calendar has.
#[must_use]
pub fn local(unix: i64, zone: &str) -> Option<Local> {
    let at = Timestamp::from_second(unix).ok()?;
    let found = find(zone);
    let known = found.is_some();
    let zone = found.unwrap_or(TimeZone::UTC);
    let information = zone.to_offset_info(at);
    Some(Local {
        unix,
        civil: zone.to_datetime(at),
        offset: information.offset().seconds() / 60,
        abbreviation: if known { information.abbreviation().to_owned() } else { String::new() },
        known,
    })
}

/// A zone of the database. As moment-timezone does, names are compared without regard to case, and `_` counts as `/`.
fn find(name: &str) -> Option<TimeZone> {
    // What nearly everybody asks for, and opening the database takes a while.
    if name.eq_ignore_ascii_case("UTC") {
        return Some(TimeZone::UTC);
    }
    let database = jiff::tz::db();
    database.get(name).ok().or_else(|| {
        let same = |known: &str| {
            known.len() == name.len()
                && known.bytes().zip(name.bytes()).all(|(known, given)| folded(known) == folded(given))
        };
        let known = database.available().find(|known| same(known.as_str()))?;
        database.get(known.as_str()).ok()
    })
}

const fn folded(byte: u8) -> u8 {
    if byte == b'/' { b'_' } else { byte.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_its_own_clock() {
        // 2024-03-05T12:00:00Z.
        for (zone, hour, offset, abbreviation) in [
            ("UTC", 12, 0, "UTC"),
            ("Asia/Tokyo", 21, 540, "JST"),
            ("europe/berlin", 13, 60, "CET"),
            ("America_New/York", 7, -300, "EST"),
            ("America/Sao_Paulo", 9, -180, "-03"),
            ("No/Where", 12, 0, ""),
        ] {
            let local = local(1_709_640_000, zone).unwrap();
            assert_eq!(local.civil.hour(), hour, "{zone}");
            assert_eq!((local.offset, local.abbreviation.as_str()), (offset, abbreviation), "{zone}");
        }
        assert_eq!(local(i64::MAX, "UTC"), None);
    }
}
