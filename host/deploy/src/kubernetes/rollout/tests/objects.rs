//! Objects as a cluster has them.

use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use crate::kubernetes::rollout::Watched;

pub(in crate::kubernetes) const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/website/deployments";
pub(in crate::kubernetes) const REPLICA_SETS: &str = "/apis/apps/v1/namespaces/website/replicasets";
pub(in crate::kubernetes) const DAEMON_SETS: &str = "/apis/apps/v1/namespaces/website/daemonsets";
pub(in crate::kubernetes) const JOBS: &str = "/apis/batch/v1/namespaces/website/jobs";
pub(in crate::kubernetes) const PODS: &str = "/api/v1/namespaces/website/pods";
pub(in crate::kubernetes) const EVENTS: &str = "/api/v1/namespaces/website/events";

pub(in crate::kubernetes) fn watched(kind: &str, name: &str) -> Watched {
    let group = match kind {
        "Job" | "CronJob" => "batch",
        "ConfigMap" | "Pod" => "",
        _ => "apps",
    };
    Watched {
        kind: ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind)),
        namespace: Some("website".to_owned()),
        name: name.to_owned(),
        generation: Some(1),
    }
}

/// A Deployment of two replicas, at its second revision.
pub(in crate::kubernetes) fn deployment(name: &str, observed: i64, available: i32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "website", "generation": 1, "uid": format!("uid-{name}"), "annotations": {"deployment.kubernetes.io/revision": "2"}},
        "spec": {"replicas": 2, "selector": {}, "template": {}},
        "status": {"observedGeneration": observed, "replicas": 2, "updatedReplicas": 2, "availableReplicas": available}
    })
}

fn owned_by(kind: &str, name: &str) -> Value {
    json!([{"apiVersion": "a/v1", "kind": kind, "name": name, "uid": format!("uid-{name}"), "controller": true}])
}

pub(in crate::kubernetes) fn replica_set(name: &str, owner: &str, number: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": name, "namespace": "website", "ownerReferences": owned_by("Deployment", owner), "annotations": {"deployment.kubernetes.io/revision": number}},
        "spec": {"selector": {}}
    })
}

/// A pod whose container waits with a reason; without one it ended with code 1.
pub(in crate::kubernetes) fn pod(name: &str, owner: &str, reason: &str, restarts: i32) -> Value {
    let ended = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
    let state = match reason {
        "" => ended.clone(),
        "running" => json!({"running": {}}),
        reason => json!({"waiting": {"reason": reason, "message": "said"}}),
    };
    let kind = if reason.is_empty() { "Job" } else { "ReplicaSet" };
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "website", "ownerReferences": owned_by(kind, owner)},
        "status": {"phase": "Pending", "containerStatuses": [
            {"name": "web", "image": "", "imageID": "", "ready": false, "restartCount": restarts, "state": state, "lastState": ended}
        ]}
    })
}

pub(in crate::kubernetes) fn job(name: &str, condition: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "website", "generation": 1},
        "spec": {"template": {}},
        "status": {"conditions": [{"type": condition, "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]}
    })
}
