//! The waiting, on a real control plane.

use std::{sync::OnceLock, time::Duration};

use kube::core::{ApiResource, GroupVersionKind};
use plimsoll_support::{ControlPlane, Requirement, require};

use super::{Listener, send};
use crate::kubernetes::{
    access::connect,
    options::{ClusterAccess, ReadyWhen},
    rollout::{RolloutError, RolloutOptions, Watched, health, unblock, watch},
};

/// A namespace of the shared cluster.
struct Place {
    cluster: &'static ControlPlane,
    namespace: String,
}

/// How a rollout came out, and what was told of it.
struct Outcome {
    result: Result<(), RolloutError>,
    lines: Vec<String>,
}

impl Outcome {
    #[track_caller]
    fn failure(self) -> String {
        let error = self.result.expect_err("it fails");
        assert!(matches!(&error, RolloutError::Failed { .. }), "{error}\n{:#?}", self.lines);
        error.to_string()
    }

    #[track_caller]
    fn time_out(self) -> String {
        let error = self.result.expect_err("it fails");
        assert!(matches!(&error, RolloutError::TimedOut { .. }), "{error}\n{:#?}", self.lines);
        error.to_string()
    }
}

impl Place {
    fn new(prefix: &str) -> Self {
        // Only one test may start it; the others wait for that one.
        static STARTED: OnceLock<&'static ControlPlane> = OnceLock::new();
        let cluster = *STARTED.get_or_init(ControlPlane::shared);
        Self { cluster, namespace: cluster.namespace(prefix) }
    }

    /// Applies objects; `NAMESPACE` stands for the namespace.
    fn apply(&self, yaml: &str) {
        self.cluster.kubectl_apply(&yaml.replace("NAMESPACE", &self.namespace));
    }

    fn watched(&self, group: &str, kind: &str, name: &str) -> Watched {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
        let resource = format!("{}.v1.{group}", kind.plural);
        let resource = if group.is_empty() { kind.plural.as_str() } else { &resource };
        let jsonpath = "--output=jsonpath={.metadata.generation}";
        let generation =
            self.cluster.kubectl(&["get", resource, name, "--namespace", &self.namespace, jsonpath]);
        Watched {
            kind,
            namespace: Some(self.namespace.clone()),
            name: name.to_owned(),
            generation: generation.parse().ok(),
        }
    }

    async fn rollout(&self, watched: &[Watched], seconds: u64) -> Outcome {
        let ready_when = vec![ReadyWhen {
            kind: "Site".to_owned(),
            condition: "Ready".to_owned(),
            status: "True".to_owned(),
        }];
        let options = RolloutOptions { timeout: Duration::from_secs(seconds), ready_when };
        let listener = Listener::default();
        let client = client(self.cluster).await;
        let result = send(watch(&client, watched, &options, &listener)).await;
        Outcome { result, lines: listener.lines() }
    }

    async fn unhealthy(&self, watched: &[Watched]) -> Vec<String> {
        let options = RolloutOptions { timeout: Duration::ZERO, ready_when: Vec::new() };
        health(&client(self.cluster).await, watched, &options).await.unwrap()
    }
}

async fn client(cluster: &ControlPlane) -> kube::Client {
    let access =
        ClusterAccess { kubeconfig: Some(cluster.kubeconfig().to_owned()), ..ClusterAccess::default() };
    connect(&access).await.unwrap().client
}

/// A workload; what the pods are labelled with, and what else stands in their specification.
fn workload(kind: &str, name: &str, replicas: u32, labels: &str, pod: &str) -> String {
    let service = if kind == "StatefulSet" { format!("serviceName: {name}, ") } else { String::new() };
    let replicas = if kind == "DaemonSet" { String::new() } else { format!("replicas: {replicas}, ") };
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: NAMESPACE}}\nspec: {{{replicas}{service}selector: \
         {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}{labels}}}}}, spec: {{{pod}containers: [{{name: \
         app, image: 'registry.test/website'}}]}}}}}}\n---\n"
    )
}

