//! The vocabulary that the file's keys are described in, see [`super::keys`].

/// A table of the file: the keys that it takes.
#[derive(Debug)]
pub(super) struct TableShape {
    /// What the table says, a sentence.
    pub(super) meaning: &'static str,
    /// Its keys, in the order people should read them.
    pub(super) keys: &'static [Key],
    /// The choice that decides which other keys there are. When its value is none that this version offers, the other
    /// keys are not judged.
    pub(super) kind: Option<&'static str>,
}

/// One key of a table.
#[derive(Debug)]
pub(super) struct Key {
    /// Its name as written.
    pub(super) name: &'static str,
    /// What its value may be.
    pub(super) shape: Shape,
    /// Whether it must be there.
    pub(super) presence: Presence,
    /// What it says, a sentence.
    pub(super) meaning: &'static str,
}

/// Whether a key must be there.
#[derive(Debug)]
pub(super) enum Presence {
    /// It must. Holds what to write when it is missing.
    Required(&'static str),
    /// It may be left out. Holds what that means.
    Optional(&'static str),
}

/// What a value may be.
#[derive(Debug)]
pub(super) enum Shape {
    /// A string that is not empty.
    Text,
    /// One string of several.
    Choice(&'static Choice),
    /// A whole number.
    Count {
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
    },
    /// A span of time, such as `100ms`.
    Duration,
    /// A number of bytes, such as `16MiB`.
    Size,
    /// Strings under free names.
    Texts,
    /// A table that only the policy understands.
    Settings,
    /// A table with known keys.
    Table(&'static TableShape),
    /// A list of values of one shape.
    List {
        /// The shape of each.
        of: &'static Shape,
        /// The fewest there may be.
        least: usize,
    },
}

/// The strings that a value is chosen from.
#[derive(Debug)]
pub(super) struct Choice {
    /// What is chosen, without an article.
    pub(super) what: &'static str,
    /// What there is.
    pub(super) values: &'static [&'static str],
    /// What is planned and refused by name until it is there.
    pub(super) planned: &'static [&'static str],
}

impl TableShape {
    /// The key of this name.
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The names of all keys.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.keys.iter().map(|key| key.name)
    }
}

impl Shape {
    /// The type as messages name it.
    pub(super) const fn expected(&self) -> &'static str {
        match self {
            Self::Text | Self::Choice(_) => "a string",
            Self::Count { .. } => "a whole number",
            Self::Duration => "a duration such as \"100ms\"",
            Self::Size => "a size such as \"16MiB\"",
            Self::Texts | Self::Settings | Self::Table(_) => "a table",
            Self::List { of: Self::Table(_), .. } => "an array of tables",
            Self::List { .. } => "an array",
        }
    }

    /// The description of the table, or of the tables in the list.
    pub(super) const fn table(&self) -> Option<&'static TableShape> {
        match self {
            Self::Table(shape) | Self::List { of: Self::Table(shape), .. } => Some(shape),
            _ => None,
        }
    }
}
