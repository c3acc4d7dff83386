//! `docs/configuration.md` says what the table of keys says.

use super::{
    keys, parse,
    shape::{Key, Presence, Shape, TableShape},
};

const PAGE: &str = include_str!("../../../../../docs/configuration.md");

/// The row of a key: name, values, what it means to leave it out, meaning.
fn row(key: &Key) -> String {
    let absent = match key.presence {
        Presence::Required(_) => "required",
        Presence::Optional(absent) => absent,
    };
    format!("| `{}` | {} | {absent} | {} |", key.name, values(&key.shape), key.meaning)
}

fn values(shape: &Shape) -> String {
    match shape {
        Shape::Text => "string".to_owned(),
        Shape::Choice(choice) => {
            choice.values.iter().map(|value| format!("`\"{value}\"`")).collect::<Vec<_>>().join(" or ")
        }
        Shape::Count { least, .. } => format!("whole number, at least {least}"),
        Shape::Duration => "duration".to_owned(),
        Shape::Size => "size".to_owned(),
        Shape::Texts => "table of strings".to_owned(),
        Shape::Settings | Shape::Table(_) => "table".to_owned(),
        Shape::List { of: Shape::Table(_), .. } => "array of tables".to_owned(),
        Shape::List { .. } => "array of strings".to_owned(),
    }
}

/// The rows of a table of keys and of the tables in it, each table once.
fn rows(shape: &'static TableShape, seen: &mut Vec<&'static TableShape>, rows_of_all: &mut Vec<String>) {
    if seen.iter().any(|earlier| std::ptr::eq(*earlier, shape)) {
        return;
    }
    seen.push(shape);
    rows_of_all.extend(shape.keys.iter().map(row));
    shape.keys.iter().filter_map(|key| key.shape.table()).for_each(|inner| rows(inner, seen, rows_of_all));
}

#[test]
fn the_page_has_every_key_and_no_other() {
    let mut expected = Vec::new();
    rows(&keys::FILE, &mut Vec::new(), &mut expected);
    let mut written: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("| `")).collect();
    written.sort_unstable();
    expected.sort_unstable();
    assert_eq!(written, expected);
}

#[test]
fn the_examples_of_the_page_can_be_read() {
    let mut examples =
        PAGE.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let whole = examples.next().expect("the page begins with a whole file");
    let configuration = parse(whole).unwrap_or_else(|error| panic!("{:#?}", error.lines()));
    assert_eq!(configuration.environments.len(), 2);
    for part in examples {
        let text =
            if part.contains("[image]") { part.to_owned() } else { format!("{}{part}", super::MINIMAL) };
        parse(&text).unwrap_or_else(|error| panic!("{part}\n{:#?}", error.lines()));
    }
}
