//! Words with variables: `$name`, `${name}` and its modifiers, quotes and escapes (Dockerfile reference,
//! "Environment replacement"). A word is read once, so that mistakes are found before anything is built, and expanded
//! when the values are known.

use super::pattern::ShellPattern;

/// A word, read but not yet expanded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable { name: String, operation: Operation },
}

/// What is done with the value of a variable. `empty_is_unset` is the colon of `${a:-b}`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Operation {
    Value,
    Default { empty_is_unset: bool, word: Template },
    Alternative { empty_is_unset: bool, word: Template },
    Required { empty_is_unset: bool, word: Template },
    WithoutPrefix { longest: bool, pattern: Template },
    WithoutSuffix { longest: bool, pattern: Template },
    Replace { all: bool, pattern: Template, replacement: Template },
}

/// The deepest nesting of `${a:-${b:-...}}`.
const DEEPEST: usize = 32;

impl Template {
    /// Reads a word. `escape` is the Dockerfile's escape character.
    ///
    /// # Errors
    /// A quote or a brace is not closed, or a modifier is unknown; the text says which.
    pub fn parse(word: &str, escape: char) -> Result<Self, String> {
        let mut reader =
            Reader { characters: word.chars().collect(), next: 0, escape, depth: 0, quotes: true };
        reader.until(None, Escapes::Resolved)
    }

    /// Reads the text of a here-document, in which quotes mean nothing. An escape character goes, as in words, whatever
    /// follows it.
    ///
    /// # Errors
    /// As for [`Template::parse`].
    pub fn parse_text(text: &str, escape: char) -> Result<Self, String> {
        let mut reader =
            Reader { characters: text.chars().collect(), next: 0, escape, depth: 0, quotes: false };
        reader.until(None, Escapes::Resolved)
    }

    /// The word with the values that `lookup` knows; a variable that it does not know is empty.
    ///
    /// # Errors
    /// A variable that `${name:?message}` demands has no value, or a pattern is wrong.
    pub fn expand(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Variable { name, operation } => text.push_str(&operation.apply(name, lookup)?),
            }
        }
        Ok(text)
    }
}

impl Operation {
    fn apply(&self, name: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
        let value = lookup(name);
        let present = |empty_is_unset: bool| {
            value.as_deref().filter(|value| !(empty_is_unset && value.is_empty())).map(str::to_owned)
        };
        match self {
            Self::Value => Ok(value.unwrap_or_default()),
            Self::Default { empty_is_unset, word } => {
                present(*empty_is_unset).map_or_else(|| word.expand(lookup), Ok)
            }
            Self::Alternative { empty_is_unset, word } => match present(*empty_is_unset) {
                Some(_) => word.expand(lookup),
                None => Ok(String::new()),
            },
            Self::Required { empty_is_unset, word } => match present(*empty_is_unset) {
                Some(value) => Ok(value),
                None => {
                    let message = word.expand(lookup)?;
                    let fallback = if value.is_some() { "must not be empty" } else { "has no value" };
                    Err(format!("{name}: {}", if message.is_empty() { fallback } else { &message }))
                }
            },
            Self::WithoutPrefix { longest, pattern } => Ok(ShellPattern::parse(&pattern.expand(lookup)?)?
                .without_prefix(&value.unwrap_or_default(), *longest)),
            Self::WithoutSuffix { longest, pattern } => Ok(ShellPattern::parse(&pattern.expand(lookup)?)?
                .without_suffix(&value.unwrap_or_default(), *longest)),
            Self::Replace { all, pattern, replacement } => {
                let replacement = replacement.expand(lookup)?;
                Ok(ShellPattern::parse(&pattern.expand(lookup)?)?.replace(
                    &value.unwrap_or_default(),
                    &replacement,
                    *all,
                ))
            }
        }
    }
}

/// What becomes of escape characters: resolved, or kept: for a pattern to read, and in what replaces it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    Resolved,
    Kept,
}

