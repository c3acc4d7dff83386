//! Objects without what the cluster notes about them, as people compare them.

use serde_json::{Map, Value};

use super::identity::PREFIX;

/// What the cluster keeps about every object.
const NOTES: [&str; 9] = [
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
];

/// Annotations in which programs keep notes. The first holds a whole object, with secrets.
const NOTED: [&str; 2] =
    ["kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision"];

/// What stands for data of a Secret, and for such data that changes.
const HIDDEN: &str = "<hidden>";
const HIDDEN_CHANGED: &str = "<hidden, changed>";

/// An object without status, notes and marks for releases.
pub(super) fn tidy(mut object: Value) -> Value {
    if let Some(map) = object.as_object_mut() {
        map.shift_remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for note in NOTES {
            metadata.shift_remove(note);
        }
        let annotations = metadata.get_mut("annotations").and_then(Value::as_object_mut);
        let empty = annotations.is_some_and(|annotations| {
            annotations.retain(|name, _| !name.starts_with(PREFIX) && !NOTED.contains(&name.as_str()));
            annotations.is_empty()
        });
        if empty {
            metadata.shift_remove("annotations");
        }
    }
    object
}

/// Hides the data of two states of a Secret, and says where they differ.
pub(super) fn hide_secrets(before: &mut Value, after: &mut Value) {
    for section in ["data", "stringData"] {
        let old = before.get(section).cloned().unwrap_or_default();
        hide(before.get_mut(section), |_, _| false);
        hide(after.get_mut(section), |key, value| old.get(key).is_some_and(|old| old != value));
    }
}

/// Whether the data of an object is secret.
pub(super) fn is_secret(object: &Value) -> bool {
    object["kind"] == "Secret" && object["apiVersion"] == "v1"
}

fn hide(section: Option<&mut Value>, changed: impl Fn(&str, &Value) -> bool) {
    for (key, value) in section.and_then(Value::as_object_mut).into_iter().flatten() {
        *value = if changed(key, value) { HIDDEN_CHANGED } else { HIDDEN }.into();
    }
}

/// A way to a field and its two values, absent ones as `None`.
pub(super) type Difference = (String, Option<Value>, Option<Value>);

/// Where two values differ, deepest places first named.
pub(super) fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut found);
    found
}

fn compare(path: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for key in keys(before, after) {
                compare(format!("{path}.{key}"), before.get(key), after.get(key), found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                compare(format!("{path}[{index}]"), Some(before), Some(after), found);
            }
        }
        (before, after) => found.push((path, before.cloned(), after.cloned())),
    }
}

fn keys<'a>(before: &'a Map<String, Value>, after: &'a Map<String, Value>) -> Vec<&'a String> {
    before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn notes_of_the_cluster_are_left_out() {
        let object = json!({
            "kind": "Pod",
            "metadata": {"name": "a", "uid": "1", "managedFields": [], "annotations": {"plimsoll.dev/release": "r"}},
            "status": {}
        });
        assert_eq!(tidy(object), json!({"kind": "Pod", "metadata": {"name": "a"}}));
    }

    #[test]
    fn secrets_are_hidden_and_their_changes_told() {
        let secret = |data: Value| json!({"kind": "Secret", "data": data});
        let mut before = secret(json!({"a": "MQ==", "b": "Mg=="}));
        let mut after = secret(json!({"a": "MQ==", "b": "Mw==", "c": "NA=="}));
        hide_secrets(&mut before, &mut after);
        assert_eq!(before["data"], json!({"a": HIDDEN, "b": HIDDEN}));
        assert_eq!(after["data"], json!({"a": HIDDEN, "b": HIDDEN_CHANGED, "c": HIDDEN}));
    }

    #[test]
    fn differences_name_their_place() {
        let before = json!({"spec": {"replicas": 2, "list": [{"image": "a"}], "gone": 1}});
        let after = json!({"spec": {"replicas": 3, "list": [{"image": "b"}], "new": 1}});
        let places: Vec<_> = differences(&before, &after).into_iter().map(|(place, ..)| place).collect();
        assert_eq!(places, [".spec.replicas", ".spec.list[0].image", ".spec.gone", ".spec.new"]);
        assert_eq!(differences(&before, &before), []);
    }
}
