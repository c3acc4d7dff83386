//! JSON values as YAML, for people who compare them.

use serde_json::{Map, Value};

use crate::{yaml, yaml_value};

/// A value as a YAML document that ends with a line break.
pub(crate) fn text(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => mapping(map, 0, &mut text),
        Value::Array(items) if !items.is_empty() => sequence(items, 0, &mut text),
        other => {
            text.push_str(&inline(other));
            text.push('\n');
        }
    }
    text
}

fn mapping(map: &Map<String, Value>, indent: usize, text: &mut String) {
    for (index, (key, value)) in map.iter().enumerate() {
        // The first key of an element of a list stands behind its dash.
        if index > 0 || text.is_empty() || text.ends_with('\n') {
            text.push_str(&" ".repeat(indent));
        }
        text.push_str(&scalar(key));
        text.push(':');
        after(value, indent, text);
    }
}

fn sequence(items: &[Value], indent: usize, text: &mut String) {
    for item in items {
        text.push_str(&" ".repeat(indent));
        text.push('-');
        match item {
            Value::Object(map) if !map.is_empty() => {
                text.push(' ');
                mapping(map, indent + 2, text);
            }
            Value::Array(inner) if !inner.is_empty() => {
                text.push('\n');
                sequence(inner, indent + 2, text);
            }
            other => after(other, indent, text),
        }
    }
}

/// What follows a colon or a dash, the line break included.
fn after(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            mapping(map, indent + 2, text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            sequence(items, indent, text);
        }
        Value::String(lines) if is_block(lines) => {
            text.push_str(if lines.ends_with('\n') { " |\n" } else { " |-\n" });
            for line in lines.lines() {
                if !line.is_empty() {
                    text.push_str(&" ".repeat(indent + 2));
                }
                text.push_str(line);
                text.push('\n');
            }
        }
        other => {
            text.push(' ');
            text.push_str(&inline(other));
            text.push('\n');
        }
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A text as a scalar: plain where it reads back as the same text, else as JSON has it.
fn scalar(text: &str) -> String {
    let is_safe = |char: char| char.is_ascii_alphanumeric() || "-_./@<>+= ,:".contains(char);
    let reads_back = text.chars().all(is_safe)
        && yaml::parse(&format!("a: {text}\n")).is_ok_and(|documents| {
            let value = documents.first().and_then(|document| yaml_value::value(document).ok());
            value.is_some_and(|value| value["a"] == text)
        })
        // As a key it would merge.
        && text != "<<"
        && !text.contains(": ")
        && !text.ends_with(':');
    if reads_back { text.to_owned() } else { Value::from(text).to_string() }
}

/// Whether a text is shown as a block of lines, one line for each of its own.
fn is_block(text: &str) -> bool {
    let plain = |char: char| char == '\n' || char == '\t' || !char.is_control();
    let starts = text.lines().next().is_some_and(|line| !line.is_empty() && !line.starts_with([' ', '\t']));
    text.trim_end_matches('\n').contains('\n')
        && starts
        && text.chars().all(plain)
        && !text.contains(['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}'])
        && !text.ends_with("\n\n")
        && text.lines().all(|line| !line.ends_with([' ', '\t', '\r']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_look_as_people_write_them() {
        let value = json!({
            "kind": "Deployment",
            "spec": {"replicas": 2, "paused": false, "empty": {}, "none": [], "containers": [{"name": "a", "args": ["x", "0644"]}, "b"]},
            "script": "one\n  two\n"
        });
        let expected = "kind: Deployment\nspec:\n  replicas: 2\n  paused: false\n  empty: {}\n  none: []\n  containers:\n  - name: a\n    args:\n    - x\n    - \"0644\"\n  - b\nscript: |\n  one\n    two\n";
        assert_eq!(text(&value), expected);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            "[ -~\n]{0,12}".prop_map(Value::from),
            "(yes|0x1|1e3|~|a: b|- a|# c|a\nb|a\n\nb\n|null|1_0|é)".prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ -~]{1,6}", inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_the_value(value in values()) {
            let shown = text(&json!({ "value": value }));
            let documents = yaml::parse(&shown).unwrap();
            let read = yaml_value::value(&documents[0]).unwrap();
            prop_assert_eq!(&read["value"], &value, "{}", shown);
        }
    }
}
