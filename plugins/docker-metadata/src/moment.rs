//! Times as text in the words of moment (momentjs.com, "Format"), in its language at rest, English.

use jiff::civil::DateTime;

use crate::zone::Local;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Longer words for a format, and what they stand for.
const LONG_FORMATS: [(&str, &str); 10] = [
    ("LTS", "h:mm:ss A"),
    ("LT", "h:mm A"),
    ("LLLL", "dddd, MMMM D, YYYY h:mm A"),
    ("LLL", "MMMM D, YYYY h:mm A"),
    ("LL", "MMMM D, YYYY"),
    ("L", "MM/DD/YYYY"),
    ("llll", "ddd, MMM D, YYYY h:mm A"),
    ("lll", "MMM D, YYYY h:mm A"),
    ("ll", "MMM D, YYYY"),
    ("l", "M/D/YYYY"),
];

/// The words of a format, in the order in which they are looked for: longer ones before their beginnings.
const WORDS: [&str; 75] = [
    "Hmmss",
    "hmmss",
    "Hmm",
    "hmm",
    "Mo",
    "MMMM",
    "MMM",
    "MM",
    "M",
    "Do",
    "DDDo",
    "DDDD",
    "DDD",
    "DD",
    "D",
    "dddd",
    "ddd",
    "dd",
    "do",
    "d",
    "wo",
    "ww",
    "w|",
    "w",
    "Wo",
    "WW",
    "W|",
    "W",
    "Qo",
    "Q",
    "NNNNN",
    "NNNN",
    "NNN",
    "NN",
    "N",
    "YYYYYY",
    "YYYYY",
    "YYYY",
    "YY",
    "yyyy",
    "yyy",
    "yy",
    "yo",
    "y",
    "ggggg",
    "gggg",
    "gg",
    "GGGGG",
    "GGGG",
    "GG",
    "hh",
    "h",
    "HH",
    "H",
    "kk",
    "k",
    "mm",
    "m",
    "ss",
    "s",
    "SSSSSSSSS",
    "SSSSSSSS",
    "SSSSSSS",
    "SSSSSS",
    "SSSSS",
    "SSSS",
    "SSS",
    "SS",
    "S",
    "zz",
    "z",
    "ZZ",
    "Z",
    "x",
    "X",
];

/// A time in a format. An empty format stands for ISO 8601, with `Z` where the zone has no offset.
#[must_use]
pub fn format(time: &Local, format: &str) -> String {
    let format = match (format, time.known && time.offset == 0) {
        ("", true) => "YYYY-MM-DDTHH:mm:ss[Z]",
        ("", false) => "YYYY-MM-DDTHH:mm:ssZ",
        _ => format,
    };
    let mut text = String::new();
    let format = expand(format);
    let mut rest = format.as_str();
    while !rest.is_empty() {
        let (token, after) = rest.split_at(token_length(rest));
        // The pattern that moment looks for does not find them.
        if !token.starts_with(['\n', '\r', '\u{2028}', '\u{2029}']) {
            text += &value(time, token).unwrap_or_else(|| literal(token));
        }
        rest = after;
    }
    text
}

/// Puts what they stand for in the place of longer words.
fn expand(format: &str) -> String {
    let mut text = String::new();
    let mut rest = format;
    while let Some(character) = rest.chars().next() {
        let escape = usize::from(character == '\\');
        let long = LONG_FORMATS.iter().find(|(word, _)| rest[escape..].starts_with(word));
        let length = match (bracketed(rest), long) {
            (Some(length), _) => length,
            (None, Some((word, meaning))) if escape == 0 => {
                text += meaning;
                rest = &rest[word.len()..];
                continue;
            }
            (None, Some((word, _))) => escape + word.len(),
            (None, None) => character.len_utf8(),
        };
        text += &rest[..length];
        rest = &rest[length..];
    }
    text
}

/// The length of the first token: a text in brackets, a word, or one character; words and characters perhaps with a
/// backslash before them.
fn token_length(rest: &str) -> usize {
    if let Some(length) = bracketed(rest) {
        return length;
    }
    let escape = usize::from(rest.starts_with('\\'));
    let escaped = &rest[escape..];
    let word = WORDS.iter().find(|word| escaped.starts_with(**word)).map(|word| word.len());
    let character = || escaped.chars().next().filter(|c| !matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}'));
    match word.or_else(|| character().map(char::len_utf8)) {
        Some(length) => escape + length,
        // A backslash at the end, or the end of a line.
        None => rest.chars().next().map_or(0, char::len_utf8),
    }
}

