//! Regular expressions of JavaScript, and what `String.prototype.match` finds with them.

use regress::{Flags, Regex};
use thiserror::Error;

/// A regular expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternError {
    /// The expression is none.
    #[error("the regular expression `{pattern}` is none: {reason}")]
    Expression {
        /// The expression.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// The flags behind it are none.
    #[error("`{flags}` are no flags of a regular expression")]
    Flags {
        /// The flags.
        flags: String,
    },
}

/// A pattern, with or without slashes around it.
#[derive(Debug)]
pub struct Pattern {
    expression: Regex,
    /// Whether all matches are looked for, and their groups are left aside.
    global: bool,
    /// Whether a match begins where the one before it ended.
    sticky: bool,
}

impl Pattern {
    /// An expression without flags.
    ///
    /// # Errors
    /// It is none.
    pub fn plain(expression: &str) -> Result<Self, PatternError> {
        Self::with_flags(expression, "")
    }

    /// An expression, or one written `/expression/flags`.
    ///
    /// # Errors
    /// It is none, or its flags are none.
    pub fn read(text: &str) -> Result<Self, PatternError> {
        match slashed(text) {
            Some((expression, flags)) => Self::with_flags(expression, flags),
            None => Self::plain(text),
        }
    }

    fn with_flags(expression: &str, flags: &str) -> Result<Self, PatternError> {
        let repeated = flags.char_indices().any(|(place, flag)| flags[..place].contains(flag));
        let unknown = flags.chars().any(|flag| !"dgimsuvy".contains(flag));
        let has = |flag| flags.contains(flag);
        if repeated || unknown || (has('u') && has('v')) {
            return Err(PatternError::Flags { flags: flags.to_owned() });
        }
        let options = Flags {
            icase: has('i'),
            multiline: has('m'),
            dot_all: has('s'),
            unicode: has('u'),
            unicode_sets: has('v'),
            ..Flags::default()
        };
        let expression = Regex::with_flags(expression, options).map_err(|error| {
            PatternError::Expression { pattern: expression.to_owned(), reason: error.to_string() }
        })?;
        Ok(Self { expression, global: has('g'), sticky: has('y') })
    }

    /// What matches in a text: the match and its groups, or all matches where the pattern asks for all. None: nothing
    /// matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> Option<Vec<Option<String>>> {
        if !self.global {
            let found = self.expression.find(text).filter(|found| !self.sticky || found.start() == 0)?;
            return Some(found.groups().map(|group| group.map(|range| text[range].to_owned())).collect());
        }
        let mut all = Vec::new();
        let mut end = 0;
        for found in self.expression.find_iter(text) {
            if self.sticky && found.start() != end {
                break;
            }
            end = found.end();
            all.push(Some(text[found.range()].to_owned()));
        }
        (!all.is_empty()).then_some(all)
    }
}

/// The two parts of `/expression/flags`, where the text is written so on one line.
fn slashed(text: &str) -> Option<(&str, &str)> {
    let (expression, flags) = text.strip_prefix('/')?.rsplit_once('/')?;
    let one_line = !text.contains(['\n', '\r', '\u{2028}', '\u{2029}']);
    (one_line && !expression.is_empty()).then_some((expression, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> Option<Vec<Option<String>>> {
        Pattern::read(pattern).unwrap().matches(text)
    }

    fn found(pattern: &str, text: &str) -> Vec<String> {
        matches(pattern, text).unwrap().into_iter().map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn patterns_are_those_of_javascript() {
        assert_eq!(found(r"v(.*)", "v1.2.3"), ["v1.2.3", "1.2.3"]);
        assert_eq!(found(r"/V(\d)\.(\d)/i", "v1.2.3"), ["v1.2", "1", "2"]);
        assert_eq!(found(r"/\d+/g", "v1.2.30"), ["1", "2", "30"]);
        assert_eq!(found(r"(?<=v)(\d)(?!\d)", "v1.2"), ["1", "1"]);
        assert_eq!(found(r"(a)\1", "xaa"), ["aa", "a"]);
        assert_eq!(found(r"a/b", "a/b"), ["a/b"]);
        assert_eq!(matches(r"(a)|b", "b"), Some(vec![Some("b".to_owned()), None]));
        assert_eq!(matches(r"/2/y", "v2"), None);
        assert_eq!(matches(r"/x/g", "v2"), None);
    }

    #[test]
    fn patterns_that_are_none_are_refused() {
        for pattern in ["(", "/a/gg", "/a/x", "/a/uv"] {
            assert!(Pattern::read(pattern).is_err(), "{pattern}");
        }
    }
}
