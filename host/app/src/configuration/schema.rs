//! The JSON Schema of the file (draft 2020-12), made from the table of keys.

use serde_json::{Map, Value, json};

use super::{
    keys::FILE,
    quantity,
    shape::{Key, OneOf, Presence, Shape, TableShape, Variant},
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

fn table(shape: &'static TableShape) -> Map<String, Value> {
    let Some(variants) = shape.variants else {
        return described(shape, keys(shape.keys.iter(), shape.one_of));
    };
    let variant = |variant: &'static Variant| {
        let mut schema = keys(shape.keys_of(Some(variant)), variant.one_of);
        schema["properties"][variants.by]["const"] = variant.value.into();
        Value::Object(schema)
    };
    let kinds: Vec<Value> = variants.of.iter().map(variant).collect();
    described(shape, object(json!({ "type": "object", "oneOf": kinds })))
}

fn described(shape: &TableShape, mut schema: Map<String, Value>) -> Map<String, Value> {
    schema.insert("description".to_owned(), shape.meaning.into());
    schema
}

/// A table with these keys and no other.
fn keys(keys: impl Iterator<Item = &'static Key> + Clone, one_of: Option<&OneOf>) -> Map<String, Value> {
    let required: Vec<Value> = keys
        .clone()
        .filter(|key| matches!(key.presence, Presence::Required(_)))
        .map(|key| key.name.into())
        .collect();
    let properties: Map<String, Value> = keys.map(|key| (key.name.to_owned(), property(key))).collect();
    let mut schema = object(json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    }));
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    if let Some(one_of) = one_of {
        schema.extend(exclusive(one_of));
    }
    schema
}

/// What holds of keys that exclude each other.
fn exclusive(one_of: &OneOf) -> Map<String, Value> {
    let there = |name: &str| json!({ "required": [name] });
    let mut each: Vec<Value> = one_of.names().map(there).collect();
    if !one_of.required {
        let none = json!({ "not": { "anyOf": each } });
        each.push(none);
    }
    let dependents: Map<String, Value> = one_of
        .dependents()
        .into_iter()
        .map(|name| {
            let owners: Vec<Value> = one_of.owners(name).into_iter().map(there).collect();
            (name.to_owned(), json!({ "anyOf": owners }))
        })
        .collect();
    object(json!({ "oneOf": each, "dependentSchemas": dependents }))
}

fn property(key: &Key) -> Value {
    let mut schema = value(&key.shape);
    let description = match key.presence {
        Presence::Required(_) | Presence::Alternative => key.meaning.to_owned(),
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
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Duration | Shape::Patience => {
            json!({ "type": "string", "pattern": quantity::DURATION_PATTERN })
        }
        Shape::Size => json!({ "type": "string", "pattern": quantity::SIZE_PATTERN }),
        Shape::Texts => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Shape::Tables(shape) => json!({ "type": "object", "additionalProperties": table(shape) }),
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
