//! Conditions: `status.conditions` as most kinds have them.

use kube::core::{ApiResource, DynamicObject};
use serde_json::Value;

use super::{Status, unobserved};
use crate::kubernetes::options::ReadyWhen;

/// A definition of custom resources serves them once it is established.
pub(super) fn definition(object: &DynamicObject) -> Status {
    if let Some(names) = condition(object, "NamesAccepted").filter(|names| text(names, "status") == "False") {
        return Status::Failed(format!("its names are taken: {}", text(names, "message")));
    }
    match condition(object, "Established") {
        Some(established) if text(established, "status") == "True" => Status::done(),
        _ => Status::progressing("is not established"),
    }
}

/// Whether a wanted condition is about a kind: `Certificate`, or `Certificate.cert-manager.io` where a name is taken twice.
pub(super) fn is_about(wanted: &ReadyWhen, kind: &ApiResource) -> bool {
    match wanted.kind.split_once('.') {
        Some((name, group)) => name == kind.kind && group == kind.group,
        None => wanted.kind == kind.kind,
    }
}

/// The conditions that the configuration asks for.
pub(super) fn wanted(
    object: &DynamicObject,
    kind: &ApiResource,
    generation: Option<i64>,
    ready_when: &[ReadyWhen],
) -> Status {
    let mut wanted = ready_when.iter().filter(|wanted| is_about(wanted, kind)).peekable();
    if wanted.peek().is_some() && is_old(&object.data["status"], generation) {
        return unobserved();
    }
    wanted
        .map(|wanted| one(object, generation, wanted))
        .find(|status| *status != Status::done())
        .unwrap_or_else(Status::done)
}

fn one(object: &DynamicObject, generation: Option<i64>, wanted: &ReadyWhen) -> Status {
    let ReadyWhen { condition: name, status, .. } = wanted;
    let Some(found) = condition(object, name) else {
        return Status::Progressing(format!("has no condition {name}"));
    };
    if is_old(found, generation) {
        return unobserved();
    }
    if text(found, "status") == status {
        return Status::done();
    }
    let mut said = format!("{name} is {}, not {status}", text(found, "status"));
    for key in ["reason", "message"] {
        let part = text(found, key);
        if !part.is_empty() {
            said.push_str(&format!(": {part}"));
        }
    }
    Status::Progressing(said)
}

/// Not every controller says which generation it is talking about; one that does is taken at its word.
fn is_old(value: &Value, generation: Option<i64>) -> bool {
    value["observedGeneration"].as_i64().is_some_and(|seen| Some(seen) < generation)
}

fn condition<'a>(object: &'a DynamicObject, name: &str) -> Option<&'a Value> {
    object.data["status"]["conditions"].as_array()?.iter().find(|one| one["type"] == name)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
