//! The first stage: does the file have the shape that the table of keys describes? Everything that does not is reported.

use miette::SourceSpan;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    problem::{Problem, listed, nearest, suggestion},
    quantity,
    reader::{variant, whole_number},
    shape::{Choice, Key, OneOf, Presence, Shape, TableShape, Variant},
};

/// Checks a table. `place` is where a missing key is reported, `path` the table's own name for messages.
pub(super) fn check_table(
    values: &DeTable<'_>,
    shape: &'static TableShape,
    place: SourceSpan,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    let table = Table { values, shape, variant: variant(values, shape), place, path };
    // Which keys there are is not known before the kind is.
    if let Some(variants) = shape.variants
        && table.variant.is_none()
        && let Some(value) = values.get(variants.by)
    {
        table.check_kind(variants.by, value, problems);
        return;
    }
    let misspelt = table.check_what_is_there(problems);
    table.check_what_is_missing(&misspelt, problems);
    for one_of in [shape.one_of, table.variant.and_then(|variant| variant.one_of)].into_iter().flatten() {
        table.check_one_of(one_of, &misspelt, problems);
    }
}

/// A table of the file beside its description.
struct Table<'a> {
    values: &'a DeTable<'a>,
    shape: &'static TableShape,
    variant: Option<&'static Variant>,
    place: SourceSpan,
    path: &'a str,
}

impl Table<'_> {
    fn keys(&self) -> impl Iterator<Item = &'static Key> + Clone + use<> {
        self.shape.keys_of(self.variant)
    }

    fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.keys().map(|key| key.name)
    }

    /// A kind that is none.
    fn check_kind(&self, name: &str, value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) {
        if let Some(key) = self.keys().find(|key| key.name == name) {
            check_value(value, &key.shape, &joined(self.path, name), problems);
        }
    }

    /// Gives the keys that are most likely meant by those that are none.
    fn check_what_is_there(&self, problems: &mut Vec<Problem>) -> Vec<&'static str> {
        let mut misspelt = Vec::new();
        for (name, value) in self.values {
            if let Some(key) = self.keys().find(|key| key.name == name.get_ref()) {
                check_key(value, key, &joined(self.path, key.name), problems);
            } else if let Some(elsewhere) = self.elsewhere(name.get_ref()) {
                problems.extend(elsewhere.map(|(message, help)| {
                    Problem::new(name.span().into(), message).label("not here").help(help)
                }));
            } else {
                misspelt.extend(nearest(name.get_ref(), self.names()));
                problems.push(self.unknown_key(name));
            }
        }
        misspelt
    }

    /// What is said of a key that other kinds of this table have: nothing as long as the kind is not known.
    fn elsewhere(&self, name: &str) -> Option<Option<(String, String)>> {
        let kinds: Vec<&str> = self.shape.kinds_with(name).map(|variant| variant.value).collect();
        let what = self.shape.variants.filter(|_| !kinds.is_empty())?.what;
        Some(self.variant.map(|own| {
            let message = format!("`{name}` belongs to {what} of the kind {}", alternatives(kinds));
            (message, format!("this one is of the kind `{}`", own.value))
        }))
    }

    fn unknown_key(&self, name: &Spanned<toml::de::DeString<'_>>) -> Problem {
        let message = format!("`{}` is no key that Plimsoll knows", joined(self.path, name.get_ref()));
        Problem::new(name.span().into(), message)
            .label("unknown key")
            .help(suggestion(name.get_ref(), self.names()))
    }

    fn check_what_is_missing(&self, misspelt: &[&str], problems: &mut Vec<Problem>) {
        for key in self.keys() {
            if let Presence::Required(advice) = key.presence
                && !self.values.contains_key(key.name)
                && !misspelt.contains(&key.name)
            {
                let message = format!("`{}` is missing", joined(self.path, key.name));
                problems.push(Problem::new(self.place, message).label("it belongs here").help(advice));
            }
        }
    }

    /// Keys that exclude each other, and keys that say more about one of them.
    fn check_one_of(&self, one_of: &OneOf, misspelt: &[&str], problems: &mut Vec<Problem>) {
        let mut there: Vec<(&str, SourceSpan)> =
            one_of.names().filter_map(|name| self.place_of(name)).collect();
        there.sort_by_key(|(_, span)| span.offset());
        let rule = if one_of.required { "exactly" } else { "at most" };
        let message = format!("name {rule} one of {}", listed(one_of.names()));
        let meant = one_of.names().any(|name| misspelt.contains(&name));
        let Some(((first, _), others)) = there.split_first() else {
            if one_of.required && !meant {
                let help = format!("`{}` has none of them", self.path);
                problems.push(Problem::new(self.place, message).label("it belongs here").help(help));
            } else if !one_of.required {
                self.check_dependents(one_of, None, problems);
            }
            return;
        };
        for (other, span) in others {
            let help = format!("`{first}` is there already: take `{other}` or `{first}` out");
            problems.push(Problem::new(*span, message.clone()).label("one too many").help(help));
        }
        if others.is_empty() {
            self.check_dependents(one_of, Some(first), problems);
        }
    }

    fn check_dependents(&self, one_of: &OneOf, chosen: Option<&str>, problems: &mut Vec<Problem>) {
        for name in one_of.dependents() {
            let owners = one_of.owners(name);
            if let Some((_, span)) = self.place_of(name)
                && !chosen.is_some_and(|chosen| owners.contains(&chosen))
            {
                let message = format!("`{name}` goes with {}", alternatives(owners));
                let help = chosen.map_or_else(
                    || format!("`{}` has none", self.path),
                    |chosen| format!("this table has `{chosen}`"),
                );
                problems.push(Problem::new(span, message).label("not here").help(help));
            }
        }
    }

    /// A key that is there, and where.
    fn place_of(&self, name: &'static str) -> Option<(&'static str, SourceSpan)> {
        self.values.get_key_value(name).map(|(key, _)| (name, key.span().into()))
    }
}

