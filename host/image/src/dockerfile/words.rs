//! From a logical line to words: flags, plain words, words with quotes, JSON lists.

use super::{instruction::Word, lines::LogicalLine, problem::Problem, template::Template};

/// A part of a logical line that is being read.
#[derive(Clone, Copy)]
pub(super) struct Rest<'a> {
    pub(super) line: &'a LogicalLine,
    pub(super) escape: char,
    /// The part's first byte in the line.
    pub(super) offset: usize,
    pub(super) text: &'a str,
}

/// A flag such as `--chown=1:1`.
pub(super) struct Flag<'a> {
    pub(super) name: &'a str,
    pub(super) value: Option<Rest<'a>>,
    pub(super) whole: Rest<'a>,
}

impl<'a> Rest<'a> {
    pub(super) fn new(line: &'a LogicalLine, escape: char) -> Self {
        Self { line, escape, offset: 0, text: &line.text }.trimmed()
    }

    /// A part of this part.
    pub(super) fn part(self, start: usize, end: usize) -> Self {
        Self { offset: self.offset + start, text: &self.text[start..end], ..self }
    }

    pub(super) fn trimmed(self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        let end = start + self.text.trim().len();
        self.part(start, end)
    }

    /// The first word and what follows it.
    pub(super) fn first(self) -> (Self, Self) {
        let end = self.text.find(char::is_whitespace).unwrap_or(self.text.len());
        (self.part(0, end), self.part(end, self.text.len()).trimmed())
    }

    pub(super) fn problem(self, message: impl Into<String>) -> Problem {
        Problem::new(self.line.position(self.offset), message)
    }

    /// Takes the flags at the beginning.
    pub(super) fn flags(self) -> (Vec<Flag<'a>>, Self) {
        let mut flags = Vec::new();
        let mut rest = self;
        while rest.text.starts_with("--") {
            let end = word_end(rest.text, rest.escape);
            let whole = rest.part(0, end);
            rest = rest.part(end, rest.text.len()).trimmed();
            if whole.text == "--" {
                break;
            }
            let equals = whole.text.find('=');
            let name = &whole.text[2..equals.unwrap_or(end)];
            let value = equals.map(|equals| whole.part(equals + 1, end));
            flags.push(Flag { name, value, whole });
        }
        (flags, rest)
    }

    /// The words between blanks, quotes meaning nothing.
    pub(super) fn plain_words(self) -> Vec<Self> {
        let mut words = Vec::new();
        let mut rest = self.trimmed();
        while !rest.text.is_empty() {
            let (word, next) = rest.first();
            words.push(word);
            rest = next;
        }
        words
    }

    /// The words between blanks, where quotes and escapes keep a word together.
    pub(super) fn quoted_words(self) -> Vec<Self> {
        let mut words = Vec::new();
        let mut rest = self.trimmed();
        while !rest.text.is_empty() {
            let end = word_end(rest.text, rest.escape);
            words.push(rest.part(0, end));
            rest = rest.part(end, rest.text.len()).trimmed();
        }
        words
    }

    /// The strings of a JSON list; `None` when this is no list of strings, which then is the plain form.
    pub(super) fn json_list(self) -> Option<Vec<String>> {
        self.text.starts_with('[').then(|| serde_json::from_str(self.text).ok())?
    }

    /// The part as a word that is expanded later.
    pub(super) fn word(self) -> Result<Word, Problem> {
        self.word_of(self.text)
    }

    /// Another text as a word at this part's place.
    pub(super) fn word_of(self, text: &str) -> Result<Word, Problem> {
        let template = Template::parse(text, self.escape)
            .map_err(|message| self.problem(format!("{message}, in `{text}`")))?;
        Ok(Word { text: text.to_owned(), at: self.line.position(self.offset), template })
    }
}

/// Where the word at the beginning ends.
fn word_end(text: &str, escape: char) -> usize {
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match quote {
            None if character.is_whitespace() => return index,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if character == open => quote = None,
            _ => {}
        }
        if character == escape && quote != Some('\'') {
            characters.next();
        }
    }
    text.len()
}
