//! What runs to an end: jobs, and pods of their own.

use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};

use super::Status;

pub(super) fn job(job: &Job, _generation: Option<i64>) -> Status {
    let status = job.status.clone().unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default();
    let condition = |kind: &str| conditions.iter().find(|one| one.type_ == kind && one.status == "True");
    if condition("Complete").is_some() {
        return Status::done();
    }
    if let Some(failed) = condition("Failed") {
        return Status::Failed(said("failed", failed.reason.as_deref(), failed.message.as_deref()));
    }
    let spec = job.spec.clone().unwrap_or_default();
    if spec.suspend == Some(true) {
        return Status::progressing("is suspended (`spec.suspend`), so that it does not run");
    }
    let (succeeded, failed) = (status.succeeded.unwrap_or(0), status.failed.unwrap_or(0));
    let wanted = spec.completions.unwrap_or(1);
    let mut text = format!("{succeeded} of {wanted} completed");
    if failed > 0 {
        text.push_str(&format!(", {failed} failed"));
    }
    Status::Progressing(text)
}

pub(super) fn pod(pod: &Pod, _generation: Option<i64>) -> Status {
    let status = pod.status.clone().unwrap_or_default();
    let ready = status.conditions.iter().flatten().any(|one| one.type_ == "Ready" && one.status == "True");
    match status.phase.as_deref() {
        Some("Succeeded") => Status::done(),
        Some("Failed") => Status::Failed(said("failed", status.reason.as_deref(), status.message.as_deref())),
        _ if ready => Status::done(),
        _ => Status::progressing("is not ready"),
    }
}

/// What happened, with the reason and the message where there are any.
fn said(what: &str, reason: Option<&str>, message: Option<&str>) -> String {
    let parts = [Some(what), reason, message];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}
