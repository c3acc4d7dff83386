#![expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]

use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use serde_json::{Value, json};

use super::{Status, of, reports};
use crate::kubernetes::options::ReadyWhen;

fn kind(group: &str, version: &str, kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

fn judged(api_version: &str, kind_name: &str, applied: Option<i64>, mut object: Value) -> Status {
    object["apiVersion"] = api_version.into();
    object["kind"] = kind_name.into();
    let object: DynamicObject = serde_json::from_value(object).unwrap();
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let ready_when = [
        wanted("Certificate", "Ready", "True"),
        wanted("Certificate", "Issuing", "False"),
        wanted("Site.example.com", "Up", "True"),
    ];
    of(&object, &kind(group, version, kind_name), applied, &ready_when)
}

fn wanted(kind: &str, condition: &str, status: &str) -> ReadyWhen {
    ReadyWhen { kind: kind.to_owned(), condition: condition.to_owned(), status: status.to_owned() }
}

fn done() -> Status {
    Status::Done(None)
}

fn on_the_way(text: &str) -> Status {
    Status::Progressing(text.to_owned())
}

fn unobserved() -> Status {
    on_the_way("waits for its controller to see the change")
}

fn deployment(spec: Value, status: Value) -> Status {
    let mut spec = spec;
    spec["selector"] = json!({});
    spec["template"] = json!({});
    judged(
        "apps/v1",
        "Deployment",
        Some(2),
        json!({"metadata": {"name": "web", "generation": 2}, "spec": spec, "status": status}),
    )
}

#[test]
fn deployments() {
    let good = json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3});
    let with = |key: &str, value: Value| {
        let mut status = good.clone();
        status[key] = value;
        status
    };
    let three = json!({"replicas": 3});
    assert_eq!(deployment(three.clone(), good.clone()), done());
    assert_eq!(deployment(three.clone(), with("observedGeneration", json!(1))), unobserved());
    assert_eq!(deployment(three.clone(), json!({})), unobserved());
    assert_eq!(
        deployment(three.clone(), with("updatedReplicas", json!(1))),
        on_the_way("1 of 3 new replicas made")
    );
    assert_eq!(
        deployment(three.clone(), with("replicas", json!(4))),
        on_the_way("1 old replica still to end")
    );
    assert_eq!(
        deployment(three.clone(), with("availableReplicas", json!(2))),
        on_the_way("2 of 3 new replicas available")
    );
    assert_eq!(deployment(json!({"replicas": 0}), json!({"observedGeneration": 2})), done());
    assert_eq!(
        deployment(json!({}), json!({"observedGeneration": 2})),
        on_the_way("0 of 1 new replicas made")
    );
    // A controller that somebody has made see a later generation has seen this one.
    assert_eq!(deployment(three.clone(), with("observedGeneration", json!(5))), done());
    let paused = json!({"replicas": 3, "paused": true});
    assert_eq!(deployment(paused.clone(), good.clone()), done());
    assert!(
        matches!(deployment(paused, with("updatedReplicas", json!(0))), Status::Failed(why) if why.contains("paused"))
    );
}

#[test]
fn a_deployment_over_its_deadline_has_failed_once_the_change_was_seen() {
    let status = |observed: i64| {
        json!({
            "observedGeneration": observed, "replicas": 1, "updatedReplicas": 1,
            "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "ReplicaSet web-1 has timed out"}]
        })
    };
    assert_eq!(deployment(json!({"replicas": 1}), status(1)), unobserved());
    let expected = Status::Failed("its progress deadline is over: ReplicaSet web-1 has timed out".to_owned());
    assert_eq!(deployment(json!({"replicas": 1}), status(2)), expected);
}

#[test]
fn an_object_older_than_what_was_applied_counts_for_nothing() {
    let old = json!({
        "metadata": {"name": "web", "generation": 2}, "spec": {"replicas": 1, "selector": {}, "template": {}},
        "status": {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    });
    assert_eq!(judged("apps/v1", "Deployment", Some(3), old.clone()), unobserved());
    assert_eq!(judged("apps/v1", "Deployment", None, old.clone()), done());
    let mut going = old;
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    assert_eq!(judged("apps/v1", "Deployment", None, going), on_the_way("is being deleted"));
}

fn stateful_set(strategy: Value, status: Value) -> Status {
    judged(
        "apps/v1",
        "StatefulSet",
        Some(2),
        json!({
            "metadata": {"name": "db", "generation": 2},
            "spec": {"replicas": 3, "selector": {}, "serviceName": "db", "template": {}, "updateStrategy": strategy},
            "status": status
        }),
    )
}

#[test]
fn stateful_sets() {
    let status = |updated: i32, available: i32, current: &str| {
        json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": updated, "availableReplicas": available,
               "currentRevision": current, "updateRevision": "b"})
    };
    let rolling = json!({"type": "RollingUpdate"});
    assert_eq!(stateful_set(rolling.clone(), status(3, 3, "b")), done());
    assert_eq!(stateful_set(rolling.clone(), json!({"observedGeneration": 1, "replicas": 3})), unobserved());
    assert_eq!(stateful_set(rolling.clone(), status(1, 3, "a")), on_the_way("1 of 3 pods updated"));
    assert_eq!(stateful_set(rolling.clone(), status(3, 2, "a")), on_the_way("2 of 3 pods available"));
    assert!(matches!(stateful_set(rolling, status(3, 3, "a")), Status::Progressing(_)));

    let partition = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
    assert_eq!(stateful_set(partition.clone(), status(0, 3, "a")), on_the_way("0 of 1 pods updated"));
    assert_eq!(
        stateful_set(partition, status(1, 3, "a")),
        Status::Done(Some("2 pods keep the old revision (partition 2)".to_owned()))
    );

    let on_delete = json!({"type": "OnDelete"});
    assert!(
        matches!(stateful_set(on_delete.clone(), status(0, 3, "a")), Status::Done(Some(note)) if note.contains("OnDelete"))
    );
    assert_eq!(stateful_set(on_delete, status(0, 2, "a")), on_the_way("2 of 3 pods available"));
}

