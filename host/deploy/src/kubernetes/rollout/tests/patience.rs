//! When a trouble counts as a failure: on a clock of the test's own.

#![expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]

use std::time::Duration;

use kube::{core::DynamicObject, runtime::watcher::Event};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::objects::{deployment, pod, replica_set, watched};
use crate::kubernetes::rollout::{
    groups::groups,
    state::{State, Subject},
};

fn object(value: Value) -> DynamicObject {
    let mut value = value;
    if value["metadata"]["uid"].is_null() {
        value["metadata"]["uid"] = format!("uid-{}", value["metadata"]["name"].as_str().unwrap()).into();
    }
    serde_json::from_value(value).unwrap()
}

struct Clock<'a> {
    state: State<'a>,
    start: Instant,
}

impl Clock<'_> {
    fn new(kind: &str, value: Value) -> Self {
        let watched = [watched(kind, value["metadata"]["name"].as_str().unwrap())];
        let mut clock = Self { state: State::new(&watched, &[]), start: Instant::now() };
        clock.tell(0, Subject::Objects(groups(&watched, &[]).remove(0)), value);
        clock
    }

    fn tell(&mut self, second: u64, subject: Subject, value: Value) {
        let now = self.start + Duration::from_secs(second);
        self.state.take(0, &subject, Event::Apply(object(value)), now);
    }

    fn pod(&mut self, second: u64, reason: &str, restarts: i32) {
        self.tell(second, Subject::Pods("website".to_owned()), pod("web-a", "web-new", reason, restarts));
    }

    fn due(&self) -> Option<u64> {
        self.state.failure_due(self.start).map(|due| (due - self.start).as_secs())
    }
}

fn rolling() -> Clock<'static> {
    let mut clock = Clock::new("Deployment", deployment("web", 1, 0));
    clock.tell(0, Subject::ReplicaSets("website".to_owned()), replica_set("web-new", "web", "2"));
    clock
}

#[test]
fn an_image_that_cannot_be_pulled_has_a_while_whatever_the_reason_is_called() {
    let mut clock = rolling();
    assert_eq!(clock.due(), None);
    clock.pod(10, "ErrImagePull", 0);
    assert_eq!(clock.due(), Some(25));
    clock.pod(20, "ImagePullBackOff", 0);
    assert_eq!(clock.due(), Some(25));
    clock.pod(22, "running", 0);
    assert_eq!(clock.due(), None);
    clock.pod(40, "ErrImagePull", 0);
    assert_eq!(clock.due(), Some(55));
}

#[test]
fn one_crash_is_none_three_are() {
    let mut clock = rolling();
    clock.pod(1, "CrashLoopBackOff", 1);
    assert_eq!(clock.due(), Some(31));
    clock.pod(11, "running", 2);
    assert_eq!(clock.due(), None);
    clock.pod(12, "CrashLoopBackOff", 2);
    assert_eq!(clock.due(), Some(42));
    clock.pod(33, "CrashLoopBackOff", 3);
    assert!(clock.due() <= Some(33));
}

#[test]
fn refused_pods_have_a_while_as_long_as_nothing_gets_better() {
    let quota = |available: i32, failing: bool| {
        let mut value = deployment("web", 1, available);
        if failing {
            value["status"]["conditions"] =
                json!([{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}]);
        }
        value
    };
    let group = groups(&[watched("Deployment", "web")], &[]).remove(0);
    let mut clock = rolling();
    clock.tell(5, Subject::Objects(group.clone()), quota(0, true));
    clock.tell(9, Subject::Objects(group.clone()), quota(1, true));
    assert_eq!(clock.due(), Some(35));
    clock.tell(10, Subject::Objects(group), quota(1, false));
    assert_eq!(clock.due(), None);
}

#[test]
fn refusals_of_other_workloads_come_as_events() {
    let set = |updated: i32| {
        json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent", "generation": 1},
            "spec": {"selector": {}, "template": {}},
            "status": {"observedGeneration": 1, "currentNumberScheduled": 0, "desiredNumberScheduled": 2, "numberMisscheduled": 0, "numberReady": 0, "updatedNumberScheduled": updated}
        })
    };
    let event = |about: &str| {
        json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "reason": "FailedCreate",
            "message": "admission webhook \"w\" denied the request", "involvedObject": {"uid": about}
        })
    };
    let group = groups(&[watched("DaemonSet", "agent")], &[]).remove(0);
    let mut clock = Clock::new("DaemonSet", set(0));
    clock.tell(1, Subject::Refusals, event("uid-other"));
    assert_eq!(clock.due(), None);
    clock.tell(2, Subject::Refusals, event("uid-agent"));
    clock.tell(3, Subject::Objects(group.clone()), set(0));
    clock.tell(8, Subject::Refusals, event("uid-agent"));
    assert_eq!(clock.due(), Some(32));
    clock.tell(9, Subject::Objects(group), set(1));
    assert_eq!(clock.due(), None);
}