/// The length of a text in brackets at the beginning: up to the last closing one before the next opening one.
fn bracketed(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('[')?;
    let inside = inside.split('[').next().unwrap_or_default();
    inside.rfind(']').map(|end| end + 2)
}

/// What a token that is no word stands for: itself, without what protects it.
fn literal(token: &str) -> String {
    if token.len() > 1 && token.starts_with('[') {
        let inside = &token[1..];
        return inside.strip_suffix(']').unwrap_or(inside).to_owned();
    }
    token.replace('\\', "")
}

/// What a word stands for at a time.
fn value(time: &Local, word: &str) -> Option<String> {
    date(time.civil, word).or_else(|| week(time.civil, word)).or_else(|| clock(time, word))
}

fn date(civil: DateTime, word: &str) -> Option<String> {
    let year = i64::from(civil.year());
    let (month, day) = (i64::from(civil.month()), i64::from(civil.day()));
    let day_of_year = i64::from(civil.day_of_year());
    let quarter = (month + 2) / 3;
    let month_name =
        usize::try_from(month - 1).ok().and_then(|place| MONTHS.get(place)).copied().unwrap_or_default();
    Some(match word {
        "Y" | "YYYY" | "yyyy" => padded(year, 4),
        "YY" => padded(year % 100, 2),
        "YYYYY" => padded(year, 5),
        "YYYYYY" => format!("+{}", padded(year, 6)),
        "y" => year.to_string(),
        "yy" => padded(year, 2),
        "yyy" => padded(year, 3),
        "yo" => ordinal(year),
        "N" | "NN" | "NNN" | "NNNNN" => "AD".to_owned(),
        "NNNN" => "Anno Domini".to_owned(),
        "Q" => quarter.to_string(),
        "Qo" => ordinal(quarter),
        "M" => month.to_string(),
        "MM" => padded(month, 2),
        "Mo" => ordinal(month),
        "MMM" => month_name[..3].to_owned(),
        "MMMM" => month_name.to_owned(),
        "D" => day.to_string(),
        "DD" => padded(day, 2),
        "Do" => ordinal(day),
        "DDD" => day_of_year.to_string(),
        "DDDD" => padded(day_of_year, 3),
        "DDDo" => ordinal(day_of_year),
        _ => return None,
    })
}

fn week(civil: DateTime, word: &str) -> Option<String> {
    let weekday = i64::from(civil.weekday().to_sunday_zero_offset());
    let name = usize::try_from(weekday).ok().and_then(|place| DAYS.get(place)).copied().unwrap_or_default();
    let iso = civil.date().iso_week_date();
    let (iso_year, iso_week) = (i64::from(iso.year()), i64::from(iso.week()));
    let (week_year, week) = week_of(civil);
    Some(match word {
        "d" | "e" => weekday.to_string(),
        "do" => ordinal(weekday),
        "dd" => name[..2].to_owned(),
        "ddd" => name[..3].to_owned(),
        "dddd" => name.to_owned(),
        "E" => (if weekday == 0 { 7 } else { weekday }).to_string(),
        "w" => week.to_string(),
        "wo" => ordinal(week),
        "ww" => padded(week, 2),
        "W" => iso_week.to_string(),
        "Wo" => ordinal(iso_week),
        "WW" => padded(iso_week, 2),
        "gg" => padded(week_year % 100, 2),
        "gggg" => padded(week_year, 4),
        "ggggg" => padded(week_year, 5),
        "GG" => padded(iso_year % 100, 2),
        "GGGG" => padded(iso_year, 4),
        "GGGGG" => padded(iso_year, 5),
        _ => return None,
    })
}

