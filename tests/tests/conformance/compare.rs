//! What two images have in common with everybody who runs them, and what not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::image::{Image, Node};

/// The members of the configuration that are compared as they are, but that nothing, `null` and empty are one.
const MEMBERS: [&str; 11] = [
    "Cmd",
    "Entrypoint",
    "User",
    "Labels",
    "ExposedPorts",
    "Volumes",
    "StopSignal",
    "Healthcheck",
    "Shell",
    "OnBuild",
    "StopTimeout",
];

/// Every difference, as a line: ours on the left, theirs on the right.
pub(crate) fn differences(ours: &Image, theirs: &Image) -> Vec<String> {
    let mut lines = Vec::new();
    let paths: BTreeSet<&String> = ours.tree.keys().chain(theirs.tree.keys()).collect();
    for path in paths {
        match (ours.tree.get(path), theirs.tree.get(path)) {
            (Some(ours), Some(theirs)) => nodes(path, ours, theirs, &mut lines),
            (Some(ours), None) => lines.push(format!("{path}: {} | nothing", ours.what)),
            (None, Some(theirs)) => lines.push(format!("{path}: nothing | {}", theirs.what)),
            (None, None) => {}
        }
    }
    let (ours, theirs) = (config(&ours.config), config(&theirs.config));
    for (name, ours) in &ours {
        let theirs = &theirs[name];
        if ours != theirs {
            lines.push(format!("{name}: {ours} | {theirs}"));
        }
    }
    lines
}

fn nodes(path: &str, ours: &Node, theirs: &Node, lines: &mut Vec<String>) {
    if ours.what != theirs.what {
        lines.push(format!("{path}: {} | {}", ours.what, theirs.what));
    }
    if ours.mode != theirs.mode {
        lines.push(format!("{path}: mode {:o} | {:o}", ours.mode, theirs.mode));
    }
    if ours.owner != theirs.owner {
        lines.push(format!("{path}: owner {:?} | {:?}", ours.owner, theirs.owner));
    }
    if ours.attributes != theirs.attributes {
        lines.push(format!("{path}: attributes {:?} | {:?}", ours.attributes, theirs.attributes));
    }
    if ours.same != theirs.same {
        lines.push(format!("{path}: links {:?} | {:?}", ours.same, theirs.same));
    }
}

/// What of a configuration matters.
fn config(document: &Value) -> BTreeMap<String, Value> {
    let execution = &document["config"];
    let mut members = BTreeMap::new();
    for name in MEMBERS {
        members.insert(name.to_owned(), something(&execution[name]));
    }
    let environment: BTreeSet<&str> = texts(&execution["Env"]);
    members.insert("Env".to_owned(), json!(environment));
    let directory = execution["WorkingDir"].as_str().filter(|directory| !directory.is_empty());
    members.insert("WorkingDir".to_owned(), directory.unwrap_or("/").into());
    for name in ["os", "architecture", "variant", "author"] {
        members.insert(name.to_owned(), something(&document[name]));
    }
    members
}

fn texts(list: &Value) -> BTreeSet<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Nothing, unless there is something.
fn something(value: &Value) -> Value {
    let is_empty = match value {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if is_empty { Value::Null } else { value.clone() }
}
