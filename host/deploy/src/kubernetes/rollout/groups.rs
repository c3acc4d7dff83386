//! What is watched, put together so that few requests do for many objects.

use kube::{
    Api, Client,
    core::{ApiResource, DynamicObject},
};

use super::{Watched, status};
use crate::kubernetes::options::ReadyWhen;

/// The objects of one kind in one namespace.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) kind: ApiResource,
    pub(super) namespace: Option<String>,
    /// Their places in the list of everything that is watched.
    pub(super) members: Vec<usize>,
}

impl Group {
    /// How its objects are asked for.
    pub(super) fn api(&self, client: &Client) -> Api<DynamicObject> {
        api(client, self.namespace.as_deref(), &self.kind)
    }

    /// The selector that leaves other objects out, where one can do that.
    pub(super) fn selector(&self, watched: &[Watched]) -> Option<String> {
        match self.members.as_slice() {
            [only] => Some(format!("metadata.name={}", watched[*only].name)),
            _ => None,
        }
    }
}

/// How objects of a kind are asked for.
pub(super) fn api(client: &Client, namespace: Option<&str>, kind: &ApiResource) -> Api<DynamicObject> {
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, kind),
        None => Api::all_with(client.clone(), kind),
    }
}

/// The groups of everything that has something to wait for.
pub(super) fn groups(watched: &[Watched], ready_when: &[ReadyWhen]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (place, one) in watched.iter().enumerate() {
        if !status::reports(&one.kind, ready_when) {
            continue;
        }
        let same = |group: &&mut Group| group.kind == one.kind && group.namespace == one.namespace;
        match groups.iter_mut().find(same) {
            Some(group) => group.members.push(place),
            None => groups.push(Group {
                kind: one.kind.clone(),
                namespace: one.namespace.clone(),
                members: vec![place],
            }),
        }
    }
    groups
}