struct Reader {
    characters: Vec<char>,
    next: usize,
    escape: char,
    depth: usize,
    quotes: bool,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.next).copied()
    }

    fn take(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.next += 1;
        Some(character)
    }

    /// Reads to `stop`, which is consumed, or to the end when there is none.
    fn until(&mut self, stop: Option<char>, escapes: Escapes) -> Result<Template, String> {
        let mut template = Builder::default();
        while let Some(character) = self.take() {
            match character {
                _ if Some(character) == stop => return Ok(template.finish()),
                '$' => self.dollar(&mut template)?,
                '\'' if self.quotes => self.single_quoted(&mut template)?,
                '"' if self.quotes => self.double_quoted(&mut template)?,
                _ if character == self.escape => {
                    if escapes == Escapes::Kept {
                        template.push(character);
                    }
                    if let Some(escaped) = self.take() {
                        template.push(escaped);
                    }
                }
                _ => template.push(character),
            }
        }
        match stop {
            None => Ok(template.finish()),
            Some(stop) => Err(format!("`{stop}` is missing at the end of `${{`")),
        }
    }

    fn single_quoted(&mut self, template: &mut Builder) -> Result<(), String> {
        loop {
            match self.take() {
                Some('\'') => return Ok(()),
                Some(character) => template.push(character),
                None => return Err("a single quote is not closed".to_owned()),
            }
        }
    }

    fn double_quoted(&mut self, template: &mut Builder) -> Result<(), String> {
        loop {
            match self.take() {
                Some('"') => return Ok(()),
                Some('$') => self.dollar(template)?,
                Some(character) if character == self.escape => match self.peek() {
                    Some(next) if next == '"' || next == '$' || next == self.escape => {
                        template.push(next);
                        self.next += 1;
                    }
                    _ => template.push(character),
                },
                Some(character) => template.push(character),
                None => return Err("a double quote is not closed".to_owned()),
            }
        }
    }

    /// Reads what follows a `$`.
    fn dollar(&mut self, template: &mut Builder) -> Result<(), String> {
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                template.push('$');
            } else {
                template.variable(name, Operation::Value);
            }
            return Ok(());
        }
        self.next += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("variables are nested more than {DEEPEST} deep"));
        }
        let name = self.name();
        if name.is_empty() {
            return Err("a variable's name is missing after `${`".to_owned());
        }
        let operation = self.operation(&name)?;
        self.depth -= 1;
        template.variable(name, operation);
        Ok(())
    }

    fn operation(&mut self, name: &str) -> Result<Operation, String> {
        let mut modifier = self.take();
        let empty_is_unset = modifier == Some(':');
        if empty_is_unset {
            modifier = self.take();
        }
        match modifier {
            Some('}') if !empty_is_unset => Ok(Operation::Value),
            Some('-') => Ok(Operation::Default { empty_is_unset, word: self.word()? }),
            Some('+') => Ok(Operation::Alternative { empty_is_unset, word: self.word()? }),
            Some('?') => Ok(Operation::Required { empty_is_unset, word: self.word()? }),
            Some(mark @ ('#' | '%')) if !empty_is_unset => {
                let longest = self.peek() == Some(mark);
                self.next += usize::from(longest);
                let pattern = self.until(Some('}'), Escapes::Kept)?;
                Ok(if mark == '#' {
                    Operation::WithoutPrefix { longest, pattern }
                } else {
                    Operation::WithoutSuffix { longest, pattern }
                })
            }
            Some('/') if !empty_is_unset => {
                let all = self.peek() == Some('/');
                self.next += usize::from(all);
                let pattern = self.until(Some('/'), Escapes::Kept)?;
                let replacement = self.until(Some('}'), Escapes::Kept)?;
                Ok(Operation::Replace { all, pattern, replacement })
            }
            None => Err(format!("`}}` is missing after `${{{name}`")),
            Some(other) => Err(format!(
                "the modifier `{}{other}` of `${{{name}` is unknown: expected one of `:- - :+ + :? ? # ## % %% / //`",
                if empty_is_unset { ":" } else { "" }
            )),
        }
    }

    fn word(&mut self) -> Result<Template, String> {
        self.until(Some('}'), Escapes::Resolved)
    }

    /// A name; a number or one special character, which the shell would give a meaning and which are empty here; or
    /// nothing.
    fn name(&mut self) -> String {
        let start = self.next;
        let first = self.peek();
        if first.is_some_and(|c| c.is_ascii_digit()) {
            while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                self.next += 1;
            }
        } else if first.is_some_and(|c| "@*#?-$!".contains(c)) {
            self.next += 1;
        } else {
            while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
                self.next += 1;
            }
        }
        self.characters[start..self.next].iter().collect()
    }
}

