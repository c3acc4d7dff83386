//! From a template's text to its parts.

use thiserror::Error;

use super::{
    expression::{Argument, Call, DEEPEST, Expression},
    lexer::{End, near, tokens},
};
use crate::javascript::is_white_space;

/// Why a template cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// It is not written as templates are.
    #[error("a template cannot be read at `{near}`")]
    Syntax {
        /// What stands there.
        near: String,
    },
    /// It ends too early.
    #[error("a template ends inside of `{{{{#{name}}}}}`")]
    Unclosed {
        /// The block that is open.
        name: String,
    },
    /// It uses what this policy does not know.
    #[error("a template has {what}, which this policy does not know")]
    Unknown {
        /// What it is.
        what: &'static str,
    },
    /// It is nested too deeply.
    #[error("a template is nested more than {DEEPEST} deep")]
    TooDeep,
    /// It calls a function that is not there.
    #[error("a template calls `{name}`, which is not there")]
    MissingHelper {
        /// The name.
        name: String,
    },
    /// It calls a function with what that does not take.
    #[error("a template calls `{name}` with {what}")]
    Arguments {
        /// The function.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// Text.
    Text(String),
    /// What comes out of an expression; escaped unless it stands in three braces or behind `&`.
    Output { expression: Call, escaped: bool },
    /// A comment, which gives nothing.
    Comment,
    /// A block.
    Block { expression: Call, body: Vec<Self>, otherwise: Vec<Self> },
}

/// What ends a list of parts.
enum Stop {
    End,
    Close(Argument),
    Else(Option<Call>),
}

struct Parser<'t> {
    rest: &'t str,
    /// Whether white space at the beginning of the next text is taken away.
    strip: bool,
    depth: usize,
}

/// The parts of a template.
pub(super) fn parse(text: &str) -> Result<Vec<Part>, TemplateError> {
    let mut parser = Parser { rest: text, strip: false, depth: 0 };
    match parser.parts()? {
        (mut parts, Stop::End) => {
            strip_around_comments(&mut parts);
            Ok(parts)
        }
        (_, Stop::Close(_) | Stop::Else(_)) => Err(TemplateError::Syntax { near: near(parser.rest) }),
    }
}

/// Whether a template is the expression `{{raw}}` alone.
#[must_use]
pub fn is_raw_statement(text: &str) -> bool {
    let Ok(parts) = parse(text) else { return false };
    match parts.as_slice() {
        [Part::Output { expression: Call { target: Argument::Path(path), .. }, .. }] => path.names == ["raw"],
        _ => false,
    }
}

/// The text that stands before the first expression of a template.
#[must_use]
pub fn leading_text(text: &str) -> String {
    match parse(text).unwrap_or_default().into_iter().next() {
        Some(Part::Text(text)) => text,
        _ => String::new(),
    }
}

/// What opening braces open.
enum Tag {
    Output { escaped: bool, triple: bool },
    Block { inverted: bool },
    Close,
    Else,
    ElseChain,
}

impl<'t> Parser<'t> {
    fn parts(&mut self) -> Result<(Vec<Part>, Stop), TemplateError> {
        let mut parts = Vec::new();
        loop {
            if !self.text(&mut parts) {
                return Ok((parts, Stop::End));
            }
            let inside = self.rest.strip_prefix("{{").unwrap_or(self.rest);
            if inside.starts_with("{{") {
                return Err(TemplateError::Unknown { what: "a raw block" });
            }
            let tagged = inside.strip_prefix('~').unwrap_or(inside);
            if tagged.len() < inside.len() {
                strip_last(&mut parts);
            }
            if tagged.starts_with('!') {
                self.comment(tagged)?;
                parts.push(Part::Comment);
                continue;
            }
            let (tag, tagged) = tag(tagged)?;
            match tag {
                Tag::Output { escaped, triple } => {
                    let expression = self.call(tagged, triple)?;
                    parts.push(Part::Output { expression, escaped });
                }
                Tag::Block { inverted } => parts.push(self.block(tagged, inverted)?),
                Tag::Close => {
                    let call = self.call(tagged, false)?;
                    return Ok((parts, Stop::Close(call.target)));
                }
                Tag::Else => {
                    let (_, end) = tokens(tagged)?;
                    self.end(tagged, end, false)?;
                    return Ok((parts, Stop::Else(None)));
                }
                Tag::ElseChain => {
                    let call = self.call(tagged, false)?;
                    return Ok((parts, Stop::Else(Some(call))));
                }
            }
        }
    }

    /// Takes the text up to the next braces. False: the template ends with it.
    fn text(&mut self, parts: &mut Vec<Part>) -> bool {
        loop {
            let Some(at) = self.rest.find("{{") else {
                let rest = std::mem::take(&mut self.rest);
                self.push_text(parts, rest);
                return false;
            };
            let (before, braces) = self.rest.split_at(at);
            self.rest = braces;
            let Some(protected) = before.strip_suffix('\\') else {
                self.push_text(parts, before);
                return true;
            };
            self.push_text(parts, protected);
            // A protected backslash protects nothing.
            if protected.ends_with('\\') {
                return true;
            }
            let end = ["{{", "\\{{", "\\\\{{"].iter().filter_map(|end| braces[2..].find(end)).min();
            let (text, rest) = braces.split_at(end.map_or(braces.len(), |end| end + 2));
            self.push_text(parts, text);
            self.rest = rest;
        }
    }

    fn push_text(&mut self, parts: &mut Vec<Part>, text: &str) {
        if text.is_empty() {
            return;
        }
        let text =
            if std::mem::take(&mut self.strip) { text.trim_start_matches(is_white_space) } else { text };
        parts.push(Part::Text(text.to_owned()));
    }

