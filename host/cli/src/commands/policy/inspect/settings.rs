//! The settings of a policy for people, made of their JSON Schema.

use serde_json::Value;

use crate::output::{FAINT, PLAIN, table, visible};

/// How deep a schema is looked into, how many choices of a value are told, and how many settings: a component may carry
/// any schema, and all of it is in the JSON.
const DEPTH: usize = 4;
const MOST_CHOICES: usize = 8;
const MOST_SETTINGS: usize = 100;
/// The longest text of a cell, characters.
const LONGEST_CELL: usize = 160;

/// Prints the settings, a row each. `schema` is JSON text from the component: it may say anything.
pub(super) fn print(schema: &str) {
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    let rows = rows(&schema);
    if rows.is_empty() {
        super::row("settings", "none");
        return;
    }
    say!("\nsettings {FAINT}(their JSON Schema: --format json){PLAIN}");
    let cells = |row: &[String; 4]| row.iter().map(|text| table::Cell::plain(cell(text))).collect();
    let rows: Vec<Vec<table::Cell>> = rows.iter().map(cells).collect();
    table::print(&["setting", "type", "default", "meaning"], &rows);
}

/// A text that fits a cell.
fn cell(text: &str) -> String {
    let mut short: String = visible(text).chars().take(LONGEST_CELL + 1).collect();
    if short.chars().count() > LONGEST_CELL {
        short.pop();
        short.push('…');
    }
    short
}

/// Name, type, default and meaning of each setting.
fn rows(schema: &Value) -> Vec<[String; 4]> {
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name))
    };
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .take(MOST_SETTINGS)
        .map(|(name, property)| {
            let default = match property.get("default") {
                Some(default) => default.to_string(),
                None if required(name) => "required".to_owned(),
                None => String::new(),
            };
            let meaning = property["description"].as_str().unwrap_or_default();
            [name.clone(), kind(schema, property, DEPTH), default, first_sentence(meaning)]
        })
        .collect()
}

/// The type of a value, in a few words.
fn kind(root: &Value, schema: &Value, depth: usize) -> String {
    let any = || "any".to_owned();
    let Some(depth) = depth.checked_sub(1) else { return any() };
    let kind = |schema: &Value| kind(root, schema, depth);
    if let Some(values) = schema["enum"].as_array() {
        return choice(values.iter().map(Value::to_string));
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let meant = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return meant.map_or_else(any, kind);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[key].as_array() {
            let choices = choices.iter().take(MOST_CHOICES + 1);
            return choice(choices.map(kind).filter(|kind| kind != "null"));
        }
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            choice(names.map(str::to_owned))
        }
        _ => any(),
    }
}

/// Some of the choices of a value.
fn choice(choices: impl Iterator<Item = String>) -> String {
    let mut some: Vec<String> = choices.take(MOST_CHOICES + 1).collect();
    if some.len() > MOST_CHOICES {
        some.truncate(MOST_CHOICES);
        some.push("…".to_owned());
    }
    some.join(" | ")
}

/// The first sentence of a text, on one line.
fn first_sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.find(". ") {
        Some(end) => line[..=end].to_owned(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_told_in_a_few_words() {
        let schema = json!({
            "properties": {
                "pattern": { "type": "string", "default": "v*", "description": "Which tags\ncount. More on that." },
                "level": { "enum": ["major", "minor"] },
                "hours": { "type": ["integer", "null"] },
                "holidays": { "type": "array", "items": { "$ref": "#/$defs/Day" } },
                "rule": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
            },
            "required": ["level"],
            "$defs": { "Day": { "oneOf": [{ "const": "monday" }, { "const": "friday" }] } },
        });
        let rows = rows(&schema);
        let row =
            |name: &str| rows.iter().find(|row| row[0] == name).map(|row| row.clone().map(String::from));
        let expected = |texts: [&str; 4]| Some(texts.map(str::to_owned));
        assert_eq!(row("pattern"), expected(["pattern", "string", "\"v*\"", "Which tags count."]));
        assert_eq!(row("level"), expected(["level", "\"major\" | \"minor\"", "required", ""]));
        assert_eq!(row("hours"), expected(["hours", "integer", "", ""]));
        assert_eq!(row("holidays"), expected(["holidays", "list of \"monday\" | \"friday\"", "", ""]));
        assert_eq!(row("rule"), expected(["rule", "string", "", ""]));
    }

    #[test]
    fn any_schema_is_told() {
        for schema in [
            json!(null),
            json!([]),
            json!({ "properties": 3 }),
            json!({ "properties": { "a": [] } }),
            json!({ "properties": { "a": { "$ref": "#/properties/a" } } }),
        ] {
            let _ = rows(&schema);
        }
    }
}
