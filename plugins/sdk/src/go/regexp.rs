//! Regular expressions as Go's package `regexp` reads them.

use std::{fmt, str::FromStr};

use super::translate::translate;

/// A regular expression in Go's syntax (pkg.go.dev/regexp/syntax), for texts in ASCII such as an image's tags. It takes what
/// Go takes and refuses what Go refuses; of the classes of Unicode it knows the general categories, `Latin` and `Common`,
/// for no other one has a character in ASCII.
///
/// ```
/// use plimsoll_sdk::go::Regexp;
///
/// let builds: Regexp = r"^build-(?P<number>[0-9]+)$".parse()?;
/// assert!(builds.is_match("build-7"));
/// assert_eq!(builds.expand("build-7", "$number").as_deref(), Some("7"));
/// assert!("(?x)a".parse::<Regexp>().is_err());
/// # Ok::<(), plimsoll_sdk::go::NotARegexp>(())
/// ```
#[derive(Debug, Clone)]
pub struct Regexp {
    regex: regex_lite::Regex,
    /// The names of the groups; the first one is the whole match.
    names: Vec<Option<String>>,
}

/// A text that is no regular expression.
///
/// ```
/// let error = "(".parse::<plimsoll_sdk::go::Regexp>().unwrap_err();
/// assert_eq!(error.to_string(), "`(` is no regular expression: a group is not closed");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotARegexp {
    written: String,
    reason: String,
}

impl fmt::Display for NotARegexp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no regular expression: {}", self.written, self.reason)
    }
}

impl std::error::Error for NotARegexp {}

impl FromStr for Regexp {
    type Err = NotARegexp;

    fn from_str(written: &str) -> Result<Self, NotARegexp> {
        let refused = |reason| NotARegexp { written: written.to_owned(), reason };
        let (pattern, names) = translate(written).map_err(refused)?;
        let regex = regex_lite::RegexBuilder::new(&pattern)
            .nest_limit(200)
            .build()
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self { regex, names })
    }
}

impl Regexp {
    /// Whether it matches somewhere in a text.
    ///
    /// ```
    /// # use plimsoll_sdk::go::Regexp;
    /// assert!("b+".parse::<Regexp>()?.is_match("abc"));
    /// # Ok::<(), plimsoll_sdk::go::NotARegexp>(())
    /// ```
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// A template filled from the first match, as Go's `Expand` does: `$name` and `${name}` stand for groups, by name or
    /// number, and `$$` for a dollar sign. A group that there is not stands for nothing. `None`: nothing matches.
    ///
    /// ```
    /// # use plimsoll_sdk::go::Regexp;
    /// let version: Regexp = "([0-9]+)-([0-9]+)".parse()?;
    /// assert_eq!(version.expand("main-7-12", "${1}.$2").as_deref(), Some("7.12"));
    /// assert_eq!(version.expand("main-7-12", "$1x").as_deref(), Some(""));
    /// assert_eq!(version.expand("main", "$1"), None);
    /// # Ok::<(), plimsoll_sdk::go::NotARegexp>(())
    /// ```
    #[must_use]
    pub fn expand(&self, text: &str, template: &str) -> Option<String> {
        let captures = self.regex.captures(text)?;
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('$') {
            filled.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                filled.push('$');
                rest = after;
            } else if let Some((name, after)) = reference(after) {
                let group = self.groups(name).find_map(|group| captures.get(group));
                filled.push_str(group.map_or("", |group| group.as_str()));
                rest = after;
            } else {
                filled.push('$');
                rest = after;
            }
        }
        filled.push_str(rest);
        Some(filled)
    }

    /// The groups of a name, or the one of a number. A number with a leading zero is a name.
    fn groups(&self, name: &str) -> impl Iterator<Item = usize> {
        let digits = name.bytes().all(|byte| byte.is_ascii_digit());
        let number =
            (digits && (name == "0" || !name.starts_with('0'))).then(|| name.parse().unwrap_or(usize::MAX));
        let named = self.names.iter().enumerate();
        let named = named.filter(move |(_, known)| number.is_none() && known.as_deref() == Some(name));
        number.into_iter().chain(named.map(|(group, _)| group))
    }
}

/// The name after a dollar sign, and what follows it; `None` when there is none.
fn reference(text: &str) -> Option<(&str, &str)> {
    let braced = text.strip_prefix('{');
    let text = braced.unwrap_or(text);
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    let after = if braced.is_some() { after.strip_prefix('}')? } else { after };
    (!name.is_empty()).then_some((name, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_go_refuses_is_refused() {
        for bad in [
            "(",
            ")",
            "a**",
            "*",
            "[",
            "[z-a]",
            "(?x)a",
            "(?P<>a)",
            r"\1",
            r"\Z",
            "a{1001}",
            "(a{40}){40}",
            r"\p{Greek}",
            "(?=a)",
        ] {
            assert!(bad.parse::<Regexp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_only_go_takes_is_taken() {
        for (pattern, text, expected) in [
            ("a{,2}", "a{,2}", true),
            ("[[a]", "[", true),
            (r"\pL+", "abc", true),
            ("(?ii)A", "a", true),
            ("(?i)[^a]", "A", false),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            (r"^[\d-z]$", "-", true),
            ("^(?P<1a>x)$", "x", true),
            ("^a+(?i)?$", "", true),
        ] {
            let read: Regexp = pattern.parse().unwrap();
            assert_eq!(read.is_match(text), expected, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_written_is_fatal(pattern in "\\PC{0,12}", text in "[a-z.-]{0,8}", template in "\\PC{0,8}") {
            if let Ok(read) = pattern.parse::<Regexp>() {
                prop_assert_eq!(read.is_match(&text), read.expand(&text, &template).is_some());
            }
        }
    }
}
