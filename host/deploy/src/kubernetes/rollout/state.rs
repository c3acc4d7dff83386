//! What is known of everything that is watched: events in, nothing out. Reading it is the business of [`super::verdict`].

use std::collections::{BTreeMap, HashMap, HashSet};

use k8s_openapi::api::core::v1::{Event as CoreEvent, Pod};
use kube::{core::DynamicObject, runtime::watcher::Event};
use tokio::time::Instant;

use super::{
    Watched,
    groups::Group,
    pods::{self, Cause, MAKING_PATIENCE, Patience, Trouble},
    revision::{self, Revision},
    status::{self, Status},
};
use crate::kubernetes::options::ReadyWhen;

/// Everything that is known.
pub(super) struct State<'a> {
    ready_when: &'a [ReadyWhen],
    pub(super) objects: Vec<Tracked>,
    /// Pods by uid.
    pub(super) pods: HashMap<String, SeenPod>,
    /// Replica sets by uid.
    pub(super) replica_sets: HashMap<String, SeenReplicaSet>,
    /// What a list in progress has named so far, by feed.
    listed: HashMap<usize, HashSet<String>>,
}

/// An object that is watched.
pub(super) struct Tracked {
    pub(super) watched: Watched,
    pub(super) status: Status,
    pub(super) uid: Option<String>,
    pub(super) revision: Revision,
    /// What stands in the way of the object itself, such as a quota.
    pub(super) trouble: Option<Seen>,
}

/// A trouble, and since when it was seen without a break.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) trouble: Trouble,
    pub(super) since: Instant,
}

/// A pod.
pub(super) struct SeenPod {
    pub(super) name: String,
    pub(super) namespace: String,
    /// The uid of its controller, or its own.
    pub(super) owner: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) troubles: Vec<Seen>,
}

/// A replica set.
pub(super) struct SeenReplicaSet {
    pub(super) namespace: String,
    pub(super) owner: Option<String>,
    pub(super) number: Option<String>,
}

/// What a feed is about.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    /// Objects that are watched.
    Objects(Group),
    /// The pods of a namespace.
    Pods(String),
    /// Its replica sets.
    ReplicaSets(String),
    /// Its events about pods that were refused.
    Refusals,
}

impl<'a> State<'a> {
    pub(super) fn new(watched: &[Watched], ready_when: &'a [ReadyWhen]) -> Self {
        let tracked = |one: &Watched| Tracked {
            watched: one.clone(),
            status: if status::reports(&one.kind, ready_when) {
                Status::Progressing("was not seen yet".to_owned())
            } else {
                Status::Done(None)
            },
            uid: None,
            revision: Revision::Unknown,
            trouble: None,
        };
        Self {
            ready_when,
            objects: watched.iter().map(tracked).collect(),
            pods: HashMap::new(),
            replica_sets: HashMap::new(),
            listed: HashMap::new(),
        }
    }

    /// Takes in what a feed told.
    pub(super) fn take(&mut self, feed: usize, subject: &Subject, event: Event<DynamicObject>, now: Instant) {
        match event {
            Event::Init => {
                self.listed.insert(feed, HashSet::new());
            }
            Event::InitApply(object) => {
                let key = key(subject, &object);
                self.listed.entry(feed).or_default().insert(key);
                // What was refused before anybody looked may long be past.
                if !matches!(subject, Subject::Refusals) {
                    self.apply(subject, object, now);
                }
            }
            Event::InitDone => {
                let listed = self.listed.remove(&feed).unwrap_or_default();
                self.forget_others(subject, &listed);
            }
            Event::Apply(object) => self.apply(subject, object, now),
            Event::Delete(object) => self.delete(subject, &object),
        }
    }

    fn apply(&mut self, subject: &Subject, object: DynamicObject, now: Instant) {
        match subject {
            Subject::Objects(group) => self.apply_object(group, &object, now),
            Subject::Pods(_) => self.apply_pod(object, now),
            Subject::ReplicaSets(namespace) => {
                let seen = SeenReplicaSet {
                    namespace: namespace.clone(),
                    owner: revision::controller(&object.metadata),
                    number: revision::number(&object.metadata),
                };
                self.replica_sets.insert(uid(&object), seen);
            }
            Subject::Refusals => self.apply_refusal(object, now),
        }
    }

    fn apply_object(&mut self, group: &Group, object: &DynamicObject, now: Instant) {
        let Some(name) = &object.metadata.name else { return };
        let Some(place) = self.place(group, name) else { return };
        let tracked = &mut self.objects[place];
        let status = status::of(object, &group.kind, tracked.watched.generation, self.ready_when);
        tracked.uid.clone_from(&object.metadata.uid);
        tracked.revision = Revision::of(object, &group.kind.kind);
        tracked.trouble = match refused_replicas(object) {
            Some(trouble) => Some(Seen::again(tracked.trouble.take(), trouble, now)),
            // Where pods are refused is told by events alone, as long as nothing gets better.
            None if tracked.status == status && group.kind.kind != "Deployment" => tracked.trouble.take(),
            None => None,
        };
        tracked.status = status;
    }

