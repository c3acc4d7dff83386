//! What stands in the way of a pod, as it reports it itself. Pure: a pod in, its troubles out.
//!
//! Nothing here makes an object done. It only ends the waiting sooner, so a trouble that may heal by itself has a
//! patience: how long it has to be seen without a break until it counts as a failure.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::logs::Log;

/// A registry may be slow to show an image that was just pushed, or be busy for a moment.
const IMAGE_PATIENCE: Duration = Duration::from_secs(15);

/// Whoever makes the missing secret or map may be at it. Also for refused pods: a quota is freed when old pods end.
pub(super) const MAKING_PATIENCE: Duration = Duration::from_secs(30);

/// A container that ended waits ever longer to be started again: 10, 20, 40 seconds.
const CRASH_PATIENCE: Duration = Duration::from_secs(30);

/// The number of restarts after which a container is not going to stay up.
const RESTARTS: i32 = 3;

/// Something that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) cause: Cause,
    /// The container, when it is about one.
    pub(super) container: Option<String>,
    /// The reason as Kubernetes names it, such as `ImagePullBackOff`.
    pub(super) reason: String,
    /// What was said about it.
    pub(super) message: String,
    pub(super) patience: Patience,
}

/// What a trouble is about. A trouble goes on while its cause does, whatever the reason is called meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The image cannot be had.
    Image,
    /// The container cannot be made or started.
    Making,
    /// The container ends again and again.
    Crash,
    /// The container ended, and is not started again.
    Ended,
    /// No node takes the pod.
    Scheduling,
    /// The container runs and is not ready.
    Readiness,
    /// The pod itself is refused.
    Refused,
}

/// When a trouble counts as a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Once it was seen for this long.
    For(Duration),
    /// Never by itself. People should know of it.
    Endless,
    /// Never, and it is quite usual: told only when the waiting is over.
    Usual,
}

impl Cause {
    /// Whether the container wrote something that explains it; the log is that of the container that ended before.
    pub(super) fn log(self) -> Option<Log> {
        match self {
            Self::Crash => Some(Log::Previous),
            Self::Ended | Self::Readiness => Some(Log::Current),
            Self::Image | Self::Making | Self::Scheduling | Self::Refused => None,
        }
    }
}

/// The troubles of a pod. A job counts its pods' ends itself, so a crash in one is no failure of the job.
pub(super) fn troubles(pod: &Pod, of_job: bool) -> Vec<Trouble> {
    let Some(status) = &pod.status else { return Vec::new() };
    if pod.metadata.deletion_timestamp.is_some() || status.phase.as_deref() == Some("Succeeded") {
        return Vec::new();
    }
    let mut troubles: Vec<_> = status
        .init_container_statuses
        .iter()
        .flatten()
        .filter_map(|container| trouble(container, true, of_job))
        .chain(
            status
                .container_statuses
                .iter()
                .flatten()
                .filter_map(|container| trouble(container, false, of_job)),
        )
        .collect();
    let unschedulable = status.conditions.iter().flatten().find(|condition| {
        condition.type_ == "PodScheduled" && condition.reason.as_deref() == Some("Unschedulable")
    });
    if let Some(condition) = unschedulable {
        troubles.push(Trouble {
            cause: Cause::Scheduling,
            container: None,
            reason: "Unschedulable".to_owned(),
            message: condition.message.clone().unwrap_or_default(),
            patience: Patience::Endless,
        });
    }
    troubles
}

fn trouble(container: &ContainerStatus, initial: bool, of_job: bool) -> Option<Trouble> {
    let state = container.state.as_ref()?;
    let (cause, reason, message, patience) = if let Some(waiting) = &state.waiting {
        let reason = waiting.reason.clone().unwrap_or_default();
        let (cause, patience) = waiting_for(&reason, container.restart_count, of_job)?;
        let message = match cause {
            Cause::Crash => crash(container),
            _ => waiting.message.clone().unwrap_or_default(),
        };
        (cause, reason, message, patience)
    } else if let Some(ended) = state.terminated.as_ref().filter(|ended| ended.exit_code != 0) {
        let reason = ended.reason.clone().unwrap_or_else(|| "Error".to_owned());
        (Cause::Ended, reason, exit(ended.exit_code, ended.message.as_deref()), Patience::Usual)
    } else if state.running.is_some() && !container.ready && !initial {
        (Cause::Readiness, "NotReady".to_owned(), "it runs and is not ready".to_owned(), Patience::Usual)
    } else {
        return None;
    };
    Some(Trouble { cause, container: Some(container.name.clone()), reason, message, patience })
}

