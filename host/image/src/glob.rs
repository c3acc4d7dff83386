//! Patterns of paths: those of COPY (Go's `filepath.Match`) and those of `.dockerignore`, which add `**`.
//!
//! A pattern is a small automaton that is walked once along the text, so no pattern takes exponential time.

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Exactly(char),
    /// `?`: one character but `/`.
    One,
    /// `[a-z]`: one character but `/`.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// `*`: any characters but `/`.
    Any,
    /// Any characters.
    Deep,
    /// The next two tokens may be left out.
    Optional,
}

/// A pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a valid pattern: {problem}")]
pub struct InvalidPattern {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// How far a text has come through a pattern.
type States = Vec<bool>;

impl Glob {
    /// Reads one part of a path in COPY: `*`, `?`, `[a-z]`, `\x`.
    pub(crate) fn parse(pattern: &str) -> Result<Self, InvalidPattern> {
        Self::read(pattern, false)
    }

    /// Reads a pattern of `.dockerignore`, in which `**` crosses folders.
    pub(crate) fn parse_deep(pattern: &str) -> Result<Self, InvalidPattern> {
        match pattern.strip_prefix("**") {
            // `**.md` is whatever ends so, as Docker's package `patternmatcher` takes it.
            Some(end) if !end.is_empty() && !end.starts_with('/') && !end.contains(['*', '?', '[', '\\']) => {
                Ok(Self {
                    tokens: [Token::Deep].into_iter().chain(end.chars().map(Token::Exactly)).collect(),
                })
            }
            _ => Self::read(pattern, true),
        }
    }

    fn read(pattern: &str, deep: bool) -> Result<Self, InvalidPattern> {
        let invalid = |problem| InvalidPattern { pattern: pattern.to_owned(), problem };
        let mut tokens = Vec::new();
        let mut rest = pattern.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '*' if deep && rest.peek() == Some(&'*') => {
                    rest.next();
                    rest.next_if_eq(&'/');
                    if rest.peek().is_some() {
                        tokens.extend([Token::Optional, Token::Deep, Token::Exactly('/')]);
                    } else {
                        tokens.push(Token::Deep);
                    }
                }
                '*' => tokens.push(Token::Any),
                '?' => tokens.push(Token::One),
                '[' => tokens.push(class(&mut rest).map_err(invalid)?),
                '\\' => {
                    let escaped = rest.next().ok_or_else(|| invalid("nothing follows the last `\\`"))?;
                    tokens.push(Token::Exactly(escaped));
                }
                _ => tokens.push(Token::Exactly(character)),
            }
        }
        Ok(Self { tokens })
    }

    /// Whether the whole text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.walk(text)[self.tokens.len()]
    }

    /// Whether some text that begins with this one matches.
    pub(crate) fn could_match_beyond(&self, beginning: &str) -> bool {
        self.walk(beginning).contains(&true)
    }

    fn walk(&self, text: &str) -> States {
        let mut states = vec![false; self.tokens.len() + 1];
        states[0] = true;
        self.skip(&mut states);
        for character in text.chars() {
            let mut next = vec![false; states.len()];
            for (state, token) in self.tokens.iter().enumerate().filter(|(state, _)| states[*state]) {
                let stays = match token {
                    Token::Any => character != '/',
                    Token::Deep => true,
                    _ => false,
                };
                next[state] |= stays;
                next[state + 1] |= token.takes(character);
            }
            self.skip(&mut next);
            if !next.contains(&true) {
                return next;
            }
            states = next;
        }
        states
    }

    /// Adds the states that are reached without a character. Such steps only lead forward.
    fn skip(&self, states: &mut States) {
        for (state, token) in self.tokens.iter().enumerate() {
            if states[state] && matches!(token, Token::Any | Token::Deep | Token::Optional) {
                states[state + 1] = true;
                if *token == Token::Optional {
                    states[state + 3] = true;
                }
            }
        }
    }
}

impl Token {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Exactly(expected) => *expected == character,
            Self::One => character != '/',
            Self::Class { negated, ranges } => {
                let inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&character));
                character != '/' && inside != *negated
            }
            Self::Any | Self::Deep | Self::Optional => false,
        }
    }
}

/// Reads a class after its `[`.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Token, &'static str> {
    const OPEN: &str = "a `[` is not closed";
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let low = match rest.next().ok_or(OPEN)? {
            ']' if !ranges.is_empty() => return Ok(Token::Class { negated, ranges }),
            ']' => return Err("a `[]` holds nothing"),
            '-' => return Err("a range begins with `-`: write `\\-`"),
            '\\' => rest.next().ok_or(OPEN)?,
            plain => plain,
        };
        let high = if rest.next_if_eq(&'-').is_some() {
            match rest.next().ok_or(OPEN)? {
                ']' | '-' => return Err("a range has no end"),
                '\\' => rest.next().ok_or(OPEN)?,
                plain => plain,
            }
        } else {
            low
        };
        ranges.push((low, high));
    }
}

/// Whether the text holds a character that makes it a pattern.
pub(crate) fn is_pattern(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_match_as_in_go() {
        for (pattern, text, expected) in [
            ("*.log", "a.log", true),
            ("*.log", ".log", true),
            ("*", "a/b", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("arr[[]0].log", "arr[0].log", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a**b", "axxb", true),
            ("ä*", "äö", true),
        ] {
            assert_eq!(Glob::parse(pattern).unwrap().matches(text), expected, "{pattern} {text}");
        }
        for pattern in ["[", "[]", "[a", "[a-]", "a\\", "[-a]"] {
            assert!(Glob::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn stars_do_not_explode() {
        let glob = Glob::parse_deep(&"**/a*".repeat(60)).unwrap();
        assert!(!glob.matches(&"a/".repeat(500)));
    }
}
