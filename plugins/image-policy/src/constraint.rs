//! Ranges of versions as Flux takes them, those of the Go package `Masterminds/semver` (version 3, README, "Checking Version
//! Constraints"): alternatives with `||`, parts that all hold with blanks or commas, comparisons, `~`, `^`, `x`, and
//! `1.2 - 1.4`. A pre-release is in an alternative only when one of its parts has one.

use std::{cmp::Ordering, fmt, str::FromStr};

use plimsoll_sdk::semver::{Prerelease, Version};

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
        let alternatives = text
            .split("||")
            .map(|alternative| parts(alternative).ok_or_else(|| NotAConstraint(text.to_owned())));
        Ok(Self { alternatives: alternatives.collect::<Result<_, _>>()? })
    }
}

/// The parts of one alternative.
fn parts(text: &str) -> Option<Vec<Part>> {
    let mut rest = text.trim_start();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, after) = part(rest)?;
        let blank = after.trim_start();
        // A hyphen between blanks makes a range of this one and the next.
        if let Some(last) = blank
            .strip_prefix('-')
            .filter(|last| last.starts_with(char::is_whitespace) && blank.len() < after.len())
        {
            let (end, after) = self::part(last.trim_start())?;
            if part.operator != Operator::Equal || end.operator != Operator::Equal {
                return None;
            }
            parts.push(Part { operator: Operator::GreaterEqual, ..part });
            parts.push(Part { operator: Operator::LessEqual, ..end });
            rest = separated(after)?;
        } else {
            parts.push(part);
            rest = separated(after)?;
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// What follows a part: nothing, or a blank or comma and another part.
fn separated(after: &str) -> Option<&str> {
    let blank = after.trim_start();
    match blank.strip_prefix(',') {
        Some(next) => Some(next.trim_start()).filter(|next| !next.is_empty()),
        None => (blank.is_empty() || blank.len() < after.len()).then_some(blank),
    }
}

/// One part at the beginning of a text, and the rest.
fn part(text: &str) -> Option<(Part, &str)> {
    let found = OPERATORS.iter().find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)));
    let (operator, rest) = found.unwrap_or((Operator::Equal, text));
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('v').unwrap_or(rest);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || ".*-+".contains(c))).unwrap_or(rest.len());
    let (written, rest) = rest.split_at(end);
    let (numbers, tail) = written.split_at(written.find(['-', '+']).unwrap_or(written.len()));
    let mut version = Version::new(0, 0, 0);
    let mut open_from = 3;
    let mut count = 0;
    for (place, number) in numbers.split('.').enumerate() {
        count += 1;
        if ["x", "X", "*"].contains(&number) {
            open_from = open_from.min(place);
            continue;
        }
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let value: u64 = digits.then(|| number.parse().ok()).flatten()?;
        if place < open_from {
            match place {
                0 => version.major = value,
                1 => version.minor = value,
                2 => version.patch = value,
                _ => return None,
            }
        }
    }
    if count > 3 {
        return None;
    }
    open_from = open_from.min(count);
    let (pre, build) = tail.split_once('+').map_or((tail, None), |(pre, build)| (pre, Some(build)));
    if let Some(pre) = pre.strip_prefix('-') {
        version.pre = Prerelease::new(pre).ok().filter(|pre| !pre.is_empty())?;
    }
    if build.is_some_and(str::is_empty) {
        return None;
    }
    Some((Part { operator, version, open_from }, rest))
}

impl Part {
    fn admits(&self, version: &Version) -> bool {
        let compared = version.cmp_precedence(&self.version);
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
