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
        Presence::Alternative => "one of them is required",
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
        Shape::Flag => "`true` or `false`".to_owned(),
        Shape::Duration | Shape::Patience => "duration".to_owned(),
        Shape::Size => "size".to_owned(),
        Shape::Texts => "table of strings".to_owned(),
        Shape::Tables(_) => "table of tables".to_owned(),
        Shape::Settings | Shape::Table(_) => "table".to_owned(),
        Shape::List { of: Shape::Table(_), .. } => "array of tables".to_owned(),
        Shape::List { .. } => "array of strings".to_owned(),
    }
}

/// The tables of the page: one for each table of the file, and one for each kind of it.
fn tables(
    shape: &'static TableShape,
    seen: &mut Vec<&'static TableShape>,
    rows_of_all: &mut Vec<Vec<String>>,
) {
    if seen.iter().any(|earlier| std::ptr::eq(*earlier, shape)) {
        return;
    }
    seen.push(shape);
    rows_of_all.push(shape.keys.iter().map(row).collect());
    let variants = shape.variants.map_or(&[][..], |variants| variants.of);
    rows_of_all.extend(variants.iter().map(|variant| variant.keys.iter().map(row).collect()));
    shape.all_keys().filter_map(|key| key.shape.table()).for_each(|inner| tables(inner, seen, rows_of_all));
}

#[test]
fn the_page_has_every_key_and_no_other() {
    let mut expected = Vec::new();
    tables(&keys::FILE, &mut Vec::new(), &mut expected);
    let lines: Vec<&str> = PAGE.lines().collect();
    let is_row = |line: &&str| line.starts_with("| `");
    let mut written: Vec<Vec<String>> = lines
        .chunk_by(|one, other| is_row(one) == is_row(other))
        .filter(|lines| lines.first().is_some_and(is_row))
        .map(|lines| lines.iter().map(|line| (*line).to_owned()).collect())
        .collect();
    written.sort_unstable();
    expected.sort_unstable();
    let missing: Vec<String> =
        expected.iter().filter(|rows| !written.contains(rows)).map(|rows| rows.join("\n")).collect();
    assert!(missing.is_empty(), "not on the page:\n\n{}", missing.join("\n\n"));
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
