//! Ranges of versions as Flux takes them, those of the Go package `Masterminds/semver` (version 3, README, "Checking Version
//! Constraints"): alternatives with `||`, parts that all hold with blanks or commas, comparisons, `~`, `^`, `x`, and
//! `1.2 - 1.4`. A pre-release is in an alternative only when one of its parts has one.

use std::{cmp::Ordering, fmt, str::FromStr};

use plimsoll_sdk::go::Version;

/// The longest range, in bytes, and the most alternatives.
const LONGEST: usize = 512;
const MOST_ALTERNATIVES: usize = 32;

/// A range of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// One of these has to hold, all parts of it.
    alternatives: Vec<Vec<Part>>,
}

/// A text that is no range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAConstraint(String);

impl fmt::Display for NotAConstraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no range of versions; write such as `>=1.0.0 <2.0.0`, `^1.2` or `~1.2.3`", self.0)
    }
}

impl std::error::Error for NotAConstraint {}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    operator: Operator,
    version: Version,
    /// The first number that is left open: 0 for `*`, 1 for `1.x`, 2 for `1.2`, 3 for none.
    open_from: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

/// The longer ones first.
const OPERATORS: &[(&str, Operator)] = &[
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

impl Constraint {
    /// Whether a version is in the range.
    #[must_use]
    pub fn admits(&self, version: &Version) -> bool {
        let ripe =
            |parts: &[Part]| version.pre.is_empty() || parts.iter().any(|part| !part.version.pre.is_empty());
        self.alternatives.iter().any(|parts| ripe(parts) && parts.iter().all(|part| part.admits(version)))
    }
}

impl FromStr for Constraint {
    type Err = NotAConstraint;

    fn from_str(text: &str) -> Result<Self, NotAConstraint> {
        let read = |text: &str| text.split("||").map(parts).collect::<Option<Vec<_>>>();
        let alternatives = (text.len() <= LONGEST).then(|| read(&spelled_out(text))).flatten();
        alternatives
            .filter(|alternatives| alternatives.len() <= MOST_ALTERNATIVES)
            .map(|alternatives| Self { alternatives })
            .ok_or_else(|| NotAConstraint(text.to_owned()))
    }
}

/// A range in which `1.2 - 1.4` is written as `>= 1.2, <= 1.4`. That is done with the text as it stands, as in Flux: so what is
/// left and right of it may be drawn in, and only then it turns out whether all of it is a range.
fn spelled_out(text: &str) -> String {
    let mut spelled = text.to_owned();
    let mut start = 0;
    while start < text.len() {
        let Some((written, from, until)) = hyphenated(&text[start..]) else {
            start += text[start..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        spelled = spelled.replacen(written, &format!(">= {from}, <= {until} "), 1);
        start += written.len();
    }
    spelled
}

/// Two versions at the beginning of a text with a hyphen between blanks between them: all of it with the blanks around, and
/// both versions.
fn hyphenated(text: &str) -> Option<(&str, &str, &str)> {
    let from = trimmed(text);
    let (from, rest) = from.split_at(version_like(from)?);
    let until = trimmed(rest)
        .strip_prefix('-')
        .filter(|until| rest.starts_with(BLANKS) && until.starts_with(BLANKS))?;
    let until = trimmed(until);
    let (until, rest) = until.split_at(version_like(until)?);
    Some((&text[..text.len() - trimmed(rest).len()], from, until))
}

/// The length of what looks like a version at the beginning of a text.
fn version_like(text: &str) -> Option<usize> {
    let run = |text: &str, also: &str| {
        text.find(|c: char| {
            !(c.is_ascii_alphanumeric() && also == "-" || c.is_ascii_digit() || also.contains(c))
        })
        .unwrap_or(text.len())
    };
    let mut rest = text.strip_prefix('v').unwrap_or(text);
    for place in 0..3 {
        let number = if place == 0 { Some(rest) } else { rest.strip_prefix('.') };
        match number.map(|number| (number, run(number, "xX*|"))) {
            Some((number, length)) if length > 0 => rest = &number[length..],
            _ if place == 0 => return None,
            _ => break,
        }
    }
    for sign in ['-', '+'] {
        let mut before = sign;
        while let Some(list) = rest.strip_prefix(before) {
            let length = run(list, "-");
            if length == 0 {
                break;
            }
            (rest, before) = (&list[length..], '.');
        }
    }
    Some(text.len() - rest.len())
}

/// White space as Go's regular expressions know it.
const BLANKS: [char; 5] = [' ', '\t', '\n', '\u{c}', '\r'];

fn trimmed(text: &str) -> &str {
    text.trim_start_matches(BLANKS)
}

/// The parts of one alternative, with blanks or a comma between them.
fn parts(text: &str) -> Option<Vec<Part>> {
    let mut rest = trimmed(text);
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (next, after) = part(rest)?;
        parts.push(next);
        let blank = trimmed(after);
        rest = match blank.strip_prefix(',') {
            Some(next) => Some(trimmed(next)).filter(|next| !next.is_empty())?,
            None => (blank.is_empty() || blank.len() < after.len()).then_some(blank)?,
        };
    }
    (!parts.is_empty()).then_some(parts)
}

/// One part at the beginning of a text, and the rest.
fn part(text: &str) -> Option<(Part, &str)> {
    let found = OPERATORS.iter().find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)));
    let (operator, rest) = found.unwrap_or((Operator::Equal, text));
    let rest = trimmed(rest);
    let rest = rest.strip_prefix('v').unwrap_or(rest);
    let (written, rest) = rest.split_at(version_like(rest)?);
    let (numbers, tail) = written.split_at(written.find(['-', '+']).unwrap_or(written.len()));
    let mut version = Version::default();
    let mut open_from = 3;
    let mut count = 0;
    for (place, number) in numbers.split('.').enumerate() {
        count += 1;
        // What stands behind an open number is not looked at.
        if place >= open_from
            && !number.is_empty()
            && number.bytes().all(|byte| b"0123456789xX*|".contains(&byte))
        {
            continue;
        }
        if ["x", "X", "*"].contains(&number) {
            open_from = place;
            continue;
        }
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let value: u64 = digits.then(|| number.parse().ok()).flatten()?;
        match place {
            0 => version.major = value,
            1 => version.minor = value,
            2 => version.patch = value,
            _ => return None,
        }
    }
    if count > 3 {
        return None;
    }
    open_from = open_from.min(count);
    version.pre = Version::parse(&format!("0{tail}"))?.pre;
    Some((Part { operator, version, open_from }, rest))
}

