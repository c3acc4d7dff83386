//! From the text inside of braces to tokens.

use super::parse::TemplateError;
use crate::javascript::is_white_space;

/// What stands between opening and closing braces.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, `.` or `..`.
    Name(String),
    /// `.` or `/` between names.
    Separator,
    /// `=`
    Equals,
    /// `@`
    Data,
    /// `(`
    Open,
    /// `)`
    Close,
    /// A text in quotes.
    Text(String),
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// `undefined`
    Undefined,
    /// `null`
    Null,
}

/// The end of what stands in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Bytes up to behind the closing braces.
    pub(super) length: usize,
    /// Whether there are three of them.
    pub(super) triple: bool,
    /// Whether white space behind them is taken away.
    pub(super) strip: bool,
}

/// The tokens up to the closing braces, and how they end.
pub(super) fn tokens(text: &str) -> Result<(Vec<Token>, End), TemplateError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(is_white_space);
        if let Some(mut end) = closing(rest) {
            end.length += text.len() - rest.len();
            return Ok((tokens, end));
        }
        let (token, length) = token(rest).ok_or_else(|| TemplateError::Syntax { near: near(rest) })?;
        tokens.push(token);
        rest = &rest[length..];
    }
}

/// The beginning of a text, for messages.
pub(super) fn near(text: &str) -> String {
    text.chars().take(20).collect()
}

fn closing(rest: &str) -> Option<End> {
    // Four of them close nothing that is read here.
    if rest.starts_with("}}}}") {
        return None;
    }
    for (braces, triple, strip) in
        [("}}}", true, false), ("}~}}", true, true), ("~}}", false, true), ("}}", false, false)]
    {
        if rest.starts_with(braces) {
            return Some(End { length: braces.len(), triple, strip });
        }
    }
    None
}

fn token(rest: &str) -> Option<(Token, usize)> {
    let first = rest.chars().next()?;
    match first {
        '(' => return Some((Token::Open, 1)),
        ')' => return Some((Token::Close, 1)),
        '=' => return Some((Token::Equals, 1)),
        '@' => return Some((Token::Data, 1)),
        '"' | '\'' => return quoted(rest, first),
        '[' => return segment(rest),
        '/' => return Some((Token::Separator, 1)),
        _ => {}
    }
    if rest.starts_with("..") {
        return Some((Token::Name("..".to_owned()), 2));
    }
    if let Some(after) = rest.strip_prefix('.') {
        let alone = after.starts_with(ends_name);
        return Some((if alone { Token::Name(".".to_owned()) } else { Token::Separator }, 1));
    }
    word(rest)
}

/// A text in quotes; a backslash protects the quote.
fn quoted(rest: &str, quote: char) -> Option<(Token, usize)> {
    let escaped = format!("\\{quote}");
    let mut at = 1;
    loop {
        let next = rest[at..].find(quote)?;
        // The quote is the text's end where no backslash stands before it, or where nothing else can be.
        if !rest[1..at + next].ends_with('\\') || !rest[at + next + 1..].contains(quote) {
            let text = rest[1..at + next].replace(&escaped, &quote.to_string());
            return Some((Token::Text(text), at + next + 1));
        }
        at += next + 1;
    }
}

/// A name in brackets.
fn segment(rest: &str) -> Option<(Token, usize)> {
    let mut escaped = false;
    for (place, character) in rest.char_indices().skip(1) {
        match character {
            ']' if !escaped => {
                let name = rest[1..place].replace("\\]", "]").replace("\\\\", "\\");
                return Some((Token::Name(name), place + 1));
            }
            '\\' => escaped = true,
            _ => escaped = false,
        }
    }
    None
}

/// A name, or one of the words that stand for a value.
fn word(rest: &str) -> Option<(Token, usize)> {
    let number_end = rest
        .char_indices()
        .find(|(place, c)| !(c.is_ascii_digit() || *c == '.' || (*place == 0 && *c == '-')))
        .map_or(rest.len(), |(place, _)| place);
    let ends_value = |length: usize| {
        rest[length..].starts_with(|c: char| matches!(c, '~' | '}' | ')') || is_white_space(c))
    };
    let number = &rest[..number_end];
    if ends_value(number_end) && is_number(number) {
        return Some((Token::Number(number.parse().ok()?), number_end));
    }
    let length = rest.find(|c: char| !is_name(c)).filter(|length| *length > 0)?;
    let name = &rest[..length];
    let value = match name {
        "true" => Some(Token::Boolean(true)),
        "false" => Some(Token::Boolean(false)),
        "undefined" => Some(Token::Undefined),
        "null" => Some(Token::Null),
        _ => None,
    };
    if let Some(value) = value.filter(|_| ends_value(length)) {
        return Some((value, length));
    }
    rest[length..].starts_with(ends_name).then(|| (Token::Name(name.to_owned()), length))
}

fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    text.split_once('.').map_or_else(|| digits(text), |(whole, part)| digits(whole) && digits(part))
}

fn ends_name(character: char) -> bool {
    matches!(character, '=' | '~' | '}' | '/' | '.' | ')' | '|') || is_white_space(character)
}

fn is_name(character: char) -> bool {
    !is_white_space(character)
        && !matches!(character,
            '!' | '"' | '#' | '%'..=',' | '.' | '/' | ';'..='>' | '@' | '['..='^' | '`' | '{'..='~')
}
