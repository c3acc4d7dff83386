//! Comma separated values as the package csv-parse reads them with its options at rest: fields between commas, quoted
//! fields, and no trimming.

use thiserror::Error;

/// Why a text is not comma separated values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CsvError {
    /// A quote inside a field that does not begin with one.
    #[error("a quote inside a field; quote the whole field")]
    OpeningQuote,
    /// Something other than a comma after a closing quote.
    #[error("something other than a comma follows a closing quote")]
    ClosingQuote,
    /// A quote that is not closed.
    #[error("a quote is not closed")]
    NotClosed,
    /// Nothing at all.
    #[error("nothing is in it")]
    Empty,
}

/// The fields of the first line. The others must be well-formed too.
///
/// # Errors
/// The text is no comma separated values, or empty.
pub fn fields(text: &str) -> Result<Vec<String>, CsvError> {
    let mut reader = Reader::default();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let taken = reader.take(character, rest)?;
        rest = &rest[taken..];
    }
    reader.end()
}

#[derive(Default)]
struct Reader {
    /// What ends a line: the first that was met.
    line_end: Option<&'static str>,
    quoting: bool,
    was_quoting: bool,
    field: String,
    record: Vec<String>,
    first: Option<Vec<String>>,
}

impl Reader {
    /// Takes what stands at the beginning of the rest, and says how many bytes that was.
    fn take(&mut self, character: char, rest: &str) -> Result<usize, CsvError> {
        if self.quoting {
            return self.take_quoted(character, &rest[character.len_utf8()..]);
        }
        if character == '"' {
            if !self.field.is_empty() {
                return Err(CsvError::OpeningQuote);
            }
            self.quoting = true;
            return Ok(1);
        }
        if let Some(length) = self.line_end(rest) {
            if self.was_quoting || !self.record.is_empty() || !self.field.is_empty() {
                self.end_record();
            }
            return Ok(length);
        }
        if character == ',' {
            self.end_field();
        } else {
            self.field.push(character);
        }
        Ok(character.len_utf8())
    }

    fn take_quoted(&mut self, character: char, after: &str) -> Result<usize, CsvError> {
        if character != '"' {
            self.field.push(character);
            return Ok(character.len_utf8());
        }
        if after.starts_with('"') {
            self.field.push('"');
            return Ok(2);
        }
        if !after.is_empty() && !after.starts_with([',', '\0']) && self.line_end(after).is_none() {
            return Err(CsvError::ClosingQuote);
        }
        self.quoting = false;
        self.was_quoting = true;
        Ok(1)
    }

    fn line_end(&mut self, rest: &str) -> Option<usize> {
        let found = match self.line_end {
            Some(end) => rest.starts_with(end).then_some(end),
            None => ["\r\n", "\n", "\r"].into_iter().find(|end| rest.starts_with(end)),
        };
        if found.is_some() {
            self.line_end = found;
        }
        found.map(str::len)
    }

    fn end_field(&mut self) {
        self.record.push(std::mem::take(&mut self.field));
        self.was_quoting = false;
    }

    fn end_record(&mut self) {
        self.end_field();
        let record = std::mem::take(&mut self.record);
        self.first.get_or_insert(record);
    }

    fn end(mut self) -> Result<Vec<String>, CsvError> {
        if self.quoting {
            return Err(CsvError::NotClosed);
        }
        if self.was_quoting || !self.record.is_empty() || !self.field.is_empty() {
            self.end_record();
        }
        self.first.ok_or(CsvError::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_protect_commas() {
        for (text, expected) in [
            ("a,b", vec!["a", "b"]),
            ("a, b ", vec!["a", " b "]),
            ("a,", vec!["a", ""]),
            (",", vec!["", ""]),
            ("\"a,b\",c", vec!["a,b", "c"]),
            ("\"a \"\"b\"\"\",c", vec!["a \"b\"", "c"]),
            ("\"\"", vec![""]),
            ("\n\na,b\nc", vec!["a", "b"]),
            ("\"a\nb\"", vec!["a\nb"]),
            ("#a", vec!["#a"]),
        ] {
            assert_eq!(fields(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for (text, error) in [
            ("a\"b", CsvError::OpeningQuote),
            (" \"b\"", CsvError::OpeningQuote),
            ("\"a\"b", CsvError::ClosingQuote),
            ("\"a", CsvError::NotClosed),
            ("a\n\"b", CsvError::NotClosed),
            ("", CsvError::Empty),
            ("\n", CsvError::Empty),
        ] {
            assert_eq!(fields(text).unwrap_err(), error, "{text:?}");
        }
    }
}
