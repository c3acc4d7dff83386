//! Durations and sizes as the file writes them: a whole number and a unit.

use std::time::Duration;

/// A text that is no quantity of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidQuantity {
    /// Not a number and a unit.
    #[error("`{text}` is no {kind}: expected a whole number from 1 and one of the units {units}")]
    Form {
        /// The text.
        text: String,
        /// What was expected.
        kind: &'static str,
        /// The units there are.
        units: &'static str,
    },
    /// Too short or too long to wait for something.
    #[error("`{text}` is no time to wait: expected a duration from `1s` to `24h`")]
    Patience {
        /// The text.
        text: String,
    },
    /// More than the machine can count.
    #[error("`{text}` is too large a {kind}")]
    TooLarge {
        /// The text.
        text: String,
        /// What was expected.
        kind: &'static str,
    },
}

/// Milliseconds of each unit.
const DURATIONS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
/// Bytes of each unit.
const SIZES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Reads a duration such as `100ms`, `2s`, `10m` or `1h`.
pub(super) fn duration(text: &str) -> Result<Duration, InvalidQuantity> {
    amount(text, "duration", "`ms`, `s`, `m`, `h`", &DURATIONS).map(Duration::from_millis)
}

/// Reads how long to wait for something outside: a duration from a second to a day.
pub(super) fn patience(text: &str) -> Result<Duration, InvalidQuantity> {
    let (least, most) = (Duration::from_secs(1), Duration::from_hours(24));
    duration(text).and_then(|duration| {
        let sane = (least..=most).contains(&duration);
        sane.then_some(duration).ok_or_else(|| InvalidQuantity::Patience { text: text.to_owned() })
    })
}

/// Reads a number of bytes such as `512B`, `64KiB`, `16MiB` or `1GiB`.
pub(super) fn size(text: &str) -> Result<u64, InvalidQuantity> {
    amount(text, "size", "`B`, `KiB`, `MiB`, `GiB`", &SIZES)
}

fn amount(
    text: &str,
    kind: &'static str,
    names: &'static str,
    units: &[(&str, u64)],
) -> Result<u64, InvalidQuantity> {
    let form = || InvalidQuantity::Form { text: text.to_owned(), kind, units: names };
    let too_large = || InvalidQuantity::TooLarge { text: text.to_owned(), kind };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) =
        units.iter().find(|(name, _)| *name == unit.trim_start_matches(' ')).ok_or_else(form)?;
    if number.bytes().all(|digit| digit == b'0') {
        return Err(form());
    }
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor)).ok_or_else(too_large)
}

/// The texts that [`duration`] takes, as a regular expression (ECMA-262).
pub(super) const DURATION_PATTERN: &str = "^0*[1-9][0-9]* *(ms|s|m|h)$";
/// The texts that [`size`] takes, as a regular expression (ECMA-262).
pub(super) const SIZE_PATTERN: &str = "^0*[1-9][0-9]* *(B|KiB|MiB|GiB)$";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units() {
        assert_eq!(duration("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(duration("10 m"), Ok(Duration::from_secs(600)));
        assert_eq!(patience("24h"), Ok(Duration::from_hours(24)));
        assert_eq!(size("16MiB"), Ok(16 << 20));
        assert_eq!(size("512B"), Ok(512));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["", "5", "ms", "0s", "000s", "-1s", "1.5s", "1S", "1mb", "s1", "1 s "] {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in ["999ms", "25h", "86401s", "0s"] {
            assert!(patience(text).is_err(), "{text}");
        }
        for text in ["16MB", "16mib", "1KB", "0B", "16777216"] {
            assert!(size(text).is_err(), "{text}");
        }
        let huge = duration("99999999999999999999h");
        assert!(matches!(huge, Err(InvalidQuantity::TooLarge { .. })), "{huge:?}");
        assert!(matches!(size("18446744073709551615GiB"), Err(InvalidQuantity::TooLarge { .. })));
    }
}
