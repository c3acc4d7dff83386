//! What is wrong with a configuration, and where.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceSpan};

/// One mistake in the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    span: SourceSpan,
    message: String,
    label: Option<String>,
    help: Option<String>,
    is_secret: bool,
}

/// A configuration that cannot be used, with everything that is wrong with it.
#[derive(Debug)]
pub struct ConfigurationError {
    path: PathBuf,
    source: NamedSource<Arc<str>>,
    problems: Vec<Problem>,
}

/// The text that a configuration was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: Arc<str>,
}

impl Problem {
    /// A mistake at a place of the file.
    #[must_use]
    pub fn new(span: SourceSpan, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), label: None, help: None, is_secret: false }
    }

    /// Adds a few words to the underlined part.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The place holds a secret: no report of the file shows it.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }
}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(self.label.clone(), self.span))))
    }
}

impl ConfigurationError {
    /// Puts the problems in the order of the file.
    pub(super) fn new(source: &Source, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.span.offset());
        let name = source.path.display().to_string();
        Self {
            path: source.path.clone(),
            source: NamedSource::new(name, without_secrets(&source.text, &problems)),
            problems: problems.into_iter().map(|problem| problem.on_one_line(&source.text)).collect(),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Each problem as one line of plain text: `path:line:column: message; help`. Line and column count from 1, the
    /// column in characters.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let line = |problem: &Problem| {
            let (line, column) = position(self.source.inner(), problem.span.offset());
            let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}:{line}:{column}: {}{help}", self.path.display(), problem.message)
        };
        self.problems.iter().map(line).collect()
    }
}

/// The text with stars where problems say that it holds secrets; every byte keeps its place.
fn without_secrets(text: &Arc<str>, problems: &[Problem]) -> Arc<str> {
    let secrets: Vec<SourceSpan> =
        problems.iter().filter(|problem| problem.is_secret).map(|problem| problem.span).collect();
    if secrets.is_empty() {
        return Arc::clone(text);
    }
    let is_secret = |offset: usize| {
        secrets.iter().any(|span| (span.offset()..span.offset() + span.len()).contains(&offset))
    };
    let hidden = |(offset, letter): (usize, char)| match letter {
        letter if letter.is_ascii_control() || !is_secret(offset) => letter.to_string(),
        letter => "*".repeat(letter.len_utf8()),
    };
    text.char_indices().map(hidden).collect::<String>().into()
}

impl Problem {
    /// A value of many lines is underlined on its first.
    fn on_one_line(mut self, text: &str) -> Self {
        let rest = text.as_bytes().get(self.span.offset()..).unwrap_or_default();
        let first_line = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        self.span = (self.span.offset(), self.span.len().min(first_line)).into();
        self
    }
}

/// Line and column of a byte, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    (line, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        write!(f, "`{}` cannot be used: {count} {noun}", self.path.display())
    }
}

impl std::error::Error for ConfigurationError {}

impl Diagnostic for ConfigurationError {
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.problems.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}

/// The candidate that a mistyped word most likely means, if any is near.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong; more is another word.
    let most = word.chars().count().max(3) / 3;
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The number of letters to insert, delete or replace to get from one word to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

/// Words in backticks with commas between, for messages.
pub(super) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// `did you mean ...` when a candidate is near, else the list of all.
pub(super) fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    nearest(word, candidates.clone())
        .map_or_else(|| format!("there is {}", listed(candidates)), |near| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("repositry", ["repository", "context"]), Some("repository"));
        assert_eq!(nearest("contxet", ["repository", "context"]), Some("context"));
        assert_eq!(nearest("banana", ["repository", "context"]), None);
        assert_eq!(nearest("", ["repository"]), None);
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("a\n\u{e4}\u{f6} = x", "a\n\u{e4}\u{f6} = ".len()), (2, 6));
        assert_eq!(position("", 9), (1, 1));
    }
}