    fn apply_pod(&mut self, object: DynamicObject, now: Instant) {
        let Ok(pod) = object.try_parse::<Pod>() else { return };
        let of_job = pod.metadata.owner_references.iter().flatten().any(|owner| owner.kind == "Job");
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        let mut before = self.pods.remove(&uid).map(|pod| pod.troubles).unwrap_or_default();
        let troubles = pods::troubles(&pod, of_job)
            .into_iter()
            .map(|trouble| {
                let same = before.iter().position(|seen| seen.is_same(&trouble));
                Seen::again(same.map(|place| before.swap_remove(place)), trouble, now)
            })
            .collect();
        let seen = SeenPod {
            owner: revision::controller(&pod.metadata).unwrap_or_else(|| uid.clone()),
            name: pod.metadata.name.unwrap_or_default(),
            namespace: pod.metadata.namespace.unwrap_or_default(),
            labels: pod.metadata.labels.unwrap_or_default(),
            troubles,
        };
        self.pods.insert(uid, seen);
    }

    fn apply_refusal(&mut self, object: DynamicObject, now: Instant) {
        let Ok(event) = object.try_parse::<CoreEvent>() else { return };
        let about = event.involved_object.uid;
        let is_it = |tracked: &&mut Tracked| tracked.uid.is_some() && tracked.uid == about;
        if let Some(tracked) = self.objects.iter_mut().find(is_it) {
            let trouble = refused(event.message.unwrap_or_default());
            tracked.trouble = Some(Seen::again(tracked.trouble.take(), trouble, now));
        }
    }

    fn delete(&mut self, subject: &Subject, object: &DynamicObject) {
        match subject {
            Subject::Objects(group) => {
                let name = object.metadata.name.as_deref().unwrap_or_default();
                if let Some(place) = self.place(group, name) {
                    self.objects[place].status = Status::Failed("somebody deleted it".to_owned());
                }
            }
            Subject::Pods(_) => {
                self.pods.remove(&uid(object));
            }
            Subject::ReplicaSets(_) => {
                self.replica_sets.remove(&uid(object));
            }
            Subject::Refusals => {}
        }
    }

    /// A list is complete: what it does not name is gone.
    fn forget_others(&mut self, subject: &Subject, listed: &HashSet<String>) {
        match subject {
            Subject::Objects(group) => {
                for place in &group.members {
                    let tracked = &mut self.objects[*place];
                    if !listed.contains(&tracked.watched.name) {
                        tracked.status = Status::Failed("it is not there".to_owned());
                    }
                }
            }
            Subject::Pods(namespace) => {
                self.pods.retain(|uid, pod| pod.namespace != *namespace || listed.contains(uid));
            }
            Subject::ReplicaSets(namespace) => {
                self.replica_sets.retain(|uid, set| set.namespace != *namespace || listed.contains(uid));
            }
            Subject::Refusals => {}
        }
    }

    fn place(&self, group: &Group, name: &str) -> Option<usize> {
        group.members.iter().copied().find(|place| self.objects[*place].watched.name == name)
    }
}

impl Seen {
    fn is_same(&self, trouble: &Trouble) -> bool {
        self.trouble.cause == trouble.cause && self.trouble.container == trouble.container
    }

    /// A trouble that is seen now: since when depends on whether it was seen just before.
    fn again(before: Option<Self>, trouble: Trouble, now: Instant) -> Self {
        let since = before.filter(|before| before.is_same(&trouble)).map_or(now, |before| before.since);
        Self { trouble, since }
    }
}

/// A Deployment says in a condition that its pods are refused.
fn refused_replicas(object: &DynamicObject) -> Option<Trouble> {
    let conditions = object.data["status"]["conditions"].as_array()?;
    let failing = conditions.iter().find(|one| one["type"] == "ReplicaFailure" && one["status"] == "True")?;
    Some(refused(failing["message"].as_str().unwrap_or_default().to_owned()))
}

fn refused(message: String) -> Trouble {
    Trouble {
        cause: Cause::Refused,
        container: None,
        reason: "FailedCreate".to_owned(),
        message,
        patience: Patience::For(MAKING_PATIENCE),
    }
}

/// What a list in progress knows an object by.
fn key(subject: &Subject, object: &DynamicObject) -> String {
    match subject {
        Subject::Objects(_) => object.metadata.name.clone().unwrap_or_default(),
        _ => uid(object),
    }
}

fn uid(object: &DynamicObject) -> String {
    object.metadata.uid.clone().unwrap_or_default()
}
