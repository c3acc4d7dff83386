//! Lengths of time.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A length of time, such as `90s`, `45m`, `2h30m`, `7d` or `2w`. Use it in settings as it is.
///
/// ```
/// use plimsoll_sdk::civil::Period;
/// let period: Period = "2h30m".parse()?;
/// assert_eq!(period.seconds(), 9_000);
/// assert_eq!(period.to_string(), "2h30m");
/// # Ok::<(), plimsoll_sdk::civil::NotAPeriod>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Period {
    seconds: i64,
}

/// A text that is no period. Its message says what to write instead.
///
/// ```
/// use plimsoll_sdk::civil::Period;
/// let error = "soon".parse::<Period>().unwrap_err();
/// assert!(error.to_string().contains("write"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAPeriod(String);

impl fmt::Display for NotAPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no length of time; write such as `45m`, `2h30m` or `7d`", self.0)
    }
}

impl std::error::Error for NotAPeriod {}

/// The units, the largest first: seconds of each.
const UNITS: &[(char, i64)] = &[('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
/// The longest period, seconds: about a hundred years.
const LONGEST: i64 = 3_200_000_000;

impl Period {
    /// A period of whole hours.
    ///
    /// ```
    /// # use plimsoll_sdk::civil::Period;
    /// assert_eq!(Period::hours(2).to_string(), "2h");
    /// ```
    #[must_use]
    pub const fn hours(hours: u16) -> Self {
        Self { seconds: hours as i64 * 3_600 }
    }

    /// Its length, seconds.
    ///
    /// ```
    /// # use plimsoll_sdk::civil::Period;
    /// assert_eq!(Period::hours(1).seconds(), 3_600);
    /// ```
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.seconds
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.seconds;
        if rest == 0 {
            return f.write_str("0s");
        }
        // Weeks are read and written as days, which people count in.
        for (unit, seconds) in &UNITS[1..] {
            if rest >= *seconds {
                write!(f, "{}{unit}", rest / seconds)?;
                rest %= seconds;
            }
        }
        Ok(())
    }
}

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let error = || NotAPeriod(text.to_owned());
        let mut seconds: i64 = 0;
        let mut rest = text;
        let mut units = UNITS.iter();
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
            let count: i64 = rest[..end].parse().map_err(|_| error())?;
            let unit = rest[end..].chars().next().ok_or_else(error)?;
            // Each unit once, the larger before the smaller.
            let (_, length) = units.by_ref().find(|(known, _)| *known == unit).ok_or_else(error)?;
            seconds =
                count.checked_mul(*length).and_then(|more| seconds.checked_add(more)).ok_or_else(error)?;
            rest = &rest[end + unit.len_utf8()..];
        }
        if text.is_empty() || seconds > LONGEST { Err(error()) } else { Ok(Self { seconds }) }
    }
}

impl TryFrom<String> for Period {
    type Error = NotAPeriod;

    fn try_from(text: String) -> Result<Self, NotAPeriod> {
        text.parse()
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_read() {
        for (text, seconds) in
            [("90s", 90), ("45m", 2_700), ("2h30m", 9_000), ("7d", 604_800), ("1w1d", 691_200), ("0s", 0)]
        {
            assert_eq!(text.parse::<Period>().map(Period::seconds), Ok(seconds), "{text}");
        }
        for text in [
            "",
            "5",
            "h",
            "5 h",
            "-5h",
            "5m5h",
            "5h5h",
            "1.5h",
            "5y",
            "99999999999999999999d",
            "9999999d",
            "5ü",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0..LONGEST) {
            let period = Period { seconds };
            prop_assert_eq!(period.to_string().parse(), Ok(period));
        }

        #[test]
        fn any_text_gets_an_answer(text: String) {
            let _ = text.parse::<Period>();
        }
    }
}