/// Collects parts, joining neighbouring characters.
#[derive(Default)]
struct Builder {
    parts: Vec<Part>,
}

impl Builder {
    fn push(&mut self, character: char) {
        if let Some(Part::Text(text)) = self.parts.last_mut() {
            text.push(character);
        } else {
            self.parts.push(Part::Text(character.to_string()));
        }
    }

    fn variable(&mut self, name: String, operation: Operation) {
        self.parts.push(Part::Variable { name, operation });
    }

    fn finish(self) -> Template {
        Template { parts: self.parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(word: &str) -> Result<String, String> {
        Template::parse(word, '\\')?.expand(&|name| match name {
            "v" => Some("value".to_owned()),
            "e" => Some(String::new()),
            "p" => Some("a/b/c.tar.gz".to_owned()),
            "star" => Some("a*b*c".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn words_expand_as_in_the_reference() {
        for (word, expected) in [
            ("plain", "plain"),
            ("$v", "value"),
            ("${v}", "value"),
            ("x$v-y", "xvalue-y"),
            ("$vx", ""),
            ("${v}x", "valuex"),
            ("$none", ""),
            ("\\$v", "$v"),
            ("\\${v}", "${v}"),
            ("'$v'", "$v"),
            ("\"$v\"", "value"),
            ("\"\\$v \\\" \\\\ \\x\"", "$v \" \\ \\x"),
            ("a\\ b", "a b"),
            ("a\\", "a"),
            ("$", "$"),
            ("a$", "a$"),
            ("$.", "$."),
            ("$1$@$$x", "x"),
            ("$12a", "a"),
            ("${v:-w}", "value"),
            ("${e:-w}", "w"),
            ("${e-w}", ""),
            ("${none-w}", "w"),
            ("${none:-}", ""),
            ("${none:-$v}", "value"),
            ("${none:-${e:-${v}}}", "value"),
            ("${none:-a b}", "a b"),
            ("${none:-\"a}\"}", "a}"),
            ("${v:+w}", "w"),
            ("${e:+w}", ""),
            ("${e+w}", "w"),
            ("${none+w}", ""),
            ("${v:?no}", "value"),
            ("${e?no}", ""),
            ("${p#*/}", "b/c.tar.gz"),
            ("${p##*/}", "c.tar.gz"),
            ("${p%.*}", "a/b/c.tar"),
            ("${p%%.*}", "a/b/c"),
            ("${p#x}", "a/b/c.tar.gz"),
            ("${p/b/x}", "a/x/c.tar.gz"),
            ("${p//\\//-}", "a-b-c.tar.gz"),
            ("${p//\\//\\/}", "a\\/b\\/c.tar.gz"),
            ("${p/?.*/x}", "a/b/x"),
            ("${p/$none/x}", "xa/b/c.tar.gz"),
            ("${star%%\\**}", "a"),
            ("${star//\\*/-}", "a-b-c"),
            ("${v/a/}", "vlue"),
            ("ä$v", "ävalue"),
        ] {
            assert_eq!(expand(word).as_deref(), Ok(expected), "{word}");
        }
    }

    #[test]
    fn wrong_words_are_told() {
        for word in [
            "${",
            "${}",
            "${.}",
            "${v",
            "${v:",
            "${v:x}",
            "${v*}",
            "'a",
            "\"a",
            "${none:-",
            "${v/a",
            "${none?}",
            "${none:?}",
            "${e:?}",
            "${:x}",
            "${v#\\a}",
        ] {
            assert!(expand(word).is_err(), "{word}");
        }
        assert_eq!(expand("${none:?say this}"), Err("none: say this".to_owned()));
    }

    #[test]
    fn the_text_of_a_file_keeps_its_quotes() {
        let template = Template::parse_text("'$v' \"${v}\" \\$v \\\\ \\n", '\\').unwrap();
        assert_eq!(template.expand(&|_| Some("x".to_owned())).unwrap(), "'x' \"x\" $v \\ n");
    }
}
