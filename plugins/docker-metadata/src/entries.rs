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

/// The entries of a list: without blank ones, and without comments, which begin with `#`.
pub fn of(list: &[String]) -> impl Iterator<Item = (usize, &str)> {
    list.iter()
        .enumerate()
        .map(|(place, entry)| (place, javascript::trim(entry)))
        .filter(|(_, entry)| !entry.is_empty() && !entry.starts_with('#'))
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
    fn blank_entries_and_comments_are_left_out() {
        let list = [" a ", "", "# b", "  ", "c # d"].map(str::to_owned);
        assert_eq!(of(&list).collect::<Vec<_>>(), [(0, "a"), (4, "c # d")]);
    }
}
