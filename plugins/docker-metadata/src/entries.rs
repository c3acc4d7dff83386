//! Entries of the action's lists: comma separated `key=value` pairs.

use crate::{csv, error::MetadataError, javascript};

/// A pair of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// In small letters. None: the text has no `=`.
    pub key: Option<String>,
    /// The text behind it.
    pub value: String,
}

/// The entries of a list, each with the place of the text that it is in: every line of a text is one, as in the action's
/// inputs. Blank ones are left out, and comments, which begin with `#`.
pub fn of(list: &[String]) -> impl Iterator<Item = (usize, &str)> {
    list.iter()
        .enumerate()
        .flat_map(|(place, text)| lines(text).into_iter().map(move |line| (place, javascript::trim(line))))
        .filter(|(_, entry)| !entry.is_empty() && !entry.starts_with('#'))
}

/// The lines of a text, as the package csv-parse ends records: a line break in a quoted field ends none.
fn lines(text: &str) -> Vec<&str> {
    let (mut lines, mut start, mut quoting) = (Vec::new(), 0, false);
    let mut characters = text.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        match character {
            '"' if !quoting => quoting = begins_field(&text[start..place]),
            '"' if next == Some('"') => {
                characters.next();
            }
            '"' if next.is_none_or(|next| matches!(next, ',' | '\n' | '\r')) => quoting = false,
            '\n' | '\r' if !quoting => {
                lines.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    lines.push(&text[start..]);
    lines
}

/// Whether what follows this beginning of a line is a new field of an entry.
fn begins_field(line: &str) -> bool {
    let line = javascript::trim(line);
    !line.starts_with('#') && (line.is_empty() || line.ends_with(','))
}

/// The pairs of an entry of `tags`: the first `=` ends the key.
///
/// # Errors
/// The entry is no list of comma separated values.
pub fn pairs_at_first(entry: &str) -> Result<Vec<Pair>, MetadataError> {
    pairs(entry, |field| {
        // One at the very beginning ends no key.
        let first = field.char_indices().skip(1).find(|(_, c)| *c == '=');
        let begins = field.starts_with('=');
        first.filter(|_| !begins).map(|(place, _)| (&field[..place], &field[place + 1..]))
    })
}

/// The pairs of an entry of `images` and `flavor`: what stands behind a second `=` is lost.
///
/// # Errors
/// The entry is no list of comma separated values.
pub fn pairs_between(entry: &str) -> Result<Vec<Pair>, MetadataError> {
    pairs(entry, |field| {
        let (key, value) = field.split_once('=')?;
        Some((key, value.split('=').next().unwrap_or_default()))
    })
}

fn pairs(entry: &str, split: impl Fn(&str) -> Option<(&str, &str)>) -> Result<Vec<Pair>, MetadataError> {
    let fields =
        csv::fields(entry).map_err(|source| MetadataError::Csv { entry: entry.to_owned(), source })?;
    let pair = |field: &String| match split(field) {
        Some((key, value)) => Pair {
            key: Some(javascript::trim(key).to_lowercase()),
            value: javascript::trim(value).to_owned(),
        },
        None => Pair { key: None, value: javascript::trim(field).to_owned() },
    };
    Ok(fields.iter().map(pair).collect())
}

/// An error about an entry.
pub(crate) fn problem(entry: &str, problem: impl Into<String>) -> MetadataError {
    MetadataError::Entry { entry: entry.to_owned(), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_split_at_different_places() {
        let texts = |pairs: Vec<Pair>| -> Vec<(Option<String>, String)> {
            pairs.into_iter().map(|pair| (pair.key, pair.value)).collect()
        };
        let pair = |key: &str, value: &str| (Some(key.to_owned()), value.to_owned());
        let entry = "Type = raw ,value=a=b,=c,d";
        assert_eq!(
            texts(pairs_at_first(entry).unwrap()),
            [pair("type", "raw"), pair("value", "a=b"), (None, "=c".to_owned()), (None, "d".to_owned())]
        );
        assert_eq!(
            texts(pairs_between(entry).unwrap()),
            [pair("type", "raw"), pair("value", "a"), pair("", "c"), (None, "d".to_owned())]
        );
    }

    #[test]
    fn every_line_is_an_entry() {
        for (text, expected) in [
            ("a\nb", vec!["a", "b"]),
            ("\r\n  a,x=1\r\n\r\n# c, \"d\n  # \"e\n  b\n", vec!["a,x=1", "b"]),
            ("a,\"x=1\n2\"\nb", vec!["a,\"x=1\n2\"", "b"]),
            ("\"a\n\"\"b,\"\"\n\",c\nd", vec!["\"a\n\"\"b,\"\"\n\",c", "d"]),
            ("\"\",a\n\"\"\"b\"\"\"\nc", vec!["\"\",a", "\"\"\"b\"\"\"", "c"]),
            ("a=\"b\nc=\"d", vec!["a=\"b", "c=\"d"]),
            ("a\n\"b\nc", vec!["a", "\"b\nc"]),
        ] {
            let list = [text.to_owned()];
            assert_eq!(of(&list).map(|(_, entry)| entry).collect::<Vec<_>>(), expected, "{text:?}");
        }
        let list = ["a\nb", "c"].map(str::to_owned);
        assert_eq!(of(&list).collect::<Vec<_>>(), [(0, "a"), (0, "b"), (1, "c")]);
    }

    #[test]
    fn blank_entries_and_comments_are_left_out() {
        let list = [" a ", "", "# b", "  ", "c # d"].map(str::to_owned);
        assert_eq!(of(&list).collect::<Vec<_>>(), [(0, "a"), (4, "c # d")]);
    }
}