const IMAGE_PULL: &str = ", plimsoll.test/fail: image-pull";
const CRASH_LOOP: &str = ", plimsoll.test/fail: crash-loop";
const NEVER_READY: &str = ", plimsoll.test/fail: never-ready";

#[tokio::test]
async fn every_kind_of_workload_is_waited_for_when_made_and_when_changed() {
    require!(Requirement::Cluster);
    let place = Place::new("done");
    for revision in ["one", "two"] {
        let labels = format!(", revision: {revision}");
        let kinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"];
        for kind in kinds {
            let set = workload(kind, "web", 3, if kind == "ReplicaSet" { "" } else { &labels }, "");
            // A replica set would take the Deployment's pods for its own.
            place.apply(&set.replace("app: web", &format!("app: {}", kind.to_lowercase())));
        }
        let watched: Vec<_> = kinds.iter().map(|kind| place.watched("apps", kind, "web")).collect();
        let outcome = place.rollout(&watched, 120).await;
        outcome.result.unwrap_or_else(|error| panic!("{revision}: {error}"));
        let namespace = ["--namespace", &place.namespace];
        for kind in ["deployment/web", "statefulset/web", "daemonset/web"] {
            let status = ["rollout", "status", kind, "--watch=false"];
            let witness = place.cluster.kubectl(&[&status[..], &namespace].concat());
            assert!(witness.contains("success") || witness.contains("complete"), "{kind}: {witness}");
        }
        assert_eq!(place.unhealthy(&watched).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_fails_early_and_only_the_new_revision_counts() {
    require!(Requirement::Cluster);
    let place = Place::new("image");
    place.apply(&workload("Deployment", "web", 2, "", ""));
    place.rollout(&[place.watched("apps", "Deployment", "web")], 60).await.result.unwrap();
    place.apply(&workload("Deployment", "web", 2, IMAGE_PULL, ""));
    let watched = [place.watched("apps", "Deployment", "web")];
    let text = place.rollout(&watched, 300).await.failure();
    assert!(
        text.contains("container app: ImagePullBackOff: Back-off pulling image registry.test/website"),
        "{text}"
    );
    assert!(text.contains("event "), "{text}");
    assert!(place.unhealthy(&watched).await[0].contains("deployment/web"));
    // The way back ends well, though pods of the failed revision may still be there.
    place.apply(&workload("Deployment", "web", 2, "", ""));
    place.rollout(&[place.watched("apps", "Deployment", "web")], 60).await.result.unwrap();
}

#[tokio::test]
async fn a_stateful_set_goes_back_once_its_broken_pods_are_deleted() {
    require!(Requirement::Cluster);
    let place = Place::new("back");
    place.apply(&workload("StatefulSet", "db", 2, "", ""));
    place.rollout(&[place.watched("apps", "StatefulSet", "db")], 60).await.result.unwrap();
    place.apply(&workload("StatefulSet", "db", 2, CRASH_LOOP, ""));
    let text = place.rollout(&[place.watched("apps", "StatefulSet", "db")], 120).await.failure();
    assert!(text.contains("CrashLoopBackOff"), "{text}");
    place.apply(&workload("StatefulSet", "db", 2, "", ""));
    let watched = [place.watched("apps", "StatefulSet", "db")];
    let listener = Listener::default();
    unblock(&client(place.cluster).await, &watched, &listener).await.unwrap();
    assert!(
        listener.lines()[0].contains("pod db-1 of an earlier revision is broken"),
        "{:?}",
        listener.lines()
    );
    place.rollout(&watched, 60).await.result.unwrap();
}

#[tokio::test]
async fn crashes_of_every_kind_of_workload_fail_together_with_their_logs() {
    require!(Requirement::Cluster);
    let place = Place::new("crash");
    let kinds = ["Deployment", "StatefulSet", "DaemonSet"];
    for kind in kinds {
        place.apply(&workload(kind, &kind.to_lowercase(), 2, CRASH_LOOP, ""));
    }
    let watched: Vec<_> =
        kinds.iter().map(|kind| place.watched("apps", kind, &kind.to_lowercase())).collect();
    let text = place.rollout(&watched, 300).await.failure();
    for kind in ["deployment/deployment", "statefulset/statefulset", "daemonset/daemonset"] {
        assert!(text.contains(&format!("{kind} in ")), "{kind}: {text}");
    }
    assert!(text.contains("CrashLoopBackOff: it ended with code 1; restarts: 3"), "{text}");
    assert_eq!(text.matches("| fatal: the database refused the connection").count(), 3, "{text}");
}

#[tokio::test]
async fn what_may_still_become_healthy_has_all_its_time() {
    require!(Requirement::Cluster);
    let place = Place::new("late");
    place.apply(&workload("Deployment", "slow", 1, NEVER_READY, ""));
    place.apply(&workload("Deployment", "nowhere", 1, "", "nodeSelector: {disk: none}, "));
    let watched =
        [place.watched("apps", "Deployment", "slow"), place.watched("apps", "Deployment", "nowhere")];
    let outcome = place.rollout(&watched, 8).await;
    assert!(outcome.lines.iter().any(|line| line.contains("Unschedulable: ")), "{:?}", outcome.lines);
    let text = outcome.time_out();
    assert!(text.contains("container app: NotReady: it runs and is not ready"), "{text}");
    assert!(text.contains("event Unhealthy: Readiness probe failed"), "{text}");
    assert!(text.contains("Unschedulable: 0/2 nodes are available"), "{text}");
}

#[tokio::test]
async fn a_deployment_past_its_deadline_has_failed() {
    require!(Requirement::Cluster);
    let place = Place::new("deadline");
    let yaml = workload("Deployment", "web", 1, NEVER_READY, "");
    place.apply(&yaml.replace("spec: {replicas", "spec: {progressDeadlineSeconds: 3, replicas"));
    let text = place.rollout(&[place.watched("apps", "Deployment", "web")], 120).await.failure();
    assert!(text.contains("its progress deadline is over: "), "{text}");
}

#[tokio::test]
async fn a_quota_and_a_rule_that_refuse_pods_are_told() {
    require!(Requirement::Cluster);
    let place = Place::new("refused");
    place.apply(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: small, namespace: NAMESPACE}\nspec: {hard: {pods: 1}}\n",
    );
    let strict = Place::new("strict");
    let namespace = strict.namespace.clone();
    strict.cluster.kubectl(&[
        "label",
        "namespace",
        &namespace,
        "pod-security.kubernetes.io/enforce=restricted",
    ]);
    let quota = async {
        place.apply(&workload("Deployment", "web", 2, "", ""));
        place.apply(&workload("StatefulSet", "db", 2, "", ""));
        let watched =
            [place.watched("apps", "Deployment", "web"), place.watched("apps", "StatefulSet", "db")];
        place.rollout(&watched, 300).await.failure()
    };
    let rule = async {
        strict.apply(&workload("DaemonSet", "agent", 2, "", ""));
        strict.rollout(&[strict.watched("apps", "DaemonSet", "agent")], 300).await.failure()
    };
    let (quota, rule) = tokio::join!(quota, rule);
    assert!(quota.contains("FailedCreate: ") && quota.contains("exceeded quota: small"), "{quota}");
    assert!(rule.contains("FailedCreate: ") && rule.contains("violates PodSecurity"), "{rule}");
}

#[tokio::test]
async fn jobs_end_well_or_badly() {
    require!(Requirement::Cluster);
    let place = Place::new("jobs");
    let job = |name: &str, labels: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, namespace: NAMESPACE}}\nspec: {{backoffLimit: 0, template: {{metadata: \
             {{labels: {{app: {name}{labels}}}}}, spec: {{restartPolicy: Never, containers: [{{name: app, image: 'registry.test/website'}}]}}}}}}\n"
        )
    };
    place.apply(&job("good", ""));
    place.rollout(&[place.watched("batch", "Job", "good")], 60).await.result.unwrap();
    place.apply(&job("bad", ", plimsoll.test/fail: job-failed"));
    let watched = [place.watched("batch", "Job", "good"), place.watched("batch", "Job", "bad")];
    let text = place.rollout(&watched, 60).await.failure();
    assert!(text.contains("job/bad in ") && text.contains("failed: BackoffLimitExceeded"), "{text}");
    assert!(text.contains("| fatal: the database refused the connection"), "{text}");
    assert!(!text.contains("job/good"), "{text}");
}

