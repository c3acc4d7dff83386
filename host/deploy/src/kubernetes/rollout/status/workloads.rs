//! Workloads that replace their pods step by step. The order of the questions is that of `kubectl rollout status`.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};

use super::{Status, unobserved};

/// Whether a controller has seen the generation.
fn observed(seen: Option<i64>, generation: Option<i64>) -> bool {
    seen.unwrap_or(0) >= generation.unwrap_or(0)
}

pub(super) fn deployment(deployment: &Deployment, generation: Option<i64>) -> Status {
    let spec = deployment.spec.clone().unwrap_or_default();
    let status = deployment.status.clone().unwrap_or_default();
    if !observed(status.observed_generation, generation) {
        return unobserved();
    }
    let wanted = spec.replicas.unwrap_or(1);
    let updated = status.updated_replicas.unwrap_or(0);
    let old = status.replicas.unwrap_or(0) - updated;
    let available = status.available_replicas.unwrap_or(0);
    if updated >= wanted && old <= 0 && available >= updated {
        return Status::done();
    }
    let late = status.conditions.iter().flatten().find(|condition| {
        condition.type_ == "Progressing" && condition.reason.as_deref() == Some("ProgressDeadlineExceeded")
    });
    if let Some(condition) = late {
        let said = condition.message.as_deref().unwrap_or("it made no progress for too long");
        return Status::Failed(format!("its progress deadline is over: {said}"));
    }
    if spec.paused == Some(true) {
        return Status::Failed("is paused (`spec.paused`), so that nothing is rolled out".to_owned());
    }
    Status::Progressing(if updated < wanted {
        format!("{updated} of {wanted} new replicas made")
    } else if old > 0 {
        format!("{old} old {} still to end", plural(old, "replica", "replicas"))
    } else {
        format!("{available} of {updated} new replicas available")
    })
}

pub(super) fn replica_set(set: &ReplicaSet, generation: Option<i64>) -> Status {
    let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let status = set.status.clone().unwrap_or_default();
    if !observed(status.observed_generation, generation) {
        return unobserved();
    }
    let available = status.available_replicas.unwrap_or(0);
    if available >= wanted {
        return Status::done();
    }
    Status::Progressing(format!("{available} of {wanted} replicas available"))
}

pub(super) fn stateful_set(set: &StatefulSet, generation: Option<i64>) -> Status {
    let spec = set.spec.clone().unwrap_or_default();
    let status = set.status.clone().unwrap_or_default();
    if !observed(status.observed_generation, generation) {
        return unobserved();
    }
    let strategy = spec.update_strategy.unwrap_or_default();
    let wanted = spec.replicas.unwrap_or(1);
    let updated = status.updated_replicas.unwrap_or(0);
    let available = status.available_replicas.unwrap_or(status.ready_replicas.unwrap_or(0));
    if strategy.type_.as_deref() == Some("OnDelete") {
        return on_delete(available, wanted);
    }
    // Pods below the partition keep the old revision on purpose.
    let partition = strategy.rolling_update.and_then(|update| update.partition).unwrap_or(0);
    let to_update = (wanted - partition).max(0);
    if updated < to_update {
        return Status::Progressing(format!("{updated} of {to_update} pods updated"));
    }
    if available < wanted {
        return Status::Progressing(format!("{available} of {wanted} pods available"));
    }
    if partition == 0 && status.current_revision != status.update_revision {
        return Status::progressing("its controller is about to close the update");
    }
    if partition > 0 && updated < wanted {
        let kept = wanted - updated;
        let note = format!(
            "{kept} {} the old revision (partition {partition})",
            plural(kept, "pod keeps", "pods keep")
        );
        return Status::Done(Some(note));
    }
    Status::done()
}

pub(super) fn daemon_set(set: &DaemonSet, generation: Option<i64>) -> Status {
    let status = set.status.clone().unwrap_or_default();
    if !observed(status.observed_generation, generation) {
        return unobserved();
    }
    let strategy = set.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref()?.type_.as_deref());
    let wanted = status.desired_number_scheduled;
    let updated = status.updated_number_scheduled.unwrap_or(0);
    let available = status.number_available.unwrap_or(0);
    if strategy == Some("OnDelete") {
        return on_delete(available, wanted);
    }
    if updated < wanted {
        return Status::Progressing(format!("{updated} of {wanted} pods updated"));
    }
    if available < wanted {
        return Status::Progressing(format!("{available} of {wanted} pods available"));
    }
    Status::done()
}

/// Pods that only somebody's hand replaces cannot be waited for, but those that are there have to be healthy.
fn on_delete(available: i32, wanted: i32) -> Status {
    if available < wanted {
        return Status::Progressing(format!("{available} of {wanted} pods available"));
    }
    let note = "its pods change only when somebody deletes them (updateStrategy OnDelete): not waited for";
    Status::Done(Some(note.to_owned()))
}

fn plural(count: i32, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}