impl Part {
    fn admits(&self, version: &Version) -> bool {
        let compared = version.compare(&self.version);
        match self.operator {
            Operator::Equal if self.open_from < 3 => self.tilde(version, compared),
            Operator::Equal => compared == Ordering::Equal,
            Operator::NotEqual => self.not_equal(version, compared),
            Operator::Greater => self.greater(version, compared),
            Operator::Less => compared == Ordering::Less,
            Operator::GreaterEqual => compared != Ordering::Less,
            Operator::LessEqual => self.less_or_equal(version, compared),
            Operator::Tilde => self.tilde(version, compared),
            Operator::Caret => self.caret(version, compared),
        }
    }

    /// `~1.2.3` stays in 1.2, `~1` in 1, `~*` anywhere; so does `~0.0.0`.
    fn tilde(&self, version: &Version, compared: Ordering) -> bool {
        let own = &self.version;
        let anything = (own.major, own.minor, own.patch) == (0, 0, 0) && !matches!(self.open_from, 1 | 2);
        compared != Ordering::Less
            && (anything
                || (version.major == own.major && (version.minor == own.minor || self.open_from == 1)))
    }

    /// `^1.2.3` stays in 1, `^0.2.3` in 0.2, `^0.0.3` is that alone.
    fn caret(&self, version: &Version, compared: Ordering) -> bool {
        let own = &self.version;
        if compared == Ordering::Less || version.major != own.major {
            return false;
        }
        if own.major > 0 || self.open_from == 1 {
            return true;
        }
        if own.minor > 0 || self.open_from == 2 {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }

    fn not_equal(&self, version: &Version, compared: Ordering) -> bool {
        let own = &self.version;
        if self.open_from == 3 {
            return compared != Ordering::Equal;
        }
        if version.major != own.major {
            return true;
        }
        match self.open_from {
            1 => false,
            2 if version.minor != own.minor => true,
            2 => (!version.pre.is_empty() || !own.pre.is_empty()) && version.pre != own.pre,
            // `!=*` is read as `!=0.0.0`.
            _ => compared != Ordering::Equal,
        }
    }

    /// `>1` begins at 2.0.0, `>1.2` at 1.3.0.
    fn greater(&self, version: &Version, compared: Ordering) -> bool {
        let own = &self.version;
        match self.open_from {
            1 => version.major > own.major,
            2 => (version.major, version.minor) > (own.major, own.minor),
            _ => compared == Ordering::Greater,
        }
    }

    /// `<=1` ends before 2.0.0, `<=1.2` before 1.3.0.
    fn less_or_equal(&self, version: &Version, compared: Ordering) -> bool {
        let own = &self.version;
        match self.open_from {
            3 => compared != Ordering::Greater,
            1 => version.major <= own.major,
            _ => (version.major, version.minor) <= (own.major, own.minor),
        }
    }
}
