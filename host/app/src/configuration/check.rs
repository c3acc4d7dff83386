//! The first stage: does the file have the shape that the table of keys describes? Everything that does not is reported.

use miette::SourceSpan;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    problem::{Problem, listed, nearest, suggestion},
    quantity,
    reader::whole_number,
    shape::{Choice, Key, Presence, Shape, TableShape},
};

/// Checks a table. `place` is where a missing key is reported, `path` the table's own name for messages.
pub(super) fn check_table(
    values: &DeTable<'_>,
    shape: &'static TableShape,
    place: SourceSpan,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    if let Some(kind) = shape.kind.and_then(|kind| shape.key(kind))
        && let Some(value) = values.get(kind.name)
        && !is_offered(value, &kind.shape)
    {
        check_value(value, &kind.shape, &joined(path, kind.name), problems);
        return;
    }
    let mut misspelt = Vec::new();
    for (name, value) in values {
        if let Some(key) = shape.key(name.get_ref()) {
            check_key(value, key, &joined(path, key.name), problems);
        } else {
            misspelt.extend(nearest(name.get_ref(), shape.names()));
            problems.push(unknown_key(name, shape, path));
        }
    }
    for key in shape.keys {
        if let Presence::Required(advice) = key.presence
            && !values.contains_key(key.name)
            && !misspelt.contains(&key.name)
        {
            let message = format!("`{}` is missing", joined(path, key.name));
            problems.push(Problem::new(place, message).label("it belongs here").help(advice));
        }
    }
}

fn is_offered(value: &Spanned<DeValue<'_>>, shape: &Shape) -> bool {
    matches!((value.get_ref(), shape), (DeValue::String(text), Shape::Choice(choice))
        if choice.values.contains(&text.as_ref()))
}

fn unknown_key(name: &Spanned<toml::de::DeString<'_>>, shape: &TableShape, path: &str) -> Problem {
    let message = format!("`{}` is no key that Plimsoll knows", joined(path, name.get_ref()));
    Problem::new(name.span().into(), message)
        .label("unknown key")
        .help(suggestion(name.get_ref(), shape.names()))
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
        (DeValue::Table(_), Shape::Settings) => {}
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
    let what = choice.what;
    Some(if choice.planned.contains(&text) {
        Problem::new(span, format!("the {what} `{text}` is not available yet"))
            .help(format!("this version has {}", listed(choice.values.iter().copied())))
    } else {
        Problem::new(span, format!("there is no {what} `{text}`"))
            .help(suggestion(text, choice.values.iter().copied()))
    })
}
