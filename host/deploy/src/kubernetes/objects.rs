//! Single objects of a cluster: looked at, applied, deleted.

use std::{collections::HashMap, time::Duration};

use kube::{
    Api, Client, Error,
    api::{
        DeleteParams, DynamicObject, ListParams, ObjectMeta, Patch, PatchParams, Preconditions,
        ValidationDirective,
    },
    core::{GroupVersionKind, Status},
};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    identity::FIELD_MANAGER,
    kinds::Kind,
    manifest::{Manifest, ObjectKey, Origin},
    requests::persistently,
};

/// How long to wait for something that is deleted to be gone. Finalizers of others may keep it longer.
const GONE: Duration = Duration::from_secs(60);

/// How long a kind may take to be served once its definition is in force.
const SERVED: Duration = Duration::from_secs(15);

/// How long to wait before looking again.
const AGAIN: Duration = Duration::from_millis(250);

/// An object to apply, with its kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) manifest: Manifest,
    pub(super) kind: Kind,
}

impl Placed {
    /// The Secret with the record of the deployments.
    pub(super) fn record(object: Value) -> Self {
        let origin = Origin { source: "the record of the deployments".to_owned(), line: 1 };
        let kind = Kind::secret();
        let version = GroupVersionKind::gvk("", "v1", "Secret");
        Self { manifest: Manifest { object, kind: version, origin }, kind }
    }
}

/// How to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manner {
    /// Whether the cluster only says what would be.
    pub(super) dry_run: bool,
    /// Whether fields of others are taken over.
    pub(super) force: bool,
}

/// The objects of one cluster.
#[derive(Clone)]
pub(super) struct Objects {
    pub(super) client: Client,
}

impl Objects {
    fn api(&self, kind: &Kind, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace.filter(|_| kind.namespaced) {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &kind.resource),
            None => Api::all_with(self.client.clone(), &kind.resource),
        }
    }

    /// The object as it is; `None` when it is not there.
    pub(super) async fn get(&self, kind: &Kind, key: &ObjectKey) -> Result<Option<Value>, Error> {
        let api = self.api(kind, key.namespace.as_deref());
        match persistently(|| api.get(&key.name)).await {
            Ok(object) => to_value(&object).map(Some),
            Err(Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The metadata of all objects of a kind in a namespace, by name.
    pub(super) async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
    ) -> Result<HashMap<String, ObjectMeta>, Error> {
        let api = self.api(kind, namespace);
        let all = ListParams::default();
        let list = persistently(|| api.list_metadata(&all)).await?;
        let metadata = list.items.into_iter().map(|object| object.metadata);
        Ok(metadata.filter_map(|metadata| Some((metadata.name.clone()?, metadata))).collect())
    }

    /// Applies an object, server-side; how it is then.
    pub(super) async fn apply(&self, placed: &Placed, manner: Manner) -> Result<Value, Error> {
        let until = Instant::now() + SERVED;
        loop {
            match self.apply_once(placed, manner).await {
                // The cluster begins to serve a kind a moment after it says so.
                Err(Error::Api(status))
                    if status.code == 404
                        && status.details.as_ref().is_none_or(|details| details.kind != "namespaces")
                        && placed.kind.defined_here
                        && !manner.dry_run
                        && Instant::now() < until =>
                {
                    sleep(AGAIN).await;
                }
                Err(Error::Api(status)) if !manner.dry_run && must_be_remade(placed, &status) => {
                    self.remove(&placed.kind, &placed.manifest.key(), None).await?;
                    return self.apply_once(placed, manner).await;
                }
                answer => return answer,
            }
        }
    }

    async fn apply_once(&self, placed: &Placed, manner: Manner) -> Result<Value, Error> {
        let key = placed.manifest.key();
        let api = self.api(&placed.kind, key.namespace.as_deref());
        let params = PatchParams {
            dry_run: manner.dry_run,
            force: manner.force,
            field_manager: Some(FIELD_MANAGER.to_owned()),
            field_validation: Some(ValidationDirective::Strict),
        };
        let patch = Patch::Apply(&placed.manifest.object);
        let object = persistently(|| api.patch(&key.name, &params, &patch)).await?;
        to_value(&object)
    }

    /// Deletes an object, what belongs to it in the background, and waits until it itself is gone.
    pub(super) async fn remove(
        &self,
        kind: &Kind,
        key: &ObjectKey,
        uid: Option<String>,
    ) -> Result<(), Error> {
        let api = self.api(kind, key.namespace.as_deref());
        let mut params = DeleteParams::background();
        params.preconditions = uid.map(|uid| Preconditions { uid: Some(uid), ..Preconditions::default() });
        match persistently(|| api.delete(&key.name, &params)).await {
            // The object itself is the answer while something holds it; a status, when it is gone.
            Ok(answer) if answer.is_right() => return Ok(()),
            Ok(_) => {}
            Err(Error::Api(status)) if status.code == 404 => return Ok(()),
            Err(error) => return Err(error),
        }
        let until = Instant::now() + GONE;
        while Instant::now() < until {
            if self.get(kind, key).await?.is_none_or(|live| live["metadata"]["deletionTimestamp"].is_null()) {
                return Ok(());
            }
            sleep(AGAIN).await;
        }
        Ok(())
    }
}

/// Whether an object has to be deleted before it can be applied: a Job's pods never change, so that each release with
/// another image needs the Job anew.
pub(super) fn must_be_remade(placed: &Placed, status: &Status) -> bool {
    let kind = &placed.manifest.kind;
    let is_job = kind.kind == "Job" && kind.group == "batch";
    is_job && status.code == 422 && status.message.contains("field is immutable")
}

fn to_value(object: &DynamicObject) -> Result<Value, Error> {
    serde_json::to_value(object).map_err(Error::SerdeError)
}
