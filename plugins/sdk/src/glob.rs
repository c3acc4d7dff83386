//! Patterns over names.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A pattern over names such as tags and branches: `*` stands for any run of characters, also none and also across
/// `/`; `?` stands for one character; everything else stands for itself. Upper and lower case differ, and the whole
/// name must match. Use it in settings as it is.
///
/// ```
/// use plimsoll_sdk::Glob;
///
/// let pattern: Glob = "v*.*.*".parse()?;
/// assert!(pattern.matches("v1.2.3"));
/// assert!(pattern.matches("v1.2.3-rc.1"));
/// assert!(!pattern.matches("v1.2"));
/// # Ok::<(), plimsoll_sdk::InvalidGlob>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Glob(String);

/// A pattern that no name can match.
///
/// ```
/// use plimsoll_sdk::{Glob, InvalidGlob};
/// assert_eq!("".parse::<Glob>(), Err(InvalidGlob));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidGlob;

impl fmt::Display for InvalidGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an empty pattern matches nothing; `*` matches everything")
    }
}

impl std::error::Error for InvalidGlob {}

impl Glob {
    /// Whether the whole name matches.
    ///
    /// ```
    /// let hotfixes: plimsoll_sdk::Glob = "hotfix/*".parse()?;
    /// assert!(hotfixes.matches("hotfix/2024/login"));
    /// assert!(!hotfixes.matches("a-hotfix/1"));
    /// # Ok::<(), plimsoll_sdk::InvalidGlob>(())
    /// ```
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        matches(&self.0, name)
    }

    /// The pattern as it was written.
    ///
    /// ```
    /// let pattern: plimsoll_sdk::Glob = "v*".parse()?;
    /// assert_eq!(pattern.as_str(), "v*");
    /// # Ok::<(), plimsoll_sdk::InvalidGlob>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Matches from the left. After a `*` it tries the shortest run first; only the last `*` is ever tried again, as an
/// earlier one that took more could not help: so the time is at most the product of the two lengths.
fn matches(pattern: &str, name: &str) -> bool {
    let (mut rest, mut name) = (pattern.chars(), name.chars());
    let mut retry = None;
    loop {
        let name_before = name.clone();
        match (rest.next(), name.next()) {
            (Some('*'), _) => {
                name = name_before;
                retry = Some((rest.clone(), name.clone()));
            }
            (None, None) => return true,
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => {
                let Some((after_star, mut from)) = retry else { return false };
                if from.next().is_none() {
                    return false;
                }
                (rest, name) = (after_star.clone(), from.clone());
                retry = Some((after_star, from));
            }
        }
    }
}

impl std::str::FromStr for Glob {
    type Err = InvalidGlob;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Glob {
    type Error = InvalidGlob;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() { Err(InvalidGlob) } else { Ok(Self(text)) }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Glob {
    fn schema_name() -> Cow<'static, str> {
        "Glob".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "format": "glob" })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("v*", "v1.2.3", true),
            ("v*", "v", true),
            ("v*", "V1", false),
            ("v*", "av1", false),
            ("v1.?", "v1.2", true),
            ("v1.?", "v1.", false),
            ("*", "", true),
            ("*-rc.*", "v1-rc.2-rc.3", true),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXcXb", false),
            ("?", "ü", true),
            ("**", "x/y", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let (pattern, name) = ("a*".repeat(500) + "b", "a".repeat(5_000));
        assert!(!matches(&pattern, &name));
    }

    /// The definition, without any cleverness.
    fn by_definition(pattern: &[char], name: &[char]) -> bool {
        match pattern {
            [] => name.is_empty(),
            ['*', rest @ ..] => (0..=name.len()).any(|taken| by_definition(rest, &name[taken..])),
            ['?', rest @ ..] => !name.is_empty() && by_definition(rest, &name[1..]),
            [wanted, rest @ ..] => name.first() == Some(wanted) && by_definition(rest, &name[1..]),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab*?]{0,8}", name in "[abü]{0,8}") {
            let (p, n): (Vec<_>, Vec<_>) = (pattern.chars().collect(), name.chars().collect());
            prop_assert_eq!(matches(&pattern, &name), by_definition(&p, &n));
        }
    }
}
