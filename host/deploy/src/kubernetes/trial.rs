//! What the cluster is asked about before anything is changed.
//!
//! Asking about an object costs as much as applying it. So of kinds that only hold something, when there are many of them,
//! those are not asked about whose answer is known - they are as the cluster took them before, and nobody else has touched
//! them - and those that are not there are simply made: while nothing uses them, they can be taken away again.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::FutureExt as _;
use kube::core::ObjectMeta;
use serde_json::Value;

use super::{
    identity::{FIELD_MANAGER, same_but_for_release},
    manifest::ObjectKey,
    objects::Placed,
    record::Record,
    requests::some_at_a_time,
    session::Session,
};

/// How many objects of a kind are asked about without looking at what is there first.
const FEW: usize = 3;

/// What becomes of the objects before they are applied. Those that are in neither list would be taken.
#[derive(Debug, Default)]
pub(super) struct Trial<'a> {
    /// The cluster is asked whether it would take them.
    pub(super) asked: Vec<&'a Placed>,
    /// They are not there, and are made first.
    pub(super) new: Vec<&'a Placed>,
}

impl<'a> Trial<'a> {
    /// Looks at what is there, one list for each kind in a namespace.
    pub(super) async fn of(session: &Session<'_>, placed: &'a [Placed], record: &Record) -> Self {
        let mut trial = Self::default();
        let brought = namespaces(placed);
        let mut groups: BTreeMap<_, Vec<&Placed>> = BTreeMap::new();
        for one in placed {
            let ObjectKey { kind, namespace, .. } = one.manifest.key();
            let is_there = [namespace.as_deref(), Some(&session.namespace)]
                .into_iter()
                .flatten()
                .all(|namespace| !brought.contains(namespace));
            if only_holds(&one.manifest.object) && is_there {
                groups.entry((kind, namespace)).or_default().push(one);
            } else {
                trial.asked.push(one);
            }
        }
        let (many, few): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(_, group)| group.len() > FEW);
        trial.asked.extend(few.into_iter().flat_map(|(_, group)| group));
        let looks = many.into_iter().map(|((_, namespace), group)| {
            async move {
                let live = session.objects.list(&group[0].kind, namespace.as_deref()).await;
                (group, live)
            }
            .boxed()
        });
        let taken = taken_before(record);
        for (group, live) in some_at_a_time(looks).await {
            match live {
                Ok(live) => trial.sort(group, &live, &taken),
                // Who may not list may still apply.
                Err(_) => trial.asked.extend(group),
            }
        }
        trial
    }

    /// Sorts the objects of one kind in one namespace.
    fn sort(
        &mut self,
        group: Vec<&'a Placed>,
        live: &HashMap<String, ObjectMeta>,
        taken: &HashMap<ObjectKey, &Value>,
    ) {
        let mut known = Vec::new();
        for one in group {
            let key = one.manifest.key();
            match live.get(&key.name) {
                None => self.new.push(one),
                Some(metadata) if is_only_ours(metadata) && is_as_before(one, taken.get(&key)) => {
                    known.push(one);
                }
                Some(_) => self.asked.push(one),
            }
        }
        // One stands for the others: the right to apply this kind may be gone.
        self.asked.extend(known.first());
    }
}

/// The namespaces that are among the manifests: they may not be there yet.
fn namespaces(placed: &[Placed]) -> HashSet<String> {
    let keys = placed.iter().map(|one| one.manifest.key());
    keys.filter(|key| key.kind == "Namespace" && key.group.is_empty()).map(|key| key.name).collect()
}

/// Whether an object does nothing by itself: it is there for workloads to be used.
fn only_holds(object: &Value) -> bool {
    let is_core = object["apiVersion"] == "v1";
    is_core
        && match object["kind"].as_str() {
            Some("ConfigMap" | "Secret" | "ServiceAccount") => true,
            // Other types open ports, or cost money.
            Some("Service") => object["spec"]["type"].as_str().is_none_or(|kind| kind == "ClusterIP"),
            _ => false,
        }
}

