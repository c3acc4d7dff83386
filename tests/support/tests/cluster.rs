//! The control plane itself: real controllers act, pods become what they are asked for, rights are kept.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use plimsoll_support::{ControlPlane, Finished, Requirement, require, run};

#[test]
fn a_deployment_becomes_available_and_goes_away() {
    require!(Requirement::Cluster);
    let cluster = ControlPlane::shared();
    let namespace = cluster.namespace("deployment");
    cluster.kubectl_apply(&format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web, namespace: {namespace} }}
spec:
  replicas: 3
  selector: {{ matchLabels: {{ app: web }} }}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec:
      initContainers: [{{ name: first, image: registry.example/first:1 }}]
      containers: [{{ name: web, image: registry.example/web:1 }}]
"
    ));
    cluster.kubectl(&["rollout", "status", "deployment/web", "--namespace", &namespace, "--timeout=90s"]);
    assert_eq!(ask(cluster, &namespace, "deployment/web", "{.status.availableReplicas}"), "3");
    cluster.kubectl(&["delete", "deployment/web", "--namespace", &namespace, "--timeout=60s"]);
    cluster.kubectl(&["wait", "--for=delete", "pods", "--all", "--namespace", &namespace, "--timeout=90s"]);
}

#[test]
fn a_job_completes() {
    require!(Requirement::Cluster);
    let cluster = ControlPlane::shared();
    let namespace = cluster.namespace("job");
    cluster.kubectl_apply(&job(&namespace, ""));
    cluster.kubectl(&[
        "wait",
        "--for=condition=Complete",
        "job/once",
        "--namespace",
        &namespace,
        "--timeout=90s",
    ]);
}

#[test]
fn a_job_fails() {
    require!(Requirement::Cluster);
    let cluster = ControlPlane::shared();
    let namespace = cluster.namespace("job");
    cluster.kubectl_apply(&job(&namespace, "plimsoll.test/fail: job-failed"));
    cluster.kubectl(&[
        "wait",
        "--for=condition=Failed",
        "job/once",
        "--namespace",
        &namespace,
        "--timeout=90s",
    ]);
    let code = "{.items[0].status.containerStatuses[0].state.terminated.exitCode}";
    assert_eq!(ask(cluster, &namespace, "pods", code), "1");
}

#[test]
fn an_image_is_never_pulled() {
    require!(Requirement::Cluster);
    let cluster = ControlPlane::shared();
    let namespace = failing_pod(cluster, "image-pull");
    wait_for(cluster, &namespace, "{.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff");
    assert_eq!(ask(cluster, &namespace, "pod/web", "{.status.phase}"), "Pending");
}

#[test]
fn a_container_crashes_and_leaves_its_last_lines() {
    require!(Requirement::Cluster);
    let cluster = ControlPlane::shared();
    let namespace = failing_pod(cluster, "crash-loop");
    wait_for(cluster, &namespace, "{.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff");
    let code = "{.status.containerStatuses[0].lastState.terminated.exitCode}";
    assert_eq!(ask(cluster, &namespace, "pod/web", code), "1");
    for which in ["--previous=false", "--previous=true"] {
        let logs = cluster.kubectl(&["logs", "web", which, "--namespace", &namespace]);
        assert_eq!(logs, ControlPlane::LOGS.trim());
    }
    let last = cluster.kubectl(&["logs", "web", "--tail=1", "--namespace", &namespace]);
    assert_eq!(last, "fatal: the database refused the connection");
}

#[test]
fn a_pod_runs_and_is_never_ready() {
    require!(Requirement::Cluster);
    let cluster = ControlPlane::shared();
    let namespace = failing_pod(cluster, "never-ready");
    wait_for(cluster, &namespace, "{.status.phase}=Running");
    let ready = r#"{.status.conditions[?(@.type=="Ready")].status}"#;
    assert_eq!(ask(cluster, &namespace, "pod/web", ready), "False");
}

