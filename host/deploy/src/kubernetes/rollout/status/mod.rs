//! How far an object is, as it reports it itself. Pure: an object in, a status out.

mod conditions;
mod jobs;
mod workloads;

#[cfg(test)]
mod tests;

use kube::{
    Resource,
    core::{ApiResource, DynamicObject},
};
use serde::de::DeserializeOwned;

use crate::kubernetes::options::ReadyWhen;

/// How far an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status {
    /// On the way: how far.
    Progressing(String),
    /// Healthy, perhaps with something that people should know.
    Done(Option<String>),
    /// It will never be healthy as it is: why.
    Failed(String),
}

impl Status {
    fn done() -> Self {
        Self::Done(None)
    }

    fn progressing(text: impl Into<String>) -> Self {
        Self::Progressing(text.into())
    }

    /// The other status, once this one is done.
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Done(None) => other(),
            Self::Done(note) => match other() {
                Self::Done(None) => Self::Done(note),
                unfinished => unfinished,
            },
            unfinished => unfinished,
        }
    }
}

/// Whether objects of a kind report anything to wait for.
pub(super) fn reports(kind: &ApiResource, ready_when: &[ReadyWhen]) -> bool {
    rule(kind).is_some() || ready_when.iter().any(|wanted| conditions::is_about(wanted, kind))
}

/// The status of an object. A status of a generation older than the applied one counts for nothing.
pub(super) fn of(
    object: &DynamicObject,
    kind: &ApiResource,
    applied: Option<i64>,
    ready_when: &[ReadyWhen],
) -> Status {
    if object.metadata.deletion_timestamp.is_some() {
        return Status::progressing("is being deleted");
    }
    let shown = object.metadata.generation;
    if shown.is_some() && shown < applied {
        return unobserved();
    }
    let generation = shown.max(applied);
    let ruled = rule(kind).map_or_else(Status::done, |rule| rule(object, generation));
    ruled.and(|| conditions::wanted(object, kind, generation, ready_when))
}

/// What a status is when its controller has not seen the change yet.
fn unobserved() -> Status {
    Status::progressing("waits for its controller to see the change")
}

/// Judges an object, given the generation that its status has to be about.
type Rule = fn(&DynamicObject, Option<i64>) -> Status;

fn rule(kind: &ApiResource) -> Option<Rule> {
    let rule: Rule = match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment") => |object, generation| typed(object, generation, workloads::deployment),
        ("apps", "StatefulSet") => |object, generation| typed(object, generation, workloads::stateful_set),
        ("apps", "DaemonSet") => |object, generation| typed(object, generation, workloads::daemon_set),
        ("apps", "ReplicaSet") => |object, generation| typed(object, generation, workloads::replica_set),
        ("batch", "Job") => |object, generation| typed(object, generation, jobs::job),
        ("", "Pod") => |object, generation| typed(object, generation, jobs::pod),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => |object, _| conditions::definition(object),
        _ => return None,
    };
    Some(rule)
}

fn typed<K: Resource + DeserializeOwned>(
    object: &DynamicObject,
    generation: Option<i64>,
    rule: fn(&K, Option<i64>) -> Status,
) -> Status {
    match object.clone().try_parse::<K>() {
        Ok(parsed) => rule(&parsed, generation),
        Err(error) => Status::Progressing(format!("reports what cannot be understood: {error}")),
    }
}