#[tokio::test]
async fn custom_resources_are_waited_for_by_their_conditions() {
    require!(Requirement::Cluster);
    let place = Place::new("custom");
    place.apply(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: sites.rollout.test}\nspec: {group: \
         rollout.test, scope: Namespaced, names: {kind: Site, plural: sites, singular: site}, versions: [{name: v1, served: true, storage: \
         true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}\n",
    );
    let kind = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let definition = Watched {
        kind: ApiResource::from_gvk(&kind),
        namespace: None,
        name: "sites.rollout.test".to_owned(),
        generation: None,
    };
    place.rollout(&[definition], 60).await.result.unwrap();
    place.apply("apiVersion: rollout.test/v1\nkind: Site\nmetadata: {name: a, namespace: NAMESPACE}\n");
    let watched = [place.watched("rollout.test", "Site", "a")];
    let text = place.rollout(&watched, 2).await.time_out();
    assert!(text.contains("site/a in ") && text.contains("has no condition Ready"), "{text}");
    let patch = r#"{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}"#;
    let arguments = [
        "patch",
        "site",
        "a",
        "--namespace",
        &place.namespace,
        "--subresource=status",
        "--type=merge",
        "--patch",
        patch,
    ];
    place.cluster.kubectl(&arguments);
    place.rollout(&watched, 60).await.result.unwrap();
}

#[tokio::test]
async fn a_restart_of_the_api_server_in_the_middle_of_a_rollout_is_survived() {
    require!(Requirement::Cluster);
    let cluster = ControlPlane::start();
    let client = client(&cluster).await;
    let namespace = cluster.namespace("restart");
    let yaml = |labels: &str| workload("Deployment", "web", 2, labels, "").replace("NAMESPACE", &namespace);
    cluster.kubectl_apply(&yaml(NEVER_READY));
    let watched = [Watched {
        kind: ApiResource::from_gvk(&GroupVersionKind::gvk("apps", "v1", "Deployment")),
        namespace: Some(namespace.clone()),
        name: "web".to_owned(),
        generation: Some(1),
    }];
    let options = RolloutOptions { timeout: Duration::from_secs(180), ready_when: Vec::new() };
    let listener = Listener::default();
    let heard = async |part: &str| {
        while !listener.lines().iter().any(|line| line.contains(part)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let restarting = async {
        heard("0 of 2 new replicas available").await;
        let stopping = tokio::task::spawn_blocking(move || {
            let mut cluster = cluster;
            cluster.stop_api_server();
            cluster
        });
        let mut cluster = stopping.await.unwrap();
        heard("interrupted").await;
        let ready = yaml("");
        let starting = tokio::task::spawn_blocking(move || {
            cluster.start_api_server();
            cluster.kubectl_apply(&ready);
            cluster
        });
        starting.await.unwrap()
    };
    let (result, _cluster) = tokio::join!(watch(&client, &watched, &options, &listener), restarting);
    result.unwrap_or_else(|error| panic!("{error}\n{:#?}", listener.lines()));
    assert!(listener.lines().last().unwrap().ends_with(": done"), "{:?}", listener.lines());
}
