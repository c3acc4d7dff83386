//! Times of day.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::DAY;

/// A time of day to the minute, `00:00` to `24:00`. Use it in settings as it is.
///
/// ```
/// use plimsoll_sdk::civil::TimeOfDay;
/// let time: TimeOfDay = "16:30".parse()?;
/// assert_eq!(time.minutes(), 990);
/// assert!("25:00".parse::<TimeOfDay>().is_err());
/// # Ok::<(), plimsoll_sdk::civil::NotATime>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct TimeOfDay {
    minutes: i64,
}

/// A text that is no time of day. Its message says what to write instead.
///
/// ```
/// use plimsoll_sdk::civil::TimeOfDay;
/// let error = "noon".parse::<TimeOfDay>().unwrap_err();
/// assert!(error.to_string().contains("write"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotATime(String);

impl fmt::Display for NotATime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no time of day; write HOUR:MINUTE, such as `16:30`", self.0)
    }
}

impl std::error::Error for NotATime {}

impl TimeOfDay {
    /// Minutes since midnight, 0 to 1440.
    ///
    /// ```
    /// # use plimsoll_sdk::civil::TimeOfDay;
    /// assert_eq!("24:00".parse::<TimeOfDay>()?.minutes(), 1440);
    /// # Ok::<(), plimsoll_sdk::civil::NotATime>(())
    /// ```
    #[must_use]
    pub const fn minutes(self) -> i64 {
        self.minutes
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let two = |part: &str| {
            let well = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            well.then(|| part.parse::<i64>().ok()).flatten()
        };
        let read = text.split_once(':').and_then(|(hour, minute)| Some((two(hour)?, two(minute)?)));
        match read {
            Some((hour, minute)) if minute < 60 && hour * 60 + minute <= DAY => {
                Ok(Self { minutes: hour * 60 + minute })
            }
            _ => Err(NotATime(text.to_owned())),
        }
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = NotATime;

    fn try_from(text: String) -> Result<Self, NotATime> {
        text.parse()
    }
}

impl JsonSchema for TimeOfDay {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-4]):[0-5][0-9]$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_minute_is_read_as_it_is_written() {
        for minutes in 0..=DAY {
            let time = TimeOfDay { minutes };
            assert_eq!(time.to_string().parse(), Ok(time));
        }
        for text in ["", "7:00", "07:60", "24:01", "07-00", "07:00:00", " 07:00"] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
    }
}
