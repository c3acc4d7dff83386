//! Why a cluster did not take an object, in words for people.

use std::fmt;

use kube::{Error, core::Status};

use super::{
    manifest::{ObjectKey, Origin},
    rollout::with_causes,
};

/// An object that a cluster did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The object.
    pub(super) object: ObjectKey,
    /// Where its manifest was read.
    pub(super) origin: Option<Origin>,
    /// Why.
    pub(super) reason: Reason,
}

/// Why an object was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// Fields that differ belong to others.
    Conflict(Vec<Conflict>),
    /// The user may not.
    Forbidden(String),
    /// A quota is used up.
    Quota(String),
    /// A rule or a webhook of the cluster says no.
    Admission(String),
    /// Its namespace is not there.
    NamespaceMissing(String),
    /// It is not what its kind has to be.
    Invalid(String),
    /// The cluster does not know its kind.
    UnknownKind(String),
    /// Anything else.
    Other(String),
}

/// A field of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conflict {
    /// The way to the field, such as `.spec.replicas`.
    pub(super) field: String,
    /// Who owns it.
    pub(super) owner: String,
}

impl Refusal {
    /// From what a request came back with.
    pub(super) fn new(object: ObjectKey, origin: Option<Origin>, error: &Error) -> Self {
        let reason = match error {
            Error::Api(status) => reason(status),
            other => Reason::Other(said(other)),
        };
        Self { object, origin, reason }
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> &'static str {
        match self.reason {
            Reason::Conflict(_) => {
                "take the fields out of the manifests when they are the other's, or set `force-conflicts = true` to take them over"
            }
            Reason::Forbidden(_) => {
                "give the user the missing right (docs/kubernetes.md has a role with all that is needed), or use another `context` or `as`"
            }
            Reason::Quota(_) => "ask for less in the manifests, or for a larger quota in the namespace",
            Reason::Admission(_) => "correct the manifest so that the cluster's rule is met",
            Reason::NamespaceMissing(_) => {
                "make the namespace, add it to the manifests, or correct `namespace` in the target"
            }
            Reason::Invalid(_) => "correct the manifest",
            Reason::UnknownKind(_) => {
                "correct `apiVersion` and `kind`, or install what defines the kind first"
            }
            Reason::Other(_) => "see the message of the cluster, then resume the release",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.object)?;
        if let Some(origin) = &self.origin {
            write!(f, " ({origin})")?;
        }
        match &self.reason {
            Reason::Conflict(conflicts) => {
                let each: Vec<_> =
                    conflicts.iter().map(|one| format!("{} belongs to {}", one.field, one.owner)).collect();
                write!(f, ": {}", each.join(", "))
            }
            Reason::Forbidden(text) => write!(f, ": not allowed: {text}"),
            Reason::Quota(text) => write!(f, ": the quota does not allow it: {text}"),
            Reason::Admission(text) => write!(f, ": a rule of the cluster refuses it: {text}"),
            Reason::NamespaceMissing(namespace) => write!(f, ": there is no namespace `{namespace}`"),
            Reason::Invalid(text) => write!(f, ": not valid: {text}"),
            Reason::UnknownKind(text) | Reason::Other(text) => write!(f, ": {text}"),
        }
    }
}

/// Sorts an answer of the cluster by what it says and, where one code means many things, by how it says it.
fn reason(status: &Status) -> Reason {
    let text = status.message.clone();
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let conflicts: Vec<Conflict> = causes
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| Conflict { field: cause.field.clone(), owner: owner(&cause.message) })
        .collect();
    let namespace = status.details.as_ref().filter(|details| details.kind == "namespaces");
    if !conflicts.is_empty() {
        Reason::Conflict(conflicts)
    } else if let (404, Some(details)) = (status.code, namespace) {
        Reason::NamespaceMissing(details.name.clone())
    } else if text.contains("exceeded quota") {
        Reason::Quota(text)
    } else if text.contains("admission webhook")
        || text.contains("AdmissionPolicy")
        || text.contains("violates PodSecurity")
    {
        Reason::Admission(text)
    } else {
        match status.code {
            401 | 403 => Reason::Forbidden(text),
            400 | 422 => Reason::Invalid(text),
            _ => Reason::Other(text),
        }
    }
}

/// The manager that a cause names: `conflict with "kubectl" using apps/v1` and alike. Names may hold anything but quotes.
fn owner(message: &str) -> String {
    message.split('"').nth(1).map_or_else(|| message.to_owned(), |name| format!("\"{name}\""))
}

/// What an error says, without the words of the library around it.
pub(super) fn said(error: &Error) -> String {
    match error {
        Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        Error::Api(status) => format!("the cluster answered {}", status.code),
        other => with_causes(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(status: serde_json::Value) -> Refusal {
        let object = ObjectKey {
            group: "apps".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: None,
            name: "web".to_owned(),
        };
        let status: Status = serde_json::from_value(status).unwrap();
        Refusal::new(object, None, &Error::Api(status.boxed()))
    }

    #[test]
    fn conflicts_name_every_field_and_its_owner() {
        let cause = |field: &str| json!({"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-edit\" using apps/v1", "field": field});
        let refusal = refusal(json!({
            "code": 409, "reason": "Conflict", "message": "Apply failed with 2 conflicts",
            "details": {"causes": [cause(".spec.replicas"), cause(".spec.paused")]}
        }));
        let text = refusal.to_string();
        let expected = "Deployment web: .spec.replicas belongs to \"kubectl-edit\", .spec.paused belongs to \"kubectl-edit\"";
        assert_eq!(text, expected);
        assert!(refusal.hint().contains("force-conflicts"));
    }

    #[test]
    fn one_code_means_many_things() {
        let cases = [
            (json!({"code": 403, "message": "exceeded quota: small"}), "quota"),
            (
                json!({"code": 403, "message": "deployments.apps \"web\" is forbidden: User \"a\" cannot patch"}),
                "not allowed",
            ),
            (
                json!({"code": 422, "message": "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"}),
                "rule",
            ),
            (json!({"code": 400, "message": "admission webhook \"w\" denied the request: no"}), "rule"),
            (json!({"code": 422, "message": "spec.x: Invalid value"}), "not valid"),
            (
                json!({"code": 404, "message": "namespaces \"a\" not found", "details": {"name": "a", "kind": "namespaces"}}),
                "no namespace `a`",
            ),
            (json!({"code": 500, "message": "etcd"}), "etcd"),
        ];
        for (status, said) in cases {
            let text = refusal(status).to_string();
            assert!(text.contains(said), "{text}");
        }
    }
}
