//! JSON values as TOML on one line.

use serde_json::Value;
use toml_edit::{Array, InlineTable, Key};

/// A value in TOML; nulls, which TOML does not have, are left out.
pub(crate) fn to_toml(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().filter_map(to_toml).collect::<Array>().into(),
        Value::Object(members) => {
            let mut table = InlineTable::new();
            for (name, value) in members {
                if let Some(value) = to_toml(value) {
                    table.insert(name, value);
                }
            }
            table.into()
        }
    })
}

/// A value as text.
pub(crate) fn inline(value: &Value) -> String {
    to_toml(value).map(|value| value.to_string().trim().to_owned()).unwrap_or_default()
}

/// A name as a key.
pub(crate) fn key(name: &str) -> String {
    Key::new(name).to_string()
}
