//! Freeing StatefulSets from broken pods.
//!
//! A StatefulSet waits for its pods one by one, also for those of a revision that never works, and so would wait for ever
//! after a bad release, on the way back as well as on the way on. Kubernetes leaves it to people to delete such pods
//! ("Forced rollback" in its page on StatefulSets); its controller then makes them anew, of the revision that is wanted.

use std::time::Duration;

use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::Pod};
use kube::{
    Api, Client, Error,
    api::{DeleteParams, ListParams, Preconditions},
    core::{ResourceExt, Selector},
};
use plimsoll_core::ports::{Activity, Progress};

use super::{
    Watched,
    pods::{self, Patience},
    revision,
};

/// How long a controller has to see a change, and how often it is asked.
const LOOKS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(250);

/// Deletes the pods that keep StatefulSets from being updated: broken ones, of another revision than the wanted one. To be
/// called when everything is applied, before it is watched. Other kinds need no such help.
///
/// # Errors
/// The cluster does not answer, or does not let this user look or delete.
pub(crate) async fn unblock(
    client: &Client,
    watched: &[Watched],
    progress: &dyn Progress,
) -> Result<(), Error> {
    let sets = watched.iter().filter(|one| one.kind.group == "apps" && one.kind.kind == "StatefulSet");
    for one in sets {
        let Some(namespace) = &one.namespace else { continue };
        if let Some(set) = observed(client, namespace, one).await? {
            free(client, namespace, one, &set, progress).await?;
        }
    }
    Ok(())
}

/// The set, once its controller has seen the change. One that takes too long is left to those who watch it.
async fn observed(client: &Client, namespace: &str, one: &Watched) -> Result<Option<StatefulSet>, Error> {
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), namespace);
    for _ in 0..LOOKS {
        let Some(set) = sets.get_opt(&one.name).await? else { return Ok(None) };
        let wanted = set.metadata.generation.max(one.generation);
        if set.status.as_ref().and_then(|status| status.observed_generation) >= wanted {
            return Ok(Some(set));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(None)
}

async fn free(
    client: &Client,
    namespace: &str,
    one: &Watched,
    set: &StatefulSet,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let (Some(spec), Some(status)) = (&set.spec, &set.status) else { return Ok(()) };
    if status.updated_replicas == status.replicas.into() {
        return Ok(());
    }
    let Ok(selector) = Selector::try_from(spec.selector.clone()) else { return Ok(()) };
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let list = pods.list(&ListParams::default().labels_from(&selector)).await?;
    for pod in list.items.iter().filter(|pod| is_in_the_way(pod, set)) {
        let (name, uid) = (pod.name_any(), pod.uid());
        let line =
            format!("{one}: pod {name} of an earlier revision is broken and in the way; it is replaced");
        progress.activity(Activity::Warning(&line));
        let parameters = DeleteParams {
            preconditions: Some(Preconditions { uid, resource_version: None }),
            ..DeleteParams::default()
        };
        match pods.delete(&name, &parameters).await {
            // It is gone, or another one has its name already.
            Err(Error::Api(status)) if matches!(status.code, 404 | 409) => {}
            answer => drop(answer?),
        }
    }
    Ok(())
}

/// Whether a pod is the set's, is to be updated, and cannot become ready as it is.
fn is_in_the_way(pod: &Pod, set: &StatefulSet) -> bool {
    let strategy = set.spec.as_ref().and_then(|spec| spec.update_strategy.clone()).unwrap_or_default();
    let partition = strategy.rolling_update.and_then(|update| update.partition).unwrap_or(0);
    let wanted = set.status.as_ref().and_then(|status| status.update_revision.as_ref());
    let label = |name: &str| pod.metadata.labels.as_ref().and_then(|labels| labels.get(name));
    let ordinal = pod.name_any().rsplit_once('-').and_then(|(_, ordinal)| ordinal.parse::<i32>().ok());
    let is_owned = set.metadata.uid.is_some() && revision::controller(&pod.metadata) == set.metadata.uid;
    let is_of_another = wanted.is_some() && label(revision::CONTROLLER_REVISION) != wanted;
    let is_broken =
        pods::troubles(pod, false).iter().any(|trouble| matches!(trouble.patience, Patience::For(_)));
    strategy.type_.as_deref() != Some("OnDelete")
        && ordinal.is_some_and(|ordinal| ordinal >= partition)
        && is_owned
        && is_of_another
        && is_broken
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn is_in_the_way(change: impl Fn(&mut Value, &mut Value)) -> bool {
        let mut pod = json!({
            "metadata": {
                "name": "db-1", "labels": {"controller-revision-hash": "old"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "u", "controller": true}]
            },
            "status": {"containerStatuses": [{
                "name": "a", "image": "", "imageID": "", "ready": false, "restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}}
            }]}
        });
        let mut set = json!({
            "metadata": {"name": "db", "uid": "u"},
            "spec": {"selector": {}, "serviceName": "db", "template": {}, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}},
            "status": {"replicas": 2, "updateRevision": "new"}
        });
        change(&mut pod, &mut set);
        super::is_in_the_way(&serde_json::from_value(pod).unwrap(), &serde_json::from_value(set).unwrap())
    }

    #[test]
    fn only_broken_pods_that_are_to_be_updated_go() {
        assert!(is_in_the_way(|_, _| {}));
        assert!(
            !is_in_the_way(|pod, _| pod["metadata"]["labels"]["controller-revision-hash"] = "new".into())
        );
        assert!(!is_in_the_way(|pod, _| pod["metadata"]["ownerReferences"][0]["uid"] = "other".into()));
        assert!(!is_in_the_way(|pod, _| pod["status"] = json!({})));
        assert!(!is_in_the_way(
            |_, set| set["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 2.into()
        ));
        assert!(!is_in_the_way(|_, set| set["spec"]["updateStrategy"]["type"] = "OnDelete".into()));
        assert!(!is_in_the_way(|_, set| set["status"] = json!({"replicas": 2})));
    }
}
