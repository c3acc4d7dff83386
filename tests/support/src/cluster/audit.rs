//! The log in which an API server notes who asked for what.

use std::{fs, path::Path};

use serde_json::Value;

/// Service accounts only: the programs of the control plane itself are administrators, and ask without end.
pub(super) const POLICY: &str = r#"{
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [{ "level": "Metadata", "userGroups": ["system:serviceaccounts"] }, { "level": "None" }]
}
"#;

/// What a user asked for, a verb and a path each.
#[track_caller]
pub(super) fn requests(folder: &Path, user: &str) -> Vec<String> {
    let file = folder.join("audit.log");
    let log = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{} could not be read: {error}", file.display()));
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    events
        .filter(|event| event["user"]["username"] == user)
        .map(|event| format!("{} {}", text(&event["verb"]), text(&event["requestURI"])))
        .collect()
}
