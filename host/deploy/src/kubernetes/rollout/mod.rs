//! Watching what was applied until it is healthy.

use std::time::Duration;

use kube::{Client, core::ApiResource};
use plimsoll_core::ports::Progress;

use super::options::ReadyWhen;

/// An object that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) kind: ApiResource,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    pub(crate) generation: Option<i64>,
}

/// How long and for what to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RolloutOptions {
    pub(crate) timeout: Duration,
    pub(crate) ready_when: Vec<ReadyWhen>,
}

/// Objects that did not become healthy.
#[derive(Debug, thiserror::Error)]
#[error("not healthy: {}", .0.join("; "))]
pub struct RolloutError(Vec<String>);

impl RolloutError {
    pub(crate) fn hint(&self) -> &'static str {
        "see the objects' events"
    }
}

pub(crate) async fn watch(
    client: &Client,
    watched: &[Watched],
    options: &RolloutOptions,
    _progress: &dyn Progress,
) -> Result<(), RolloutError> {
    let end = tokio::time::Instant::now() + options.timeout;
    loop {
        let unhealthy =
            health(client, watched, options).await.unwrap_or_else(|error| vec![error.to_string()]);
        if unhealthy.is_empty() {
            return Ok(());
        }
        if tokio::time::Instant::now() >= end {
            return Err(RolloutError(unhealthy));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

pub(crate) async fn health(
    client: &Client,
    watched: &[Watched],
    _options: &RolloutOptions,
) -> Result<Vec<String>, kube::Error> {
    let mut unhealthy = Vec::new();
    for one in watched.iter().filter(|one| one.kind.kind == "Deployment") {
        let namespace = one.namespace.as_deref().unwrap_or_default();
        let api =
            kube::Api::<kube::core::DynamicObject>::namespaced_with(client.clone(), namespace, &one.kind);
        let live = api.get(&one.name).await?;
        let number = |path: &str| live.data.pointer(path).and_then(serde_json::Value::as_i64).unwrap_or(0);
        let wanted = live.data.pointer("/spec/replicas").and_then(serde_json::Value::as_i64).unwrap_or(1);
        let done = number("/status/observedGeneration") >= one.generation.unwrap_or(0)
            && number("/status/updatedReplicas") == wanted
            && number("/status/availableReplicas") == wanted
            && number("/status/replicas") == wanted;
        if !done {
            unhealthy.push(format!("Deployment {namespace}/{} is not available", one.name));
        }
    }
    Ok(unhealthy)
}
