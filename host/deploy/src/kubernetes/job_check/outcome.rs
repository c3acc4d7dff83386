//! What a job that came to its end tells.

use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::{Api, Client, api::ListParams};
use plimsoll_core::{contract::EvidenceOutcome, ports::Checked};

use crate::kubernetes::rollout::{Log, RolloutError, tail};

/// How many of the last lines of the log are kept.
const LINES: usize = 3;

/// How a job came out: failed only when it says so itself. One that never ran or never ended is not known about.
pub(super) async fn outcome(
    client: &Client,
    namespace: &str,
    name: &str,
    watched: Result<(), RolloutError>,
) -> Checked {
    let outcome = match &watched {
        Ok(()) => EvidenceOutcome::Passed,
        Err(_) if has_failed(client, namespace, name).await => EvidenceOutcome::Failed,
        Err(_) => EvidenceOutcome::Unknown,
    };
    let value = match (outcome, &watched) {
        (EvidenceOutcome::Unknown, Err(error)) => Some(in_a_line(&error.to_string())),
        (_, watched) => last_words(client, namespace, name)
            .await
            .or_else(|| watched.as_ref().err().map(|error| in_a_line(&error.to_string()))),
    };
    Checked { outcome, value }
}

fn in_a_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

async fn has_failed(client: &Client, namespace: &str, name: &str) -> bool {
    let jobs: Api<Job> = Api::namespaced(client.clone(), namespace);
    let Ok(job) = jobs.get(name).await else { return false };
    let conditions = job.status.and_then(|status| status.conditions).unwrap_or_default();
    conditions.iter().any(|one| one.type_ == "Failed" && one.status == "True")
}

/// The last lines that the youngest pod of a job wrote.
async fn last_words(client: &Client, namespace: &str, name: &str) -> Option<String> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let list = pods.list(&ListParams::default().labels(&format!("job-name={name}"))).await.ok()?;
    let youngest = list
        .items
        .into_iter()
        .max_by_key(|pod| pod.metadata.creation_timestamp.clone().map(|time| time.0))?;
    let container = told(&youngest)?;
    let pod = youngest.metadata.name?;
    let mut lines = tail(client, namespace, &pod, &container, Log::Current).await.ok()?;
    lines.drain(..lines.len().saturating_sub(LINES));
    (!lines.is_empty()).then(|| lines.join(" | "))
}

/// The container that ended badly, else the first one.
fn told(pod: &Pod) -> Option<String> {
    let bad =
        pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten()).find(|container| {
            let ended = container.state.as_ref().and_then(|state| state.terminated.as_ref());
            ended.is_some_and(|ended| ended.exit_code != 0)
        });
    let first = || pod.spec.as_ref()?.containers.first().map(|container| container.name.clone());
    bad.map(|container| container.name.clone()).or_else(first)
}