#[test]
fn daemon_sets() {
    let judged = |strategy: &str, observed: i64, updated: i32, available: i32| {
        judged(
            "apps/v1",
            "DaemonSet",
            Some(2),
            json!({
                "metadata": {"name": "agent", "generation": 2},
                "spec": {"selector": {}, "template": {}, "updateStrategy": {"type": strategy}},
                "status": {"observedGeneration": observed, "currentNumberScheduled": 2, "desiredNumberScheduled": 2, "numberMisscheduled": 0,
                           "numberReady": 2, "updatedNumberScheduled": updated, "numberAvailable": available}
            }),
        )
    };
    assert_eq!(judged("RollingUpdate", 2, 2, 2), done());
    assert_eq!(judged("RollingUpdate", 1, 2, 2), unobserved());
    assert_eq!(judged("RollingUpdate", 2, 1, 2), on_the_way("1 of 2 pods updated"));
    assert_eq!(judged("RollingUpdate", 2, 2, 1), on_the_way("1 of 2 pods available"));
    assert!(matches!(judged("OnDelete", 2, 0, 2), Status::Done(Some(_))));
}

#[test]
fn jobs_and_pods() {
    let job = |spec: Value, status: Value| {
        let mut spec = spec;
        spec["template"] = json!({});
        judged(
            "batch/v1",
            "Job",
            Some(1),
            json!({"metadata": {"name": "a", "generation": 1}, "spec": spec, "status": status}),
        )
    };
    let condition = |kind: &str| json!({"conditions": [{"type": kind, "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]});
    assert_eq!(job(json!({}), condition("Complete")), done());
    assert_eq!(
        job(json!({}), condition("Failed")),
        Status::Failed("failed: BackoffLimitExceeded: too often".to_owned())
    );
    // Its pods are still ending.
    assert!(matches!(job(json!({}), condition("FailureTarget")), Status::Progressing(_)));
    assert_eq!(
        job(json!({"completions": 3}), json!({"succeeded": 1, "failed": 2})),
        on_the_way("1 of 3 completed, 2 failed")
    );
    assert!(
        matches!(job(json!({"suspend": true}), json!({})), Status::Progressing(text) if text.contains("suspended"))
    );

    let pod = |status: Value| judged("v1", "Pod", None, json!({"metadata": {"name": "a"}, "status": status}));
    assert_eq!(pod(json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})), done());
    assert_eq!(
        pod(json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]})),
        on_the_way("is not ready")
    );
    assert_eq!(pod(json!({"phase": "Succeeded"})), done());
    assert_eq!(
        pod(json!({"phase": "Failed", "reason": "Evicted", "message": ""})),
        Status::Failed("failed: Evicted".to_owned())
    );
}

#[test]
fn custom_conditions() {
    let certificate = |status: Value| {
        judged(
            "cert-manager.io/v1",
            "Certificate",
            Some(4),
            json!({"metadata": {"name": "a", "generation": 4}, "status": status}),
        )
    };
    let conditions = |ready: &str, issuing: &str| json!({"conditions": [{"type": "Ready", "status": ready, "reason": "Pending", "message": "wait", "observedGeneration": 4}, {"type": "Issuing", "status": issuing}]});
    assert_eq!(certificate(conditions("True", "False")), done());
    assert_eq!(
        certificate(conditions("False", "False")),
        on_the_way("Ready is False, not True: Pending: wait")
    );
    assert_eq!(certificate(conditions("True", "True")), on_the_way("Issuing is True, not False"));
    assert_eq!(certificate(json!({})), on_the_way("has no condition Ready"));
    let mut old = conditions("True", "False");
    old["conditions"][0]["observedGeneration"] = 3.into();
    assert_eq!(certificate(old), unobserved());
    let mut old = conditions("True", "False");
    old["observedGeneration"] = 3.into();
    assert_eq!(certificate(old), unobserved());
    // The group tells kinds of the same name apart.
    assert_eq!(judged("other.org/v1", "Site", None, json!({"metadata": {"name": "a"}})), done());
    assert_eq!(
        judged("example.com/v1", "Site", None, json!({"metadata": {"name": "a"}})),
        on_the_way("has no condition Up")
    );
}

#[test]
fn definitions_of_custom_resources() {
    let definition = |conditions: Value| {
        judged(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            None,
            json!({"metadata": {"name": "a"}, "status": {"conditions": conditions}}),
        )
    };
    assert_eq!(definition(json!([{"type": "Established", "status": "True"}])), done());
    assert_eq!(definition(json!([])), on_the_way("is not established"));
    let taken =
        definition(json!([{"type": "NamesAccepted", "status": "False", "message": "\"sites\" is in use"}]));
    assert_eq!(taken, Status::Failed("its names are taken: \"sites\" is in use".to_owned()));
}

#[test]
fn other_kinds_are_done_without_being_asked() {
    for (group, name) in [
        ("", "ConfigMap"),
        ("batch", "CronJob"),
        ("", "PersistentVolumeClaim"),
        ("example.com", "Deployment"),
    ] {
        assert!(!reports(&kind(group, "v1", name), &[]), "{name}");
    }
    assert!(reports(&kind("apps", "v1", "DaemonSet"), &[]));
    assert!(reports(&kind("a.org", "v1", "Site"), &[wanted("Site", "Up", "True")]));
}