/// What the cluster took before, and what was healthy then. Later configurations stand over earlier ones.
fn taken_before(record: &Record) -> HashMap<ObjectKey, &Value> {
    let objects = record.healthy.iter().rev().flat_map(|configuration| &configuration.objects);
    objects.map(|object| (ObjectKey::of(object), object)).collect()
}

fn is_as_before(one: &Placed, before: Option<&&Value>) -> bool {
    before.is_some_and(|before| same_but_for_release(before, &one.manifest.object))
}

/// Whether nobody else set a field that could be ours. What the cluster reports in the status cannot.
fn is_only_ours(metadata: &ObjectMeta) -> bool {
    let managers = metadata.managed_fields.as_deref().unwrap_or_default();
    let is_ours = |manager: Option<&str>| manager == Some(FIELD_MANAGER);
    metadata.deletion_timestamp.is_none()
        && !managers.is_empty()
        && managers.iter().all(|one| {
            one.subresource.as_deref() == Some("status")
                || is_ours(one.manager.as_deref()) && one.operation.as_deref() == Some("Apply")
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubernetes::{kinds::Kind, manifest::tests::manifest};

    fn placed(name: &str, text: &str, release: &str) -> Placed {
        let object = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": "site", "annotations": {"plimsoll.dev/release": release}},
            "stringData": {"text": text},
        });
        Placed { manifest: manifest(object), kind: Kind::secret() }
    }

    fn managed(entries: &Value) -> ObjectMeta {
        serde_json::from_value(json!({ "managedFields": entries })).unwrap()
    }

    fn ours() -> ObjectMeta {
        managed(&json!([
            {"manager": "plimsoll", "operation": "Apply"},
            {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status"},
        ]))
    }

    #[test]
    fn what_is_known_is_not_asked_and_what_is_new_is_made() {
        let theirs = json!([{"manager": "plimsoll", "operation": "Apply"}, {"manager": "kubectl-edit", "operation": "Update"}]);
        let live = [
            ("same", ours()),
            ("same-too", ours()),
            ("changed", ours()),
            ("touched", managed(&theirs)),
            ("unknown", ours()),
            ("unmanaged", ObjectMeta::default()),
        ];
        let live = live.into_iter().map(|(name, metadata)| (name.to_owned(), metadata)).collect();
        let before: Vec<_> = ["same", "same-too", "changed", "touched", "unmanaged"]
            .into_iter()
            .map(|name| placed(name, "one", "r-1").manifest.object)
            .collect();
        let taken = before.iter().map(|object| (ObjectKey::of(object), object)).collect();
        let wanted: Vec<_> = ["same", "same-too", "touched", "unknown", "unmanaged", "new"]
            .into_iter()
            .map(|name| placed(name, "one", "r-2"))
            .chain([placed("changed", "two", "r-2")])
            .collect();
        let mut trial = Trial::default();
        trial.sort(wanted.iter().collect(), &live, &taken);
        let names = |objects: Vec<&Placed>| {
            objects.into_iter().map(|one| one.manifest.key().name).collect::<Vec<_>>()
        };
        assert_eq!(names(trial.asked), ["touched", "unknown", "unmanaged", "changed", "same"]);
        assert_eq!(names(trial.new), ["new"]);
    }

    #[test]
    fn what_acts_by_itself_is_not_made_to_try_it() {
        let cases = [
            (json!({"apiVersion": "v1", "kind": "ConfigMap"}), true),
            (json!({"apiVersion": "v1", "kind": "Service"}), true),
            (json!({"apiVersion": "v1", "kind": "Service", "spec": {"type": "ClusterIP"}}), true),
            (json!({"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}}), false),
            (json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service"}), false),
            (json!({"apiVersion": "apps/v1", "kind": "Deployment"}), false),
            (json!({"apiVersion": "v1", "kind": "ResourceQuota"}), false),
        ];
        for (object, expected) in cases {
            assert_eq!(only_holds(&object), expected, "{object}");
        }
    }
}