/// Words in backticks with `or` between, for messages.
fn alternatives<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
}

/// The path of a key in messages: `image.repository`.
fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn check_key(value: &Spanned<DeValue<'_>>, key: &Key, path: &str, problems: &mut Vec<Problem>) {
    let found = problems.len();
    check_value(value, &key.shape, path, problems);
    // What helps when a list is missing helps as well when it is empty.
    if let (Presence::Required(advice), DeValue::Array(list)) = (&key.presence, value.get_ref())
        && list.is_empty()
        && let Some(problem) = problems.get_mut(found)
    {
        *problem = problem.clone().help(*advice);
    }
}

fn check_value(value: &Spanned<DeValue<'_>>, shape: &Shape, path: &str, problems: &mut Vec<Problem>) {
    let span = SourceSpan::from(value.span());
    match (value.get_ref(), shape) {
        (DeValue::String(text), Shape::Text) => {
            if text.is_empty() {
                problems.push(Problem::new(span, format!("`{path}` is empty")));
            }
        }
        (DeValue::String(text), Shape::Choice(choice)) => problems.extend(check_choice(text, choice, span)),
        (DeValue::String(text), Shape::Duration) => {
            problems
                .extend(quantity::duration(text).err().map(|error| Problem::new(span, error.to_string())));
        }
        (DeValue::String(text), Shape::Patience) => {
            problems
                .extend(quantity::patience(text).err().map(|error| Problem::new(span, error.to_string())));
        }
        (DeValue::String(text), Shape::Size) => {
            problems.extend(quantity::size(text).err().map(|error| Problem::new(span, error.to_string())));
        }
        (DeValue::Integer(number), Shape::Count { least, most }) => {
            if !whole_number(number).is_some_and(|number| (*least..=*most).contains(&number)) {
                let message = format!("`{path}` must be a whole number from {least} to {most}");
                problems.push(Problem::new(span, message));
            }
        }
        (DeValue::Table(values), Shape::Texts) => {
            for (name, value) in values {
                if !value.get_ref().is_str() {
                    problems.push(wrong_type(value, "a string", &joined(path, name.get_ref())));
                }
            }
        }
        (DeValue::Table(values), Shape::Tables(shape)) => {
            for (name, value) in values {
                check_value(value, &Shape::Table(shape), &joined(path, name.get_ref()), problems);
            }
        }
        (DeValue::Table(_), Shape::Settings) | (DeValue::Boolean(_), Shape::Flag) => {}
        (DeValue::Table(values), Shape::Table(shape)) => check_table(values, shape, span, path, problems),
        (DeValue::Array(values), Shape::List { of, least }) => {
            if values.len() < *least {
                problems.push(Problem::new(span, format!("`{path}` is empty")));
            }
            values.iter().for_each(|value| check_value(value, of, path, problems));
        }
        _ => problems.push(wrong_type(value, shape.expected(), path)),
    }
}

fn wrong_type(value: &Spanned<DeValue<'_>>, expected: &str, path: &str) -> Problem {
    let found = match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date-time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    };
    Problem::new(value.span().into(), format!("`{path}` must be {expected}, not {found}")).label(found)
}

fn check_choice(text: &str, choice: &Choice, span: SourceSpan) -> Option<Problem> {
    if choice.values.contains(&text) {
        return None;
    }
    let problem = Problem::new(span, format!("there is no {} `{text}`", choice.what));
    Some(problem.help(suggestion(text, choice.values.iter().copied())))
}