/// What a container waits for, by the kubelet's reason (`pkg/kubelet/images/types.go` and `kuberuntime`); `None` when it
/// is on its way.
fn waiting_for(reason: &str, restarts: i32, of_job: bool) -> Option<(Cause, Patience)> {
    let at_once = Patience::For(Duration::ZERO);
    Some(match reason {
        "InvalidImageName" | "ErrImageNeverPull" => (Cause::Image, at_once),
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => (Cause::Image, Patience::For(IMAGE_PATIENCE)),
        "CreateContainerConfigError"
        | "CreateContainerError"
        | "PreCreateHookError"
        | "PreStartHookError"
        | "PostStartHookError"
        | "RunContainerError" => (Cause::Making, Patience::For(MAKING_PATIENCE)),
        "CrashLoopBackOff" if of_job => (Cause::Crash, Patience::Endless),
        "CrashLoopBackOff" if restarts >= RESTARTS => (Cause::Crash, at_once),
        "CrashLoopBackOff" => (Cause::Crash, Patience::For(CRASH_PATIENCE)),
        _ => return None,
    })
}

fn crash(container: &ContainerStatus) -> String {
    let ended = container.last_state.as_ref().and_then(|last| last.terminated.as_ref());
    let how = ended.map_or_else(
        || "it ends again and again".to_owned(),
        |ended| exit(ended.exit_code, ended.reason.as_deref().filter(|reason| *reason != "Error")),
    );
    format!("{how}; restarts: {}", container.restart_count)
}

fn exit(code: i32, more: Option<&str>) -> String {
    match more.filter(|more| !more.is_empty()) {
        Some(more) => format!("it ended with code {code}: {more}"),
        None => format!("it ended with code {code}"),
    }
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(status: Value, of_job: bool) -> Vec<(Cause, Patience)> {
        let pod = json!({"metadata": {"name": "a"}, "status": status});
        let troubles = troubles(&serde_json::from_value(pod).unwrap(), of_job);
        troubles.into_iter().map(|trouble| (trouble.cause, trouble.patience)).collect()
    }

    fn container(state: Value, restarts: i32) -> Value {
        json!({"name": "web", "image": "", "imageID": "", "ready": false, "restartCount": restarts, "state": state})
    }

    fn waiting(reason: &str, restarts: i32) -> Value {
        json!({"containerStatuses": [container(json!({"waiting": {"reason": reason}}), restarts)]})
    }

    #[test]
    fn what_may_heal_has_time_to() {
        let at_once = Patience::For(Duration::ZERO);
        let cases = [
            ("InvalidImageName", 0, Some((Cause::Image, at_once))),
            ("ErrImagePull", 0, Some((Cause::Image, Patience::For(IMAGE_PATIENCE)))),
            ("ImagePullBackOff", 0, Some((Cause::Image, Patience::For(IMAGE_PATIENCE)))),
            ("CreateContainerConfigError", 0, Some((Cause::Making, Patience::For(MAKING_PATIENCE)))),
            ("CrashLoopBackOff", 1, Some((Cause::Crash, Patience::For(CRASH_PATIENCE)))),
            ("CrashLoopBackOff", 3, Some((Cause::Crash, at_once))),
            ("ContainerCreating", 0, None),
            ("PodInitializing", 0, None),
        ];
        for (reason, restarts, expected) in cases {
            assert_eq!(found(waiting(reason, restarts), false), Vec::from_iter(expected), "{reason}");
        }
        assert_eq!(found(waiting("CrashLoopBackOff", 9), true), [(Cause::Crash, Patience::Endless)]);
    }

    #[test]
    fn init_containers_count_and_pods_that_end_do_not() {
        let init =
            json!({"initContainerStatuses": [container(json!({"waiting": {"reason": "ErrImagePull"}}), 0)]});
        assert_eq!(found(init, false).len(), 1);
        assert_eq!(
            found(json!({"initContainerStatuses": [container(json!({"running": {}}), 0)]}), false),
            []
        );
        let mut gone = waiting("ErrImagePull", 0);
        gone["phase"] = "Succeeded".into();
        assert_eq!(found(gone, false), []);
    }

    #[test]
    fn what_is_usual_is_told_at_the_end_only() {
        let running = json!({"containerStatuses": [container(json!({"running": {}}), 0)]});
        assert_eq!(found(running, false), [(Cause::Readiness, Patience::Usual)]);
        let ended = json!({"containerStatuses": [container(json!({"terminated": {"exitCode": 2}}), 0)]});
        assert_eq!(found(ended, true), [(Cause::Ended, Patience::Usual)]);
        let unschedulable = json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]});
        assert_eq!(found(unschedulable, false), [(Cause::Scheduling, Patience::Endless)]);
    }
}
