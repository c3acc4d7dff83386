//! Waiting until a cluster runs a digest.
//!
//! Looked at are the Deployments, StatefulSets and DaemonSets of one namespace that run images of the repository. All of
//! them have to name the digest, and to be rolled out.

use std::time::Duration;

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, StatefulSet},
    core::v1::PodTemplateSpec,
};
use kube::{Api, Client, ResourceExt as _, api::ListParams};
use plimsoll_core::{digest::Digest, reference::RepositoryName};
use tokio::time::{Instant, sleep, timeout};

use super::{error::GitOpsError, options::GitOpsWait};
use crate::{kubernetes::access, render::repository_of};

/// How long between two looks, and how long one may take.
const GLANCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_secs(30);

/// A workload as far as its rollout goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Workload {
    /// Kind and name.
    name: String,
    images: Vec<String>,
    generation: i64,
    /// The generation that the numbers below are of.
    observed: i64,
    desired: i32,
    updated: i32,
    available: i32,
    total: i32,
    /// Why its controller gave up.
    given_up: Option<String>,
}

/// How far a cluster is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// It runs the digest.
    Healthy,
    /// Not yet; why, a sentence each.
    Waiting(Vec<String>),
    /// It will not, as its controllers say.
    Failed(Vec<String>),
}

/// Waits until the cluster reports the digest healthy.
pub(super) async fn until_healthy(
    wait: &GitOpsWait,
    repository: &RepositoryName,
    digest: &Digest,
) -> Result<(), GitOpsError> {
    let deadline = Instant::now() + wait.timeout;
    let (client, namespace) = connect(wait).await?;
    loop {
        // A cluster that does not answer once may answer the next time.
        let looked =
            look(&client, &namespace).await.map(|workloads| standing(&workloads, repository, digest));
        let reasons = match looked {
            Ok(Standing::Healthy) => return Ok(()),
            Ok(Standing::Failed(reasons)) => return Err(GitOpsError::NotHealthy { reasons }),
            Ok(Standing::Waiting(reasons)) => Ok(reasons),
            Err(error) => Err(error),
        };
        if Instant::now() + GLANCE > deadline {
            return Err(GitOpsError::NotHealthy { reasons: reasons? });
        }
        sleep(GLANCE).await;
    }
}

/// Why the cluster is not healthy with the digest now, a sentence each.
pub(super) async fn unhealthy(
    wait: &GitOpsWait,
    repository: &RepositoryName,
    digest: &Digest,
) -> Result<Vec<String>, GitOpsError> {
    let (client, namespace) = connect(wait).await?;
    Ok(match standing(&look(&client, &namespace).await?, repository, digest) {
        Standing::Healthy => Vec::new(),
        Standing::Waiting(reasons) | Standing::Failed(reasons) => reasons,
    })
}

/// A client for the cluster, and the namespace.
async fn connect(wait: &GitOpsWait) -> Result<(Client, String), GitOpsError> {
    let cluster = access::connect(&wait.access).await.map_err(|error| GitOpsError::Cluster(error.into()))?;
    Ok((cluster.client, wait.namespace.clone().unwrap_or(cluster.namespace)))
}

async fn look(client: &Client, namespace: &str) -> Result<Vec<Workload>, GitOpsError> {
    let all = ListParams::default();
    let list = async {
        let mut workloads = Vec::new();
        let deployments = Api::<Deployment>::namespaced(client.clone(), namespace).list(&all).await?;
        workloads.extend(deployments.iter().map(deployment));
        let sets = Api::<StatefulSet>::namespaced(client.clone(), namespace).list(&all).await?;
        workloads.extend(sets.iter().map(stateful_set));
        let sets = Api::<DaemonSet>::namespaced(client.clone(), namespace).list(&all).await?;
        workloads.extend(sets.iter().map(daemon_set));
        Ok::<_, kube::Error>(workloads)
    };
    let listed = timeout(LOOK, list).await.map_err(|late| GitOpsError::Cluster(late.into()))?;
    listed.map_err(|error| GitOpsError::Cluster(error.into()))
}

fn deployment(found: &Deployment) -> Workload {
    let (spec, status) = (found.spec.as_ref(), found.status.as_ref());
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let given_up = conditions.iter().find(|condition| {
        condition.type_ == "Progressing" && condition.reason.as_deref() == Some("ProgressDeadlineExceeded")
    });
    Workload {
        name: format!("Deployment {}", found.name_any()),
        images: spec.map(|spec| images(&spec.template)).unwrap_or_default(),
        generation: found.metadata.generation.unwrap_or(0),
        observed: status.and_then(|status| status.observed_generation).unwrap_or(-1),
        desired: spec.and_then(|spec| spec.replicas).unwrap_or(1),
        updated: status.and_then(|status| status.updated_replicas).unwrap_or(0),
        available: status.and_then(|status| status.available_replicas).unwrap_or(0),
        total: status.and_then(|status| status.replicas).unwrap_or(0),
        given_up: given_up.map(|condition| condition.message.clone().unwrap_or_default()),
    }
}

fn stateful_set(found: &StatefulSet) -> Workload {
    let (spec, status) = (found.spec.as_ref(), found.status.as_ref());
    Workload {
        name: format!("StatefulSet {}", found.name_any()),
        images: spec.map(|spec| images(&spec.template)).unwrap_or_default(),
        generation: found.metadata.generation.unwrap_or(0),
        observed: status.and_then(|status| status.observed_generation).unwrap_or(-1),
        desired: spec.and_then(|spec| spec.replicas).unwrap_or(1),
        updated: status.and_then(|status| status.updated_replicas).unwrap_or(0),
        available: status.and_then(|status| status.available_replicas).unwrap_or(0),
        total: status.map_or(0, |status| status.replicas),
        given_up: None,
    }
}

