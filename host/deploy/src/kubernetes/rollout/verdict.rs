//! Reading what is known: whether it is over, until when to wait, and what to tell.

use std::collections::HashMap;

use tokio::time::Instant;

use super::{
    pods::Patience,
    state::{Seen, SeenPod, State, Tracked},
    status::Status,
};

/// A trouble of one object.
#[derive(Clone, Copy)]
pub(super) struct Found<'s> {
    /// The pod that has it; none when it is the object's own.
    pub(super) pod: Option<&'s SeenPod>,
    pub(super) seen: &'s Seen,
}

impl Seen {
    /// When it counts as a failure.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.trouble.patience {
            Patience::For(patience) => Some(self.since + patience),
            Patience::Endless | Patience::Usual => None,
        }
    }
}

impl Found<'_> {
    /// Whose it is and what it is, in a line.
    pub(super) fn text(&self) -> String {
        let trouble = &self.seen.trouble;
        let mut text = String::new();
        if let Some(pod) = self.pod {
            text = format!("pod {}: ", pod.name);
        }
        if let Some(container) = &trouble.container {
            text.push_str(&format!("container {container}: "));
        }
        text.push_str(&trouble.reason);
        if !trouble.message.is_empty() {
            text.push_str(&format!(": {}", trouble.message));
        }
        text
    }
}

impl Tracked {
    pub(super) fn is_done(&self) -> bool {
        matches!(self.status, Status::Done(_))
    }
}

impl State<'_> {
    pub(super) fn is_done(&self) -> bool {
        self.objects.iter().all(Tracked::is_done)
    }

    /// The troubles of every object that is not done, by its place. Those of old revisions are not among them.
    pub(super) fn troubles(&self) -> HashMap<usize, Vec<Found<'_>>> {
        let mut troubles: HashMap<usize, Vec<Found<'_>>> = HashMap::new();
        let by_uid: HashMap<&str, usize> = self
            .objects
            .iter()
            .enumerate()
            .filter(|(_, tracked)| !tracked.is_done())
            .filter_map(|(place, tracked)| Some((tracked.uid.as_deref()?, place)))
            .collect();
        for place in by_uid.values().copied() {
            if let Some(seen) = &self.objects[place].trouble {
                troubles.entry(place).or_default().push(Found { pod: None, seen });
            }
        }
        for pod in self.pods.values().filter(|pod| !pod.troubles.is_empty()) {
            let Some(place) = self.owner_of(pod, &by_uid) else { continue };
            let found = pod.troubles.iter().map(|seen| Found { pod: Some(pod), seen });
            troubles.entry(place).or_default().extend(found);
        }
        for found in troubles.values_mut() {
            found.sort_by(|a, b| a.pod.map(|pod| &pod.name).cmp(&b.pod.map(|pod| &pod.name)));
        }
        troubles
    }

    /// The place of the object that a pod belongs to, when it is of the object's new revision.
    fn owner_of(&self, pod: &SeenPod, by_uid: &HashMap<&str, usize>) -> Option<usize> {
        if let Some(place) = by_uid.get(pod.owner.as_str()) {
            return self.objects[*place].revision.has_pod(&pod.labels).then_some(*place);
        }
        let set = self.replica_sets.get(&pod.owner)?;
        let place = by_uid.get(set.owner.as_deref()?)?;
        self.objects[*place].revision.has_replica_set(set.number.as_deref()).then_some(*place)
    }

    /// When the first trouble counts as a failure; now when an object has failed.
    pub(super) fn failure_due(&self, now: Instant) -> Option<Instant> {
        let has_failed = |tracked: &Tracked| matches!(tracked.status, Status::Failed(_));
        if self.objects.iter().any(has_failed) {
            return Some(now);
        }
        self.troubles().values().flatten().filter_map(|found| found.seen.due()).min()
    }

    /// The namespaces in which objects that run pods are not done.
    pub(super) fn unfinished_namespaces(&self) -> Vec<String> {
        let runs_pods = |tracked: &&Tracked| {
            matches!(tracked.watched.kind.group.as_str(), "apps" | "batch" | "") && !tracked.is_done()
        };
        let mut namespaces: Vec<_> = self
            .objects
            .iter()
            .filter(runs_pods)
            .filter_map(|tracked| tracked.watched.namespace.clone())
            .collect();
        namespaces.sort();
        namespaces.dedup();
        namespaces
    }
}