    fn comment(&mut self, tagged: &'t str) -> Result<(), TemplateError> {
        let unclosed = || TemplateError::Syntax { near: near(tagged) };
        let end = if tagged.starts_with("!--") {
            let plain = tagged.find("--}}").map(|at| at + 4);
            let strip = tagged.find("--~}}").map(|at| at + 5);
            plain.into_iter().chain(strip).min()
        } else {
            tagged.find("}}").map(|at| at + 2)
        };
        let end = end.ok_or_else(unclosed)?;
        self.strip = tagged[..end].ends_with("~}}");
        self.rest = &tagged[end..];
        Ok(())
    }

    /// Reads the expression of a tag, and goes on behind it.
    fn call(&mut self, tagged: &'t str, triple: bool) -> Result<Call, TemplateError> {
        let (tokens, end) = tokens(tagged)?;
        let call = Expression::new(&tokens, self.depth).whole();
        let call = call.ok_or_else(|| TemplateError::Syntax { near: near(tagged) })?;
        self.end(tagged, end, triple)?;
        Ok(call)
    }

    fn end(&mut self, tagged: &'t str, end: End, triple: bool) -> Result<(), TemplateError> {
        if end.triple != triple {
            return Err(TemplateError::Syntax { near: near(tagged) });
        }
        self.strip = end.strip;
        self.rest = &tagged[end.length..];
        Ok(())
    }

    fn block(&mut self, tagged: &'t str, inverted: bool) -> Result<Part, TemplateError> {
        let expression = self.call(tagged, false)?;
        let opened = expression.target.clone();
        self.block_body(expression, inverted, &opened)
    }

    /// The rest of a block, up to the tag that closes what was opened: the block itself, or the first one of a chain.
    fn block_body(
        &mut self,
        expression: Call,
        inverted: bool,
        opened: &Argument,
    ) -> Result<Part, TemplateError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(TemplateError::TooDeep);
        }
        let (mut body, stop) = self.parts()?;
        let mut otherwise = Vec::new();
        let stop = match stop {
            Stop::Else(None) => {
                let (parts, stop) = self.parts()?;
                otherwise = parts;
                stop
            }
            Stop::Else(Some(chained)) => {
                otherwise.push(self.block_body(chained, false, opened)?);
                // The innermost one has taken the tag that closes the chain.
                Stop::Close(opened.clone())
            }
            stop => stop,
        };
        if !matches!(&stop, Stop::Close(closed) if closed == opened) {
            let name = match opened {
                Argument::Path(path) => path.names.join("."),
                _ => String::new(),
            };
            return Err(TemplateError::Unclosed { name });
        }
        if inverted {
            std::mem::swap(&mut body, &mut otherwise);
        }
        self.depth -= 1;
        Ok(Part::Block { expression, body, otherwise })
    }
}

/// What opening braces open, and the text behind what says so.
fn tag(text: &str) -> Result<(Tag, &str), TemplateError> {
    if text.starts_with("#>") || text.starts_with('>') {
        return Err(TemplateError::Unknown { what: "a partial" });
    }
    if text.starts_with("#*") || text.starts_with('*') {
        return Err(TemplateError::Unknown { what: "a decorator" });
    }
    let closes = |rest: &str| {
        let rest = rest.trim_start_matches(is_white_space);
        rest.strip_prefix('~').unwrap_or(rest).starts_with("}}")
    };
    if let Some(rest) = text.strip_prefix('#') {
        return Ok((Tag::Block { inverted: false }, rest));
    }
    if let Some(rest) = text.strip_prefix('/') {
        return Ok((Tag::Close, rest));
    }
    if let Some(rest) = text.strip_prefix('^') {
        return Ok((if closes(rest) { Tag::Else } else { Tag::Block { inverted: true } }, rest));
    }
    if let Some(rest) = text.trim_start_matches(is_white_space).strip_prefix("else") {
        if closes(rest) {
            return Ok((Tag::Else, rest));
        }
        if !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            return Ok((Tag::ElseChain, rest));
        }
    }
    if let Some(rest) = text.strip_prefix('{') {
        return Ok((Tag::Output { escaped: false, triple: true }, rest));
    }
    if let Some(rest) = text.strip_prefix('&') {
        return Ok((Tag::Output { escaped: false, triple: false }, rest));
    }
    Ok((Tag::Output { escaped: true, triple: false }, text))
}

/// A comment that stands on a line alone takes the line with it.
fn strip_around_comments(parts: &mut [Part]) {
    let original = parts.to_vec();
    let white = |text: &str| text.chars().all(is_white_space);
    for place in 0..original.len() {
        if original[place] != Part::Comment {
            continue;
        }
        let begins = match place.checked_sub(1).map(|before| &original[before]) {
            None => true,
            Some(Part::Text(text)) => {
                text.rsplit_once('\n').map_or(place == 1 && white(text), |(_, line)| white(line))
            }
            Some(_) => false,
        };
        let ends = match original.get(place + 1) {
            None => true,
            Some(Part::Text(text)) => {
                let last = place + 2 == original.len();
                text.split_once('\n').map_or(last && white(text), |(line, _)| white(line))
            }
            Some(_) => false,
        };
        if !(begins && ends) {
            continue;
        }
        if let Some(Part::Text(text)) = parts.get_mut(place + 1) {
            let rest = text.trim_start_matches([' ', '\t']);
            let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
            *text = rest.to_owned();
        }
        if let Some(Part::Text(text)) = place.checked_sub(1).and_then(|before| parts.get_mut(before)) {
            text.truncate(text.trim_end_matches([' ', '\t']).len());
        }
    }
}

fn strip_last(parts: &mut [Part]) {
    if let Some(Part::Text(text)) = parts.last_mut() {
        text.truncate(text.trim_end_matches(is_white_space).len());
    }
}