fn daemon_set(found: &DaemonSet) -> Workload {
    let (spec, status) = (found.spec.as_ref(), found.status.as_ref());
    let desired = status.map_or(0, |status| status.desired_number_scheduled);
    Workload {
        name: format!("DaemonSet {}", found.name_any()),
        images: spec.map(|spec| images(&spec.template)).unwrap_or_default(),
        generation: found.metadata.generation.unwrap_or(0),
        observed: status.and_then(|status| status.observed_generation).unwrap_or(-1),
        desired,
        updated: status.and_then(|status| status.updated_number_scheduled).unwrap_or(0),
        available: status.and_then(|status| status.number_available).unwrap_or(0),
        total: desired,
        given_up: None,
    }
}

fn images(template: &PodTemplateSpec) -> Vec<String> {
    let Some(pod) = &template.spec else { return Vec::new() };
    let first = pod.init_containers.iter().flatten();
    first.chain(&pod.containers).filter_map(|container| container.image.clone()).collect()
}

/// How far the workloads of a repository are with a digest.
fn standing(workloads: &[Workload], repository: &RepositoryName, digest: &Digest) -> Standing {
    let (mut waiting, mut failed, mut found) = (Vec::new(), Vec::new(), false);
    for workload in workloads {
        let is_ours = |image: &&String| repository_of(image).parse().as_ref() == Ok(repository);
        let mut images = workload.images.iter().filter(is_ours).peekable();
        if images.peek().is_none() {
            continue;
        }
        found = true;
        let (name, wanted) = (&workload.name, format!("@{digest}"));
        if let Some(other) = images.find(|image| !image.ends_with(&wanted)) {
            waiting.push(format!("{name} names {other}"));
        } else if workload.observed < workload.generation {
            waiting.push(format!("{name} is not looked at yet by its controller"));
        } else if let Some(reason) = &workload.given_up {
            failed.push(format!("{name} was given up: {reason}"));
        } else if !workload.is_rolled_out() {
            let Workload { desired, updated, available, .. } = workload;
            waiting.push(format!("{name} has {updated} of {desired} pods updated and {available} available"));
        }
    }
    if !found {
        waiting.push(format!("nothing in the namespace runs an image of {repository}"));
    }
    match (failed.is_empty(), waiting.is_empty()) {
        (false, _) => Standing::Failed(failed),
        (true, false) => Standing::Waiting(waiting),
        (true, true) => Standing::Healthy,
    }
}

impl Workload {
    /// Every pod is new and available, and none of the old ones is left.
    fn is_rolled_out(&self) -> bool {
        self.updated >= self.desired && self.available >= self.desired && self.total <= self.updated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rolled_out() -> Workload {
        let images = vec!["nginx".to_owned(), format!("ghcr.io/contoso/website@{}", Digest::of(b"new"))];
        let name = "Deployment web".to_owned();
        Workload {
            name,
            images,
            generation: 2,
            observed: 2,
            desired: 3,
            updated: 3,
            available: 3,
            total: 3,
            given_up: None,
        }
    }

    fn standing_of(workloads: &[Workload]) -> Standing {
        standing(workloads, &"ghcr.io/contoso/website".parse().unwrap(), &Digest::of(b"new"))
    }

    #[test]
    fn a_workload_is_healthy_once_it_is_rolled_out_with_the_digest() {
        let other = Workload { images: vec!["nginx".to_owned()], ..Workload::default() };
        assert_eq!(standing_of(&[rolled_out(), other.clone()]), Standing::Healthy);
        let nothing = "nothing in the namespace runs an image of ghcr.io/contoso/website";
        assert_eq!(standing_of(&[other]), Standing::Waiting(vec![nothing.to_owned()]));
    }

    #[test]
    fn what_is_missing_is_said() {
        let old = vec!["ghcr.io/contoso/website:v1".to_owned()];
        let cases = [
            (Workload { images: old, ..rolled_out() }, "names ghcr.io/contoso/website:v1"),
            // The numbers are of the old rollout still.
            (Workload { observed: 1, ..rolled_out() }, "is not looked at yet by its controller"),
            (Workload { updated: 2, ..rolled_out() }, "has 2 of 3 pods updated and 3 available"),
            (Workload { available: 2, ..rolled_out() }, "has 3 of 3 pods updated and 2 available"),
            (Workload { total: 4, ..rolled_out() }, "has 3 of 3 pods updated and 3 available"),
        ];
        for (workload, reason) in cases {
            let expected = Standing::Waiting(vec![format!("Deployment web {reason}")]);
            assert_eq!(standing_of(&[rolled_out(), workload]), expected);
        }
        let given_up = Workload { given_up: Some("too slow".to_owned()), ..rolled_out() };
        let reason = "Deployment web was given up: too slow".to_owned();
        assert_eq!(standing_of(&[given_up]), Standing::Failed(vec![reason]));
    }

    #[test]
    fn workloads_are_read_as_the_cluster_has_them() {
        let read = serde_json::json!({
            "metadata": {"name": "web", "generation": 2},
            "spec": {"replicas": 3, "selector": {}, "template": {"spec": {"containers": [
                {"name": "a", "image": "nginx"},
                {"name": "b", "image": format!("ghcr.io/contoso/website@{}", Digest::of(b"new"))},
            ]}}},
            "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3},
        });
        assert_eq!(deployment(&serde_json::from_value(read.clone()).unwrap()), rolled_out());
        let set = stateful_set(&serde_json::from_value(read).unwrap());
        assert_eq!(Workload { name: rolled_out().name, ..set }, rolled_out());
    }
}
