//! The JSON Schema of the file (draft 2020-12), made from the table of keys.

use serde_json::{Map, Value, json};

use super::{
    keys::FILE,
    quantity,
    shape::{Key, Presence, Shape, TableShape},
};

/// The JSON Schema of `plimsoll.toml`, for editors and other programs. It describes the same keys that reading the file
/// knows, but not what holds between them, such as that environments have different names.
#[must_use]
pub fn schema() -> Value {
    let mut schema = object(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "plimsoll.toml",
    }));
    schema.extend(table(&FILE));
    Value::Object(schema)
}

fn table(shape: &TableShape) -> Map<String, Value> {
    let required: Vec<Value> = shape
        .keys
        .iter()
        .filter(|key| matches!(key.presence, Presence::Required(_)))
        .map(|key| key.name.into())
        .collect();
    let properties: Map<String, Value> =
        shape.keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let mut schema = object(json!({
        "type": "object",
        "description": shape.meaning,
        "properties": properties,
        "additionalProperties": false,
    }));
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = value(&key.shape);
    let description = match key.presence {
        Presence::Required(_) => key.meaning.to_owned(),
        Presence::Optional(absent) => format!("{} When left out: {absent}.", key.meaning),
    };
    schema.insert("description".to_owned(), description.into());
    Value::Object(schema)
}

fn value(shape: &Shape) -> Map<String, Value> {
    object(match shape {
        Shape::Text => json!({ "type": "string", "minLength": 1 }),
        Shape::Choice(choice) => json!({ "type": "string", "enum": choice.values }),
        Shape::Count { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Duration => json!({ "type": "string", "pattern": quantity::DURATION_PATTERN }),
        Shape::Size => json!({ "type": "string", "pattern": quantity::SIZE_PATTERN }),
        Shape::Texts => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Shape::Settings => json!({ "type": "object" }),
        Shape::Table(shape) => return table(shape),
        Shape::List { of, least } => json!({ "type": "array", "items": value(of), "minItems": least }),
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