#[test]
fn an_account_may_do_what_it_was_allowed() {
    require!(Requirement::Cluster);
    let cluster = ControlPlane::shared();
    let namespace = cluster.namespace("rights");
    let on = |arguments: &[&str]| cluster.kubectl(&[arguments, &["--namespace", &namespace]].concat());
    on(&["create", "serviceaccount", "reader"]);
    on(&["create", "role", "reader", "--verb=get,list", "--resource=configmaps"]);
    on(&[
        "create",
        "rolebinding",
        "reader",
        "--role=reader",
        &format!("--serviceaccount={namespace}:reader"),
    ]);
    let kubeconfig = cluster.kubeconfig_for(&namespace, "reader");
    let _ = as_holder(&kubeconfig, &["get", "configmaps"]).success();
    for refused in
        [&["create", "configmap", "mine"][..], &["get", "secrets"], &["get", "configmaps", "-n", "default"]]
    {
        let refusal = as_holder(&kubeconfig, refused);
        assert!(!refusal.status.success(), "{refusal}");
        assert!(refusal.to_string().to_lowercase().contains("forbidden"), "{refusal}");
    }
}

#[test]
fn an_api_server_comes_back_with_its_objects_and_all_ends_on_drop() {
    require!(Requirement::Cluster);
    let mut cluster = ControlPlane::start();
    let folder = cluster.kubeconfig().parent().expect("it is in a folder").to_owned();
    let (namespace, server) = (cluster.namespace("kept"), cluster.server().to_owned());
    cluster.kubectl(&["create", "configmap", "kept", "--from-literal=a=b", "--namespace", &namespace]);
    cluster.stop_api_server();
    let silence = as_holder(cluster.kubeconfig(), &["get", "namespaces", "--request-timeout=5s"]);
    assert!(!silence.status.success(), "{silence}");
    cluster.start_api_server();
    assert_eq!(cluster.server(), server);
    assert_eq!(ask(&cluster, &namespace, "configmap/kept", "{.data.a}"), "b");
    // The others have found it again.
    cluster.kubectl_apply(&job(&namespace, ""));
    cluster.kubectl(&[
        "wait",
        "--for=condition=Complete",
        "job/once",
        "--namespace",
        &namespace,
        "--timeout=150s",
    ]);
    drop(cluster);
    assert!(!folder.exists(), "{} is still there", folder.display());
}

#[test]
fn all_ends_when_the_process_that_started_it_is_killed() {
    require!(Requirement::Cluster);
    let mut starter = Command::new(env!("CARGO_BIN_EXE_cluster"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was built for this test");
    let lines = BufReader::new(starter.stdout.take().expect("it is piped")).lines();
    let kubeconfig =
        lines.map_while(Result::ok).find_map(|line| Some(line.split_once("KUBECONFIG=")?.1.to_owned()));
    starter.kill().expect("it runs");
    starter.wait().expect("it was killed");
    let kubeconfig = PathBuf::from(kubeconfig.expect("it says where the file is"));
    let folder = kubeconfig.parent().expect("it is in a folder");
    // Half a minute, which nothing needs: the guard has to be scheduled once.
    let is_gone = (0..300).any(|_| {
        thread::sleep(Duration::from_millis(100));
        !folder.exists()
    });
    assert!(is_gone, "{} is still there", folder.display());
}

/// A pod that fails in this way, in a namespace of its own.
fn failing_pod(cluster: &ControlPlane, way: &str) -> String {
    let namespace = cluster.namespace(way);
    cluster.kubectl_apply(&format!(
        "apiVersion: v1
kind: Pod
metadata: {{ name: web, namespace: {namespace}, annotations: {{ plimsoll.test/fail: {way} }} }}
spec:
  containers: [{{ name: web, image: registry.example/web:1 }}]
"
    ));
    namespace
}

fn job(namespace: &str, label: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{ name: once, namespace: {namespace} }}
spec:
  backoffLimit: 0
  template:
    metadata: {{ labels: {{ {label} }} }}
    spec:
      restartPolicy: Never
      containers: [{{ name: once, image: registry.example/once:1 }}]
"
    )
}

fn ask(cluster: &ControlPlane, namespace: &str, object: &str, path: &str) -> String {
    cluster.kubectl(&["get", object, "--namespace", namespace, &format!("--output=jsonpath={path}")])
}

fn wait_for(cluster: &ControlPlane, namespace: &str, condition: &str) {
    cluster.kubectl(&[
        "wait",
        &format!("--for=jsonpath={condition}"),
        "pod/web",
        "--namespace",
        namespace,
        "--timeout=90s",
    ]);
}

/// `kubectl` as whoever a kubeconfig file is for.
fn as_holder(kubeconfig: &Path, arguments: &[&str]) -> Finished {
    run(Command::new(plimsoll_support::cluster_tool("kubectl"))
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(arguments))
}
