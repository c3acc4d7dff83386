//! Which kinds a cluster serves, asked once.

use std::collections::HashMap;

use kube::{
    Client,
    core::{ApiResource, GroupVersionKind},
    discovery::{Discovery, Scope},
};
use serde_json::Value;

use super::{manifest::Manifest, record::Identity, requests::persistently};

/// A kind as it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    /// How requests name it.
    pub(super) resource: ApiResource,
    /// Whether its objects live in namespaces.
    pub(super) namespaced: bool,
    /// Whether a definition among the manifests brings it, so that the cluster may not know it yet.
    pub(super) defined_here: bool,
}

impl Kind {
    /// Secrets, which every cluster serves.
    pub(super) fn secret() -> Self {
        let kind = GroupVersionKind::gvk("", "v1", "Secret");
        let resource = ApiResource::from_gvk_with_plural(&kind, "secrets");
        Self { resource, namespaced: true, defined_here: false }
    }
}

/// The kinds of a cluster, and those that the manifests define.
pub(super) struct Kinds {
    discovery: Discovery,
    defined: HashMap<GroupVersionKind, Kind>,
}

impl Kinds {
    /// Asks the cluster. Two requests, or one a group where the cluster is older than Kubernetes 1.26.
    pub(super) async fn discover(client: &Client) -> Result<Self, kube::Error> {
        let aggregated = persistently(|| Discovery::new(client.clone()).run_aggregated()).await;
        let discovery = match aggregated {
            Ok(discovery) => discovery,
            Err(kube::Error::SerdeError(_) | kube::Error::Discovery(_)) => {
                persistently(|| Discovery::new(client.clone()).run()).await?
            }
            Err(kube::Error::Api(status)) if status.code == 406 => {
                persistently(|| Discovery::new(client.clone()).run()).await?
            }
            Err(error) => return Err(error),
        };
        Ok(Self { discovery, defined: HashMap::new() })
    }

    /// Learns the kinds that definitions among the manifests bring.
    pub(super) fn learn(&mut self, manifests: &[Manifest]) {
        for definition in manifests.iter().filter(|manifest| manifest.kind.kind == "CustomResourceDefinition")
        {
            for (kind, served) in defined_by(&definition.object) {
                if self.served(&kind).is_none() {
                    self.defined.insert(kind, served);
                }
            }
        }
    }

    /// A kind that the cluster serves, or is going to.
    pub(super) fn find(&self, kind: &GroupVersionKind) -> Option<Kind> {
        self.served(kind).or_else(|| self.defined.get(kind).cloned())
    }

    /// The kind of an object that was applied once, in the version that it has now.
    pub(super) fn of(&self, identity: &Identity) -> Option<Kind> {
        self.find(&identity.kind()).or_else(|| {
            let group = self.discovery.get(&identity.group)?;
            let (resource, capabilities) = group.recommended_kind(&identity.kind)?;
            Some(Kind { resource, namespaced: capabilities.scope == Scope::Namespaced, defined_here: false })
        })
    }

    fn served(&self, kind: &GroupVersionKind) -> Option<Kind> {
        let (resource, capabilities) = self.discovery.resolve_gvk(kind)?;
        Some(Kind { resource, namespaced: capabilities.scope == Scope::Namespaced, defined_here: false })
    }

    /// The kinds as Helm names them in a chart's `.Capabilities.APIVersions`.
    pub(super) fn for_charts(&self) -> Vec<String> {
        let mut names = Vec::new();
        for group in self.discovery.groups_alphabetical() {
            for version in group.versions() {
                let resources = group.versioned_resources(version);
                let of_version = if group.name().is_empty() {
                    version.to_owned()
                } else {
                    format!("{}/{version}", group.name())
                };
                names.extend(resources.iter().map(|(resource, _)| format!("{of_version}/{}", resource.kind)));
                names.push(of_version);
            }
        }
        names
    }
}

/// The kinds that a definition of custom resources brings.
fn defined_by(definition: &Value) -> Vec<(GroupVersionKind, Kind)> {
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let names = (text(&spec["group"]), text(&spec["names"]["kind"]), text(&spec["names"]["plural"]));
    let (Some(group), Some(kind), Some(plural)) = names else { return Vec::new() };
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    versions
        .iter()
        .filter(|version| version["served"] == true)
        .filter_map(|version| text(&version["name"]))
        .map(|version| {
            let kind = GroupVersionKind::gvk(&group, &version, &kind);
            let resource = ApiResource::from_gvk_with_plural(&kind, &plural);
            let namespaced = spec["scope"] != "Cluster";
            (kind, Kind { resource, namespaced, defined_here: true })
        })
        .collect()
}
