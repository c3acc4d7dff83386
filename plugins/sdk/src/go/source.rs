//! Reading characters and classes of an expression by Go's rules. `fold` says whether upper and lower case are the same.

use super::class::Class;

/// What is left of an expression.
pub(super) struct Source<'a> {
    pub(super) rest: &'a str,
}

impl Source<'_> {
    /// Goes past a text, if it stands here.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let after = self.rest.strip_prefix(text);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Goes past one character.
    pub(super) fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    /// A class that is written with a letter after the backslash: `\d`, `\W`, `\pL`, `\p{Lu}`, `\P{^Lu}`.
    pub(super) fn letter_class(&mut self, fold: bool) -> Result<Option<Class>, String> {
        let Some(letter) = self.rest.chars().next() else { return Ok(None) };
        let mut negated = letter.is_ascii_uppercase();
        let class = match letter {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => {
                self.next();
                Class::named(&letter.to_ascii_lowercase().to_string())
            }
            'p' | 'P' => {
                self.next();
                let mut name = self.next().ok_or("a class of Unicode has no name")?.to_string();
                if name == "{" {
                    let (inner, after) =
                        self.rest.split_once('}').ok_or("a class of Unicode is not closed")?;
                    self.rest = after;
                    negated ^= inner.starts_with('^');
                    inner.strip_prefix('^').unwrap_or(inner).clone_into(&mut name);
                }
                let class = Class::unicode(&name).ok_or_else(|| {
                    format!("no character of a tag is in `{name}`, or there is no such class of Unicode")
                })?;
                Some(if fold { class.folded() } else { class })
            }
            _ => return Ok(None),
        };
        Ok(class.map(|class| if negated { class.negated() } else { class }))
    }

    /// One character that is written with a backslash, after it.
    pub(super) fn escape(&mut self) -> Result<char, String> {
        let unknown = |character| format!("`\\{character}` stands for nothing");
        let character = self.next().ok_or("it ends with a backslash")?;
        Ok(match character {
            'a' => '\x07',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'x' => return self.hexadecimal(),
            '0'..='7' => return self.octal(character),
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => other,
            other => return Err(unknown(other)),
        })
    }

    /// `\0` or up to three digits, after the first one.
    fn octal(&mut self, first: char) -> Result<char, String> {
        let more = self.rest.bytes().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
        if first != '0' && more == 0 {
            return Err(format!("`\\{first}` would look back, which is not possible"));
        }
        let (digits, after) = self.rest.split_at(more);
        self.rest = after;
        let value = u32::from_str_radix(&format!("{first}{digits}"), 8).ok();
        value.and_then(char::from_u32).ok_or_else(|| format!("`\\{first}{digits}` is no character"))
    }

    /// `\x7F` or `\x{10FFFF}`, after the `x`.
    fn hexadecimal(&mut self) -> Result<char, String> {
        let (digits, after) = if self.take("{") {
            self.rest.split_once('}').ok_or("`\\x{` is not closed")?
        } else {
            self.rest.split_at_checked(2).ok_or("`\\x` needs two digits")?
        };
        self.rest = after;
        let well = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = well.then(|| u32::from_str_radix(digits, 16).ok()).flatten();
        value.and_then(char::from_u32).ok_or_else(|| format!("`\\x{{{digits}}}` is no character"))
    }

    /// What stands in brackets, after the first one.
    pub(super) fn class(&mut self, fold: bool) -> Result<Class, String> {
        let negated = self.take("^");
        let mut class = Class::default();
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if let Some(part) = self.class_by_name(fold)? {
                class.join(part);
                continue;
            }
            let from = self.class_character()?;
            let mut to = from;
            if let Some(after) = self.rest.strip_prefix('-')
                && !after.starts_with(']')
                && !after.is_empty()
            {
                self.rest = after;
                to = self.class_character()?;
            }
            if to < from {
                return Err(format!("`{from}-{to}` is a range that ends before it begins"));
            }
            let range = Class::between(from, to);
            class.join(if fold { range.folded() } else { range });
        }
        self.take("]");
        Ok(if negated { class.negated() } else { class })
    }

    /// A class within brackets: `[:alpha:]`, `[:^alpha:]`, `\d`, `\pL`.
    fn class_by_name(&mut self, fold: bool) -> Result<Option<Class>, String> {
        if let Some(inner) = self.rest.strip_prefix("[:")
            && let Some((name, after)) = inner.split_once(":]")
        {
            let (name, negated) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
            let class = Some(name).filter(|name| name.len() > 1).and_then(Class::named);
            let class = class.ok_or_else(|| format!("there is no class `[:{name}:]`"))?;
            self.rest = after;
            let class = if fold { class.folded() } else { class };
            return Ok(Some(if negated { class.negated() } else { class }));
        }
        let Some(after) = self.rest.strip_prefix('\\') else { return Ok(None) };
        let here = std::mem::replace(&mut self.rest, after);
        let class = self.letter_class(fold)?;
        if class.is_none() {
            self.rest = here;
        }
        Ok(class)
    }

    /// One character within brackets.
    fn class_character(&mut self) -> Result<char, String> {
        match self.next() {
            None => Err("a bracket is not closed".to_owned()),
            Some('\\') => self.escape(),
            Some(character) => Ok(character),
        }
    }
}
