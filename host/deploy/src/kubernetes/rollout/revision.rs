//! Which pods belong to what was applied: those of the new revision, for those of the old one tell nothing about it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::DynamicObject;

/// Which revision of a Deployment a replica set is, and which one a Deployment is at.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Which template of a DaemonSet is the current one; its pods have it as [`TEMPLATE_LABEL`].
const TEMPLATE: &str = "deprecated.daemonset.template.generation";
const TEMPLATE_LABEL: &str = "pod-template-generation";

/// Which revision of a StatefulSet a pod is.
pub(super) const CONTROLLER_REVISION: &str = "controller-revision-hash";

/// The mark of the new revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Revision {
    /// Every pod that the object owns.
    Every,
    /// Pods with a label.
    Labelled(&'static str, String),
    /// Pods of the replica set with this number.
    ReplicaSet(String),
    /// Not known yet: no pod counts.
    Unknown,
}

impl Revision {
    /// The new revision of an object.
    pub(super) fn of(object: &DynamicObject, kind: &str) -> Self {
        let annotation = |name: &str| object.metadata.annotations.as_ref()?.get(name).cloned();
        let known = match kind {
            "Deployment" => annotation(REVISION).map(Self::ReplicaSet),
            "DaemonSet" => annotation(TEMPLATE).map(|value| Self::Labelled(TEMPLATE_LABEL, value)),
            "StatefulSet" => object.data["status"]["updateRevision"]
                .as_str()
                .map(|value| Self::Labelled(CONTROLLER_REVISION, value.to_owned())),
            _ => Some(Self::Every),
        };
        known.unwrap_or(Self::Unknown)
    }

    /// Whether a pod that the object owns itself is of the revision.
    pub(super) fn has_pod(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Every => true,
            Self::Labelled(name, value) => labels.get(*name) == Some(value),
            Self::ReplicaSet(_) | Self::Unknown => false,
        }
    }

    /// Whether a replica set of the object is of the revision.
    pub(super) fn has_replica_set(&self, number: Option<&str>) -> bool {
        matches!(self, Self::ReplicaSet(wanted) if Some(wanted.as_str()) == number)
    }
}

/// The number of a replica set.
pub(super) fn number(metadata: &ObjectMeta) -> Option<String> {
    metadata.annotations.as_ref()?.get(REVISION).cloned()
}

/// The uid of the controller that an object belongs to.
pub(super) fn controller(metadata: &ObjectMeta) -> Option<String> {
    let owners = metadata.owner_references.as_ref()?;
    owners.iter().find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.clone())
}
