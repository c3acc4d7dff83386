//! Schemes of calendar versions (calver.org, "Scheme").

use plimsoll_sdk::civil::Date;

/// A scheme, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scheme(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Characters that stand for themselves.
    Text(String),
    FullYear,
    ShortYear,
    PaddedYear,
    Month,
    PaddedMonth,
    Week,
    PaddedWeek,
    Day,
    PaddedDay,
    Micro,
}

/// The words of a scheme, the longer ones first.
const WORDS: &[(&str, Part)] = &[
    ("MICRO", Part::Micro),
    ("YYYY", Part::FullYear),
    ("YY", Part::ShortYear),
    ("0Y", Part::PaddedYear),
    ("MM", Part::Month),
    ("0M", Part::PaddedMonth),
    ("WW", Part::Week),
    ("0W", Part::PaddedWeek),
    ("DD", Part::Day),
    ("0D", Part::PaddedDay),
];

impl Scheme {
    /// Reads a scheme.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some((word, part)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
                parts.push(part.clone());
                rest = &rest[word.len()..];
            } else if first.is_ascii_lowercase() || ".-_".contains(first) {
                match parts.last_mut() {
                    Some(Part::Text(text)) => text.push(first),
                    _ => parts.push(Part::Text(first.to_string())),
                }
                rest = &rest[1..];
            } else {
                return Err(format!(
                    "`{rest}` is no part of a scheme; write such as `YYYY.MM.MICRO` or `YY.0M.0D`"
                ));
            }
        }
        let scheme = Self(parts);
        let year =
            scheme.0.iter().any(|part| matches!(part, Part::FullYear | Part::ShortYear | Part::PaddedYear));
        let micros = scheme.0.iter().filter(|part| **part == Part::Micro).count();
        let touching = scheme.0.windows(2).any(|two| two.iter().all(|part| !matches!(part, Part::Text(_))));
        match (year, micros) {
            (false, _) => Err("a scheme has a year: `YYYY`, `YY` or `0Y`".to_owned()),
            (_, 2..) => Err("a scheme has `MICRO` once at most".to_owned()),
            _ if touching => Err("write a character such as `.` between two numbers".to_owned()),
            _ => Ok(scheme),
        }
    }

    /// Whether it has a number that counts up.
    pub(crate) fn counts(&self) -> bool {
        self.0.contains(&Part::Micro)
    }

    /// The version of a date.
    pub(crate) fn write(&self, date: Date, micro: u64) -> String {
        self.0.iter().map(|part| part.write(date, micro)).collect()
    }

    /// The counter of a version of this date; `None` when it is one of another date, or none at all.
    pub(crate) fn counter(&self, date: Date, version: &str) -> Option<u64> {
        let place = self.0.iter().position(|part| *part == Part::Micro)?;
        let text = |parts: &[Part]| parts.iter().map(|part| part.write(date, 0)).collect::<String>();
        let (before, after) = (text(&self.0[..place]), text(&self.0[place + 1..]));
        let micro = version.strip_prefix(&before)?.strip_suffix(&after)?;
        let plain = !micro.is_empty()
            && micro.bytes().all(|byte| byte.is_ascii_digit())
            && (micro == "0" || !micro.starts_with('0'));
        plain.then(|| micro.parse().ok()).flatten()
    }
}

impl Part {
    fn write(&self, date: Date, micro: u64) -> String {
        let text = date.to_string();
        let mut numbers = text.rsplitn(3, '-').map(|number| number.parse::<i64>().unwrap_or(0));
        let (day, month, year) =
            (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        // calver.org counts short years from 2000.
        let short = year - 2000;
        match self {
            Self::Text(text) => text.clone(),
            Self::FullYear => year.to_string(),
            Self::ShortYear => short.to_string(),
            Self::PaddedYear => format!("{short:02}"),
            Self::Month => month.to_string(),
            Self::PaddedMonth => format!("{month:02}"),
            Self::Week => week(date).to_string(),
            Self::PaddedWeek => format!("{:02}", week(date)),
            Self::Day => day.to_string(),
            Self::PaddedDay => format!("{day:02}"),
            Self::Micro => micro.to_string(),
        }
    }
}

/// The week of the year by ISO 8601: the first one has the year's first Thursday.
fn week(date: Date) -> i64 {
    let monday_based = date.begins().div_euclid(plimsoll_sdk::civil::DAY) + 3;
    let thursday = date.plus_days(3 - monday_based.rem_euclid(7));
    let year = thursday.to_string();
    let first: Date = format!("{}-01-01", &year[..year.len() - 6]).parse().unwrap_or(thursday);
    (thursday.begins() - first.begins()) / plimsoll_sdk::civil::DAY / 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(scheme: &str, date: &str, micro: u64) -> String {
        Scheme::read(scheme).unwrap().write(date.parse().unwrap(), micro)
    }

    #[test]
    fn schemes_write_dates() {
        for (scheme, date, expected) in [
            ("YYYY.MM.MICRO", "2026-11-03", "2026.11.7"),
            ("YYYY.0M.0D", "2026-03-05", "2026.03.05"),
            ("YY.MM.MICRO", "2006-01-05", "6.1.7"),
            ("0Y.0W", "2006-01-05", "06.01"),
            ("YYYY-0W", "2024-12-30", "2024-01"),
            ("YYYY.WW", "2026-12-31", "2026.53"),
            ("YYYY.DD-r", "2026-12-31", "2026.31-r"),
        ] {
            assert_eq!(write(scheme, date, 7), expected, "{scheme}");
        }
    }

    #[test]
    fn other_texts_are_no_schemes() {
        for text in ["", "MM.DD", "YYYYMM", "YYYY.MICRO.MICRO", "YYYY.X", "YYYY/MM"] {
            assert!(Scheme::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn counters_are_found_again() {
        let scheme = Scheme::read("YYYY.MM.MICRO").unwrap();
        let date: Date = "2026-11-03".parse().unwrap();
        for micro in [0, 1, 9, 10, 12_345] {
            assert_eq!(scheme.counter(date, &scheme.write(date, micro)), Some(micro));
        }
        for other in ["2026.10.3", "2026.11.", "2026.11.01", "2026.11.x", "2026.11.3.4", ""] {
            assert_eq!(scheme.counter(date, other), None, "{other}");
        }
    }
}