/// Year and number of the week, where weeks begin on Sunday and the first one has 1 January in it.
fn week_of(civil: DateTime) -> (i64, i64) {
    let (year, day) = (i64::from(civil.year()), i64::from(civil.day_of_year()));
    let weekday = i64::from(civil.weekday().to_sunday_zero_offset());
    let first = (weekday - (day - 1)).rem_euclid(7);
    let days = i64::from(civil.date().days_in_year());
    // The Saturday of this week is in the next year: so is the week.
    if day + 6 - weekday > days { (year + 1, 1) } else { (year, (day - 1 + first) / 7 + 1) }
}

fn clock(time: &Local, word: &str) -> Option<String> {
    let civil = time.civil;
    let (hour, minute, second) =
        (i64::from(civil.hour()), i64::from(civil.minute()), i64::from(civil.second()));
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let twenty_four = if hour == 0 { 24 } else { hour };
    Some(match word {
        "H" => hour.to_string(),
        "HH" => padded(hour, 2),
        "h" => twelve.to_string(),
        "hh" => padded(twelve, 2),
        "k" => twenty_four.to_string(),
        "kk" => padded(twenty_four, 2),
        "hmm" => format!("{twelve}{minute:02}"),
        "hmmss" => format!("{twelve}{minute:02}{second:02}"),
        "Hmm" => format!("{hour}{minute:02}"),
        "Hmmss" => format!("{hour}{minute:02}{second:02}"),
        "a" => if hour < 12 { "am" } else { "pm" }.to_owned(),
        "A" => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        "m" => minute.to_string(),
        "mm" => padded(minute, 2),
        "s" => second.to_string(),
        "ss" => padded(second, 2),
        "X" => time.unix.to_string(),
        "x" => time.unix.saturating_mul(1000).to_string(),
        "z" | "zz" => time.abbreviation.clone(),
        "Z" => offset(time.offset, ":"),
        "ZZ" => offset(time.offset, ""),
        // The contract's time has whole seconds.
        _ if word.bytes().all(|byte| byte == b'S') => "0".repeat(word.len()),
        _ => return None,
    })
}

fn offset(minutes: i32, between: &str) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!("{sign}{:02}{between}{:02}", minutes / 60, minutes % 60)
}

fn padded(number: i64, width: usize) -> String {
    format!("{number:0width$}")
}

fn ordinal(number: i64) -> String {
    let ending = match (number % 100 / 10, number % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::local;

    /// Sunday, 2023-01-01T00:05:09Z.
    const NEW_YEAR: i64 = 1_672_531_509;

    fn at(unix: i64, zone: &str, text: &str) -> String {
        format(&local(unix, zone).unwrap(), text)
    }

    #[test]
    fn words_are_those_of_moment() {
        for (text, expected) in [
            ("YYYYMMDD", "20230101"),
            ("YYYYMMDD-HHmmss", "20230101-000509"),
            ("dddd, MMMM Do YYYY, h:mm:ss a", "Sunday, January 1st 2023, 12:05:09 am"),
            ("DDD DDDo DDDD", "1 1st 001"),
            ("w ww gggg W WW GGGG E e", "1 01 2023 52 52 2022 7 0"),
            ("k kk Hmm hmmss", "24 24 005 120509"),
            ("X x", "1672531509 1672531509000"),
            ("[week] w [[x]] \\Y", "week 1 [x] Y"),
            ("LLLL", "Sunday, January 1, 2023 12:05 AM"),
            ("l LT LTS", "1/1/2023 12:05 AM 12:05:09 AM"),
            ("YY Q Qo N NNNN y", "23 1 1st AD Anno Domini 2023"),
            ("SSS", "000"),
            ("Y-W|-g", "2023-W|-g"),
            ("", "2023-01-01T00:05:09Z"),
        ] {
            assert_eq!(at(NEW_YEAR, "UTC", text), expected, "{text}");
        }
    }

    #[test]
    fn zones_show_their_offset_and_name() {
        assert_eq!(at(NEW_YEAR, "Asia/Kolkata", "HH:mm Z ZZ z"), "05:35 +05:30 +0530 IST");
        assert_eq!(at(NEW_YEAR, "America/St_Johns", "YYYY Z"), "2022 -03:30");
        assert_eq!(at(NEW_YEAR, "Europe/Paris", ""), "2023-01-01T01:05:09+01:00");
        assert_eq!(at(NEW_YEAR, "No/Where", ""), "2023-01-01T00:05:09+00:00");
    }
}
