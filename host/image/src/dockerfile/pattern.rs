//! Shell patterns in `${name#pattern}` and its relatives: `*` and `?`, without brackets.

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShellPattern {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Exactly(char),
    One,
    Any,
}

impl ShellPattern {
    /// Reads a pattern in which `\*`, `\?`, `\\`, `\}` and `\/` stand for themselves.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            tokens.push(match character {
                '*' => Token::Any,
                '?' => Token::One,
                '\\' => match characters.next() {
                    Some(escaped @ ('*' | '?' | '\\' | '}' | '/')) => Token::Exactly(escaped),
                    other => {
                        let shown = other.map(String::from).unwrap_or_default();
                        return Err(format!("`\\{shown}` is no escape in the pattern `{text}`: expected `\\*`, `\\?` or `\\\\`"));
                    }
                },
                _ => Token::Exactly(character),
            });
        }
        Ok(Self { tokens })
    }

    /// The value without the shortest or longest prefix that matches.
    pub(super) fn without_prefix(&self, value: &str, longest: bool) -> String {
        let characters: Vec<char> = value.chars().collect();
        let ends = self.ends(&characters);
        let end = if longest { ends.last() } else { ends.first() };
        characters[end.copied().unwrap_or(0)..].iter().collect()
    }

    /// The value without the shortest or longest suffix that matches.
    pub(super) fn without_suffix(&self, value: &str, longest: bool) -> String {
        let backwards: String = value.chars().rev().collect();
        let tokens = self.tokens.iter().rev().copied().collect();
        Self { tokens }.without_prefix(&backwards, longest).chars().rev().collect()
    }

    /// The value with the first match, or every match, replaced; each match is the longest from its place.
    pub(super) fn replace(&self, value: &str, replacement: &str, all: bool) -> String {
        let characters: Vec<char> = value.chars().collect();
        let mut text = String::new();
        let mut next = 0;
        let mut replaced = false;
        let mut end_of_match = None;
        while next <= characters.len() {
            let wanted = all || !replaced;
            let end = if wanted { self.ends(&characters[next..]).last().copied() } else { None };
            if let Some(length) = end.filter(|length| *length > 0 || end_of_match != Some(next)) {
                text.push_str(replacement);
                replaced = true;
                next += length;
                end_of_match = Some(next);
                if length > 0 {
                    continue;
                }
            }
            text.extend(characters.get(next));
            next += 1;
        }
        text
    }

    /// Every length of a prefix that matches, ascending.
    fn ends(&self, characters: &[char]) -> Vec<usize> {
        let mut states = self.skip_any(vec![0]);
        let mut ends = Vec::new();
        for length in 0..=characters.len() {
            if states.contains(&self.tokens.len()) {
                ends.push(length);
            }
            let Some(character) = characters.get(length) else { break };
            let advanced = states.iter().filter_map(|state| match self.tokens.get(*state)? {
                Token::Any => Some(*state),
                Token::One => Some(state + 1),
                Token::Exactly(expected) => (expected == character).then_some(state + 1),
            });
            states = self.skip_any(advanced.collect());
            if states.is_empty() {
                break;
            }
        }
        ends
    }

    /// The states with those added that are reached by letting a `*` stand for nothing.
    fn skip_any(&self, mut states: Vec<usize>) -> Vec<usize> {
        let mut index = 0;
        while let Some(state) = states.get(index).copied() {
            if self.tokens.get(state) == Some(&Token::Any) && !states.contains(&(state + 1)) {
                states.push(state + 1);
            }
            index += 1;
        }
        states.sort_unstable();
        states.dedup();
        states
    }
}
