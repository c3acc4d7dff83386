//! The second stage reads values through this: what has not the right shape was reported by the first and reads as
//! absent.

use std::time::Duration;

use miette::SourceSpan;
use toml::{
    Spanned,
    de::{DeInteger, DeString, DeTable, DeValue},
};

use super::{
    quantity,
    shape::{Key, TableShape, Variant},
};

/// One table of the file with its description.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    values: &'a DeTable<'a>,
    shape: &'static TableShape,
    variant: Option<&'static Variant>,
}

/// A string and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) span: SourceSpan,
}

impl<'a> Reader<'a> {
    pub(super) fn new(values: &'a DeTable<'a>, shape: &'static TableShape) -> Self {
        Self { values, shape, variant: variant(values, shape) }
    }

    /// The value of a key. Only keys of the description can be asked for; one of another kind of table is absent.
    pub(super) fn value(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        debug_assert!(self.shape.all_keys().any(|known| known.name == key), "`{key}` is not described");
        self.key(key).and_then(|key| self.values.get(key.name))
    }

    fn key(&self, name: &str) -> Option<&'static Key> {
        self.shape.keys_of(self.variant).find(|key| key.name == name)
    }

    /// A string that is not empty.
    pub(super) fn text(&self, key: &str) -> Option<Text<'a>> {
        self.value(key).and_then(as_text)
    }

    /// The strings of a list.
    pub(super) fn texts(&self, key: &str) -> Vec<Text<'a>> {
        self.list(key).iter().filter_map(as_text).collect()
    }

    /// The words of a command; none when one of them is no string that could be one.
    pub(super) fn words(&self, key: &str) -> Vec<String> {
        let list = self.list(key).iter();
        let words: Option<_> = list.map(|word| as_text(word).map(|word| word.text.to_owned())).collect();
        words.unwrap_or_default()
    }

    /// Strings under free names.
    pub(super) fn named_texts(&self, key: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let table = self.value(key).and_then(|value| value.get_ref().as_table());
        table
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.get_ref().as_ref(), value.get_ref().as_str()?)))
    }

    /// A whole number.
    pub(super) fn count(&self, key: &str) -> Option<u64> {
        self.value(key)?.get_ref().as_integer().and_then(whole_number)
    }

    /// Yes or no.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.value(key)?.get_ref().as_bool()
    }

    /// A span of time.
    pub(super) fn duration(&self, key: &str) -> Option<Duration> {
        quantity::duration(self.text(key)?.text).ok()
    }

    /// Where a key stands, when it is there.
    pub(super) fn place(&self, key: &str) -> Option<SourceSpan> {
        debug_assert!(self.shape.all_keys().any(|known| known.name == key), "`{key}` is not described");
        self.values.get_key_value(key).map(|(key, _)| key.span().into())
    }

    /// A number of bytes.
    pub(super) fn size(&self, key: &str) -> Option<u64> {
        quantity::size(self.text(key)?.text).ok()
    }

    /// Where the value of a key stands.
    pub(super) fn span(&self, key: &str) -> Option<SourceSpan> {
        self.value(key).map(|value| value.span().into())
    }

    /// A table, described by `shape`.
    pub(super) fn table(&self, key: &str) -> Option<Self> {
        let value = self.value(key)?;
        let shape = self.key(key)?.shape.table()?;
        Some(Self::new(value.get_ref().as_table()?, shape))
    }

    /// Tables under free names, in the order of the file.
    pub(super) fn named_tables(&self, key: &str) -> Vec<(Text<'a>, Self)> {
        let shape = self.key(key).and_then(|key| key.shape.table());
        let tables = self.value(key).and_then(|value| value.get_ref().as_table()).into_iter().flatten();
        let table = |(name, value): (&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>)| {
            let text = Text { text: name.get_ref().as_ref(), span: name.span().into() };
            Some((text, Self::new(value.get_ref().as_table()?, shape?)))
        };
        tables.filter_map(table).collect()
    }

    /// The tables of a list.
    pub(super) fn tables(&self, key: &str) -> Vec<Self> {
        let shape = self.key(key).and_then(|key| key.shape.table());
        let table = |value: &'a Spanned<DeValue<'a>>| Some(Self::new(value.get_ref().as_table()?, shape?));
        self.list(key).iter().filter_map(table).collect()
    }

    fn list(&self, key: &str) -> &'a [Spanned<DeValue<'a>>] {
        self.value(key).and_then(|value| value.get_ref().as_array()).map_or(&[], |list| list)
    }
}

/// The kind that a table says it is of, when there is such a kind.
pub(super) fn variant(values: &DeTable<'_>, shape: &'static TableShape) -> Option<&'static Variant> {
    let kind = values.get(shape.variants?.by)?.get_ref().as_str()?;
    shape.variant(kind)
}

fn as_text<'a>(value: &'a Spanned<DeValue<'a>>) -> Option<Text<'a>> {
    let text = value.get_ref().as_str().filter(|text| !text.is_empty())?;
    Some(Text { text, span: value.span().into() })
}

/// An integer that is not negative and fits 64 bits.
pub(super) fn whole_number(number: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}
