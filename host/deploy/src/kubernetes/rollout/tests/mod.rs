//! The waiting, against an API server that misbehaves on command.

mod cluster;
pub(in crate::kubernetes) mod objects;
mod patience;

use std::{sync::Mutex, time::Duration};

use plimsoll_core::ports::{Activity, Progress};
use serde_json::json;

use super::{RolloutError, RolloutOptions, Watched, health, watch};
use crate::kubernetes::test_server::{Fault, Server};
use objects::{
    DAEMON_SETS, DEPLOYMENTS, EVENTS, JOBS, PODS, REPLICA_SETS, deployment, job, pod, replica_set, watched,
};

/// Remembers what was told.
#[derive(Default)]
struct Listener(Mutex<Vec<String>>);

impl Progress for Listener {
    fn activity(&self, activity: Activity<'_>) {
        if let Activity::Line(text) | Activity::Warning(text) = activity {
            self.0.lock().unwrap().push(text.to_owned());
        }
    }
}

impl Listener {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

fn within(seconds: u64) -> RolloutOptions {
    RolloutOptions { timeout: Duration::from_secs(seconds), ready_when: Vec::new() }
}

/// A target's future goes from thread to thread.
fn send<T>(future: impl Future<Output = T> + Send) -> impl Future<Output = T> + Send {
    future
}

async fn watched_for(
    server: &Server,
    watched_objects: &[Watched],
    seconds: u64,
) -> (Result<(), RolloutError>, Vec<String>) {
    let listener = Listener::default();
    let (client, options) = (server.client(), within(seconds));
    let watching = send(watch(&client, watched_objects, &options, &listener));
    let outcome = tokio::time::timeout(Duration::from_secs(60), watching).await;
    (outcome.expect("it ends in time"), listener.lines())
}

#[tokio::test]
async fn what_has_nothing_to_wait_for_is_not_asked_for() {
    let server = Server::start().await;
    let (outcome, lines) =
        watched_for(&server, &[watched("ConfigMap", "a"), watched("CronJob", "b")], 5).await;
    outcome.unwrap();
    assert_eq!((server.requests(), lines), (Vec::<String>::new(), Vec::new()));
}

#[tokio::test]
async fn what_is_healthy_takes_one_list_and_says_nothing() {
    let server = Server::start().await;
    let objects: Vec<_> = (0..200).map(|number| format!("web-{number}")).collect();
    for name in &objects {
        server.put(DEPLOYMENTS, deployment(name, 1, 2));
    }
    let all: Vec<_> = objects.iter().map(|name| watched("Deployment", name)).collect();
    let (outcome, lines) = watched_for(&server, &all, 20).await;
    outcome.unwrap();
    assert_eq!(lines, Vec::<String>::new());
    assert!(server.requests().len() <= 2, "{:?}", server.requests());
    assert_eq!(health(&server.client(), &all, &within(1)).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn progress_is_told_once_until_it_is_done() {
    let server = Server::start().await;
    server.put(DEPLOYMENTS, deployment("web", 1, 0));
    let drive = async {
        for available in [0, 1, 1, 2] {
            server.until_watched(DEPLOYMENTS, 1).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            server.put(DEPLOYMENTS, deployment("web", 1, available));
        }
    };
    let objects = [watched("Deployment", "web")];
    let ((outcome, lines), ()) = tokio::join!(watched_for(&server, &objects, 30), drive);
    outcome.unwrap();
    let expected = [
        "deployment/web in website: 0 of 2 new replicas available",
        "deployment/web in website: 1 of 2 new replicas available",
        "deployment/web in website: done",
    ];
    assert_eq!(lines, expected);
    // Deployments, pods, replica sets and refusals: a list and a watch of each.
    assert!(server.requests().len() <= 8, "{:?}", server.requests());
}

#[tokio::test]
async fn a_rollout_survives_what_happens_to_its_watches() {
    let faults = [
        ("watch=true", Fault::Status(410)),
        ("watch=true", Fault::Event(410)),
        ("watch=true", Fault::Status(429)),
        ("watch=true", Fault::Event(500)),
        ("deployments?", Fault::Status(429)),
        ("deployments?", Fault::Status(503)),
        ("deployments?", Fault::Status(403)),
    ];
    for (part, fault) in faults {
        let server = Server::start().await;
        server.put(DEPLOYMENTS, deployment("web", 1, 0));
        server.fault(part, fault.clone());
        let drive = async {
            while !server.is_out_of_faults() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            server.put(DEPLOYMENTS, deployment("web", 1, 2));
        };
        let objects = [watched("Deployment", "web")];
        let ((outcome, lines), ()) = tokio::join!(watched_for(&server, &objects, 30), drive);
        outcome.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        let interruptions = lines.iter().filter(|line| line.contains("interrupted")).count();
        assert_eq!(interruptions, 1, "{fault:?}: {lines:?}");
    }
}

#[tokio::test]
async fn a_server_that_goes_away_and_comes_back_is_waited_for() {
    let mut server = Server::start().await;
    server.put(DEPLOYMENTS, deployment("web", 1, 0));
    let client = server.client();
    let listener = Listener::default();
    let objects = [watched("Deployment", "web")];
    let options = within(60);
    let drive = async {
        server.until_watched(DEPLOYMENTS, 1).await;
        // A dropped watch alone is no news at all.
        server.drop_watches();
        server.until_watched(DEPLOYMENTS, 2).await;
        server.stop();
        server.put(DEPLOYMENTS, deployment("web", 1, 2));
        while !listener.lines().iter().any(|line| line.contains("interrupted")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.restart().await;
    };
    let (outcome, ()) = tokio::join!(watch(&client, &objects, &options, &listener), drive);
    outcome.unwrap();
    assert_eq!(listener.lines().last().unwrap(), "deployment/web in website: done");
}

#[tokio::test]
async fn who_may_not_look_is_told_so() {
    let server = Server::start().await;
    for _ in 0..4 {
        server.fault("deployments?", Fault::Status(403));
    }
    let (outcome, _) = watched_for(&server, &[watched("Deployment", "web")], 30).await;
    let error = outcome.unwrap_err();
    assert!(matches!(&error, RolloutError::Refused { .. }));
    assert!(error.hint().contains("`watch`"));
    assert_eq!(
        error.to_string(),
        "whether deployments in website became healthy cannot be watched: answered 403"
    );
}

#[tokio::test]
async fn who_may_not_see_pods_still_sees_the_rollout() {
    let server = Server::start().await;
    server.put(DEPLOYMENTS, deployment("web", 1, 0));
    for _ in 0..4 {
        server.fault("/pods?", Fault::Status(403));
    }
    let drive = async {
        while !server.is_out_of_faults() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.put(DEPLOYMENTS, deployment("web", 1, 2));
    };
    let objects = [watched("Deployment", "web")];
    let ((outcome, _), ()) = tokio::join!(watched_for(&server, &objects, 30), drive);
    outcome.unwrap();
}

#[tokio::test]
async fn a_crash_of_the_new_revision_fails_with_the_last_lines_of_the_log() {
    let server = Server::start().await;
    server.put(DEPLOYMENTS, deployment("web", 1, 1));
    server.put(REPLICA_SETS, replica_set("web-old", "web", "1"));
    server.put(REPLICA_SETS, replica_set("web-new", "web", "2"));
    server.put(PODS, pod("web-new-a", "web-new", "CrashLoopBackOff", 3));
    server.put(EVENTS, json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "website"}, "type": "Warning",
        "reason": "BackOff", "message": "Back-off restarting\u{1b}[31m failed container", "count": 4,
        "involvedObject": {"kind": "Pod", "name": "web-new-a"}
    }));
    let log: String = (0..30).map(|line| format!("line {line}\n")).collect();
    server.log("web-new-a", &format!("{log}\u{1b}[31mpanic: no database\u{1b}[0m\n"));
    let (outcome, lines) = watched_for(&server, &[watched("Deployment", "web")], 30).await;
    let error = outcome.unwrap_err();
    assert!(matches!(&error, RolloutError::Failed { .. }));
    let text = error.to_string();
    for part in [
        "deployment/web in website: 1 of 2 new replicas available",
        "pod web-new-a: container web: CrashLoopBackOff: it ended with code 1; restarts: 3",
        "event BackOff: Back-off restarting failed container (4 times)",
        "| line 29",
        "| panic: no database",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('\u{1b}') && !text.contains("line 9\n"), "{text}");
    assert!(
        server
            .requests()
            .iter()
            .any(|request| request.contains("/log?") && request.contains("previous=true"))
    );
    assert_eq!(lines.iter().filter(|line| line.contains("CrashLoopBackOff")).count(), 1);
}

#[tokio::test]
async fn a_crash_of_the_old_revision_does_not_matter() {
    let server = Server::start().await;
    server.put(DEPLOYMENTS, deployment("web", 1, 1));
    server.put(REPLICA_SETS, replica_set("web-old", "web", "1"));
    server.put(REPLICA_SETS, replica_set("web-new", "web", "2"));
    server.put(PODS, pod("web-old-a", "web-old", "CrashLoopBackOff", 30));
    let (outcome, _) = watched_for(&server, &[watched("Deployment", "web")], 4).await;
    let error = outcome.unwrap_err();
    assert!(matches!(&error, RolloutError::TimedOut { .. }), "{error}");
    assert!(!error.to_string().contains("Crash"), "{error}");
}

#[tokio::test]
async fn everything_that_fails_is_told_and_what_is_on_its_way_is_not_blamed() {
    let server = Server::start().await;
    server.put(JOBS, job("migrate", "Failed"));
    server.put(JOBS, job("seed", "Failed"));
    server.put(DEPLOYMENTS, deployment("web", 1, 1));
    server.put(DEPLOYMENTS, deployment("api", 1, 1));
    server.put(REPLICA_SETS, replica_set("api-new", "api", "2"));
    server.put(PODS, pod("api-a", "api-new", "InvalidImageName", 0));
    server.put(PODS, pod("seed-a", "seed", "", 0));
    server.log("seed-a", "no such table\n");
    let objects = [
        watched("Job", "migrate"),
        watched("Job", "seed"),
        watched("Deployment", "web"),
        watched("Deployment", "api"),
    ];
    let (outcome, _) = watched_for(&server, &objects, 30).await;
    let text = outcome.unwrap_err().to_string();
    for part in [
        "job/migrate in website: failed",
        "job/seed in website: failed",
        "| no such table",
        "deployment/api",
        "InvalidImageName",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("deployment/web"), "{text}");
    let unhealthy = health(&server.client(), &objects, &within(1)).await.unwrap();
    assert_eq!(unhealthy.len(), 4, "{unhealthy:?}");
}

#[tokio::test]
async fn what_somebody_deletes_has_failed() {
    let server = Server::start().await;
    server.put(DEPLOYMENTS, deployment("web", 1, 1));
    let drive = async {
        server.until_watched(DEPLOYMENTS, 1).await;
        server.delete(DEPLOYMENTS, "web");
    };
    let objects = [watched("Deployment", "web"), watched("DaemonSet", "agent")];
    let ((outcome, _), ()) = tokio::join!(watched_for(&server, &objects, 30), drive);
    let text = outcome.unwrap_err().to_string();
    assert!(text.contains("deployment/web in website: somebody deleted it"), "{text}");
    assert!(text.contains("daemonset/agent in website: it is not there"), "{text}");
    assert!(server.requests().iter().any(|request| request.starts_with(DAEMON_SETS)));
}

#[tokio::test]
async fn time_is_up_says_what_was_missing() {
    let server = Server::start().await;
    server.put(DEPLOYMENTS, deployment("web", 1, 1));
    server.put(REPLICA_SETS, replica_set("web-new", "web", "2"));
    server.put(PODS, pod("web-new-a", "web-new", "running", 0));
    let (outcome, _) = watched_for(&server, &[watched("Deployment", "web")], 2).await;
    let text = outcome.unwrap_err().to_string();
    assert!(text.starts_with("the rollout was not done within 2 seconds\ndeployment/web"), "{text}");
    assert!(text.contains("container web: NotReady: it runs and is not ready"), "{text}");
    assert!(text.contains("the log of container web of pod web-new-a cannot be had: answered 400"), "{text}");
}
