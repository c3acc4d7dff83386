//! Changes of YAML by bytes, each proved by reading the outcome again.

use std::{ops::Range, path::Path};

use crate::{
    error::DeployError,
    yaml::{self, Node, NotYaml, Scalar},
};

/// Bytes, and what comes in their place.
pub(super) type Splice = (Range<usize>, String);

/// Reads a file.
pub(super) fn parse(file: &Path, text: &str) -> Result<Vec<Node>, DeployError> {
    let not_yaml = |NotYaml { line, problem }| DeployError::NotYaml { file: file.to_owned(), line, problem };
    yaml::parse(text).map_err(not_yaml)
}

/// A text with changes made; `None` when they overlap.
pub(super) fn splice(text: &str, mut splices: Vec<Splice>) -> Option<String> {
    splices.sort_by_key(|(range, _)| (range.start, range.end));
    let (mut edited, mut done) = (String::with_capacity(text.len() + 200), 0);
    for (range, new) in splices {
        edited.push_str(text.get(done..range.start)?);
        edited.push_str(&new);
        done = range.end;
    }
    edited.push_str(text.get(done..)?);
    Some(edited)
}

/// Whether a text says what is meant.
pub(super) fn says(text: &str, meant: &[Node]) -> bool {
    yaml::parse(text).is_ok_and(|documents| documents == meant)
}

/// Gives a scalar another text, in the quotes that it had; a text that would be read as something else gets quotes.
pub(super) fn set(text: &str, scalar: &mut Scalar, new: &str) -> Splice {
    let old = text[scalar.range.clone()].chars().next();
    let quote = old.filter(|first| matches!(first, '"' | '\''));
    let quote = quote.or_else(|| (!reads_as_text(new)).then_some('"'));
    scalar.plain = quote.is_none();
    new.clone_into(&mut scalar.text);
    let quote = quote.map(String::from).unwrap_or_default();
    if scalar.range.is_empty() {
        // The parser puts an absent value right behind its key.
        let colon = text[scalar.range.start..].find(':').map_or(0, |colon| colon + 1);
        let at = scalar.range.start + colon;
        return (at..at, format!(" {quote}{new}{quote}"));
    }
    (scalar.range.clone(), format!("{quote}{new}{quote}"))
}

/// Whether a plain scalar with this text is a text for every reader: the images, digests and versions that begin with a
/// letter and hold more than letters.
fn reads_as_text(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.contains(|c: char| !c.is_ascii_alphabetic())
        && !text.contains(": ")
        && !text.contains(" #")
}

/// What a line holds before a byte.
pub(super) fn before_on_line(text: &str, at: usize) -> &str {
    &text[line_start(text, at)..at]
}

/// Where the line of a byte begins.
fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Where the line of a byte ends, its end of line included.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// Takes a pair of a mapping out of a text: its whole line, or what belongs to it in a line with others.
pub(super) fn remove(text: &str, pairs: &[(Node, Node)], index: usize) -> Option<Splice> {
    let (key, value) = (scalar(&pairs[index].0)?, scalar(&pairs[index].1)?);
    let range = if before_on_line(text, key.range.start).trim().is_empty()
        && !text[value.range.end..].trim_start_matches([' ', '\t']).starts_with([',', '}'])
    {
        line_start(text, key.range.start)..line_end(text, value.range.end)
    } else if let Some((next, _)) = pairs.get(index + 1) {
        key.range.start..scalar(next)?.range.start
    } else {
        let before = text[..key.range.start].trim_end_matches([' ', '\t', '\n', '\r', ',']).len();
        before..value.range.end
    };
    Some((range, String::new()))
}

/// Ways to put a pair behind another into a text: on a line of its own, or on the same line.
pub(super) fn add_after(text: &str, pair: &(Node, Node), key: &str, value: &str) -> Option<[Splice; 2]> {
    let (before, end) = (scalar(&pair.0)?, scalar(&pair.1)?.range.end);
    let indent: String = before_on_line(text, before.range.start).chars().map(|_| ' ').collect();
    let quote = if before_on_line(text, before.range.end).ends_with('"') { "\"" } else { "" };
    let line = line_end(text, end);
    let (gap, newline) =
        (if text[..line].ends_with('\n') { "" } else { end_of_line(text) }, end_of_line(text));
    Some([
        (line..line, format!("{gap}{indent}{key}: {value}{newline}")),
        (end..end, format!(", {quote}{key}{quote}: {quote}{value}{quote}")),
    ])
}

/// How the text ends its lines.
pub(super) fn end_of_line(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The node as a scalar.
pub(super) fn scalar(node: &Node) -> Option<&Scalar> {
    match node {
        Node::Scalar(scalar) => Some(scalar),
        _ => None,
    }
}
