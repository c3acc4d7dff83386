//! The vocabulary that the file's keys are described in, see [`super::keys`].

/// A table of the file: the keys that it takes.
#[derive(Debug)]
pub(super) struct TableShape {
    /// What the table says, a sentence.
    pub(super) meaning: &'static str,
    /// Its keys, in the order people should read them.
    pub(super) keys: &'static [Key],
    /// Keys among them that exclude each other.
    pub(super) one_of: Option<&'static OneOf>,
    /// The choice that decides which other keys there are.
    pub(super) variants: Option<&'static Variants>,
}

/// The kinds of a table, chosen by one of its keys.
#[derive(Debug)]
pub(super) struct Variants {
    /// The key that chooses. It is the first of the table's keys, required, and offers the values of all variants.
    pub(super) by: &'static str,
    /// What the table describes, in the plural: `targets`.
    pub(super) what: &'static str,
    /// The kinds.
    pub(super) of: &'static [Variant],
}

/// One kind of a table.
#[derive(Debug)]
pub(super) struct Variant {
    /// What the choosing key says.
    pub(super) value: &'static str,
    /// The keys of this kind, beside those that all kinds share.
    pub(super) keys: &'static [Key],
    /// Keys among them that exclude each other.
    pub(super) one_of: Option<&'static OneOf>,
}

/// Keys that exclude each other.
#[derive(Debug)]
pub(super) struct OneOf {
    /// Whether one of them must be there.
    pub(super) required: bool,
    /// The keys.
    pub(super) of: &'static [Alternative],
}

/// One of several keys that exclude each other.
#[derive(Debug)]
pub(super) struct Alternative {
    /// Its name.
    pub(super) key: &'static str,
    /// Keys that say more about it, and nothing without it or another that has them too.
    pub(super) with: &'static [&'static str],
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
    /// It is one of several that exclude each other, and one of those must be there.
    Alternative,
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
    /// Yes or no.
    Flag,
    /// A span of time, such as `100ms`.
    Duration,
    /// How long to wait for something outside, such as `10m`: a span of time within bounds.
    Patience,
    /// A number of bytes, such as `16MiB`.
    Size,
    /// Strings under free names.
    Texts,
    /// Tables with known keys under free names.
    Tables(&'static TableShape),
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
}

impl TableShape {
    /// The kind with this value.
    pub(super) fn variant(&self, value: &str) -> Option<&'static Variant> {
        self.variants?.of.iter().find(|variant| variant.value == value)
    }

    /// The keys of one kind, those that all kinds share among them. Without a kind those alone.
    pub(super) fn keys_of(
        &self,
        variant: Option<&'static Variant>,
    ) -> impl Iterator<Item = &'static Key> + Clone + use<> {
        self.keys.iter().chain(variant.map_or(&[][..], |variant| variant.keys))
    }

    /// The kinds that have a key of their own with this name.
    pub(super) fn kinds_with(&self, name: &str) -> impl Iterator<Item = &'static Variant> {
        let variants = self.variants.map_or(&[][..], |variants| variants.of);
        variants.iter().filter(move |variant| variant.keys.iter().any(|key| key.name == name))
    }

    /// The keys of all kinds; a name may come more than once.
    pub(super) fn all_keys(&self) -> impl Iterator<Item = &'static Key> + Clone + use<> {
        let variants = self.variants.map_or(&[][..], |variants| variants.of);
        self.keys.iter().chain(variants.iter().flat_map(|variant| variant.keys))
    }
}

impl OneOf {
    /// The names of the keys.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.of.iter().map(|alternative| alternative.key)
    }

    /// The keys that a further key says more about; none when it does not depend on them.
    pub(super) fn owners(&self, name: &str) -> Vec<&'static str> {
        self.of.iter().filter(|owner| owner.with.contains(&name)).map(|owner| owner.key).collect()
    }

    /// The further keys, each once.
    pub(super) fn dependents(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.of.iter().flat_map(|owner| owner.with).copied().collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Shape {
    /// The type as messages name it.
    pub(super) const fn expected(&self) -> &'static str {
        match self {
            Self::Text | Self::Choice(_) => "a string",
            Self::Count { .. } => "a whole number",
            Self::Flag => "`true` or `false`",
            Self::Duration => "a duration such as \"100ms\"",
            Self::Patience => "a duration such as \"10m\"",
            Self::Size => "a size such as \"16MiB\"",
            Self::Texts | Self::Tables(_) | Self::Settings | Self::Table(_) => "a table",
            Self::List { of: Self::Table(_), .. } => "an array of tables",
            Self::List { .. } => "an array",
        }
    }

    /// The description of the table, or of the tables in the list or under free names.
    pub(super) const fn table(&self) -> Option<&'static TableShape> {
        match self {
            Self::Table(shape) | Self::Tables(shape) | Self::List { of: Self::Table(shape), .. } => {
                Some(shape)
            }
            _ => None,
        }
    }
}
