//! Objects of Kubernetes as they are going to be applied.

use std::fmt;

use kube::core::{GroupVersionKind, TypeMeta};
use serde_json::Value;

/// Where an object was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The file, or the command that printed it.
    pub(crate) source: String,
    /// The line in it, counted from 1.
    pub(crate) line: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.line)
    }
}

/// Which object of a cluster is meant. The version is no part of an object's identity, only of how it is spoken about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectKey {
    /// The group of its kind; empty for the oldest kinds.
    pub(crate) group: String,
    /// Its kind.
    pub(crate) kind: String,
    /// Its namespace; none for objects of the whole cluster, and before the default is filled in.
    pub(crate) namespace: Option<String>,
    /// Its name.
    pub(crate) name: String,
}

impl ObjectKey {
    /// The key of an object that is known to have a kind and a name.
    pub(crate) fn of(object: &Value) -> Self {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let group = object["apiVersion"].as_str().and_then(|version| version.split_once('/'));
        Self {
            group: group.map(|(group, _)| group.to_owned()).unwrap_or_default(),
            kind: text(&object["kind"]).unwrap_or_default(),
            namespace: text(&object["metadata"]["namespace"]),
            name: text(&object["metadata"]["name"]).unwrap_or_default(),
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// An object to apply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Manifest {
    /// The object.
    pub(crate) object: Value,
    /// Its kind.
    pub(crate) kind: GroupVersionKind,
    /// Where it was read.
    pub(crate) origin: Origin,
}

impl Manifest {
    /// An object with its kind and name; what it lacks, when it lacks something.
    pub(crate) fn new(object: Value, origin: Origin) -> Result<Self, &'static str> {
        if !object.is_object() {
            return Err("it is no object with `apiVersion`, `kind` and `metadata`");
        }
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let api_version = text(&object["apiVersion"]).ok_or("it has no `apiVersion`")?;
        let kind = text(&object["kind"]).ok_or("it has no `kind`")?;
        let kind = GroupVersionKind::try_from(TypeMeta { api_version, kind })
            .ok()
            .filter(|kind| !kind.version.is_empty() && !kind.version.contains('/'))
            .ok_or("its `apiVersion` is neither a version nor a group with a version")?;
        if kind.group == "kustomize.config.k8s.io" {
            return Err("it is a kustomization: name its folder with `kustomization` instead of `manifests`");
        }
        if text(&object["metadata"]["name"]).is_none() {
            return Err(if object["metadata"]["generateName"].is_null() {
                "it has no `metadata.name`"
            } else {
                "it has `generateName` instead of a name, so every deployment would make another one"
            });
        }
        Ok(Self { object, kind, origin })
    }

    /// Which object it is.
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey::of(&self.object)
    }

    /// Puts it into a namespace, or into none.
    pub(crate) fn set_namespace(&mut self, namespace: Option<&str>) {
        if let Some(metadata) = self.object["metadata"].as_object_mut() {
            match namespace {
                Some(namespace) => metadata.insert("namespace".to_owned(), namespace.into()),
                None => metadata.shift_remove("namespace"),
            };
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn manifest(object: Value) -> Manifest {
        Manifest::new(object, Origin { source: "k8s/web.yaml".to_owned(), line: 1 }).unwrap()
    }

    #[test]
    fn what_an_object_lacks_is_said() {
        let cases = [
            (json!([1]), "no object"),
            (json!({"kind": "Pod", "metadata": {"name": "a"}}), "no `apiVersion`"),
            (json!({"apiVersion": "v1", "metadata": {"name": "a"}}), "no `kind`"),
            (json!({"apiVersion": "v1", "kind": "Pod"}), "no `metadata.name`"),
            (json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}}), "generateName"),
            (json!({"apiVersion": "a/b/c", "kind": "Pod", "metadata": {"name": "a"}}), "neither"),
            (
                json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}),
                "kustomization",
            ),
        ];
        for (object, said) in cases {
            let origin = Origin { source: String::new(), line: 1 };
            let problem = Manifest::new(object.clone(), origin).unwrap_err();
            assert!(problem.contains(said), "{object}: {problem}");
        }
    }

    #[test]
    fn a_key_names_the_object_whatever_its_version() {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "site"}});
        let mut one = manifest(object.clone());
        assert_eq!(one.key().to_string(), "Deployment site/web");
        let mut other = object;
        other["apiVersion"] = "apps/v1beta1".into();
        assert_eq!(manifest(other).key(), one.key());
        one.set_namespace(None);
        assert_eq!(one.key().to_string(), "Deployment web");
    }
}
