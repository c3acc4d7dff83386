//! The waiting itself.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream::SelectAll};
use k8s_openapi::api::{
    apps::v1::ReplicaSet,
    core::v1::{Event as CoreEvent, Pod},
};
use kube::{
    Api, Client, Resource,
    core::{ApiResource, DynamicObject},
    runtime::watcher::{Config, Event},
};
use plimsoll_core::ports::{Activity, Progress};
use tokio::time::Instant;

use super::{
    RolloutError, RolloutOptions, Watched, evidence,
    feed::{Heard, follow},
    groups::{api, groups},
    pods::Patience,
    state::{State, Subject},
    status::Status,
    text,
};

/// How long to look on after the first failure: what else fails is told along with it.
const SETTLING: Duration = Duration::from_secs(2);

/// Waits until everything is healthy, and tells how far it is.
///
/// # Errors
/// An object failed or never became healthy, or the cluster does not let this user look.
pub(crate) async fn watch(
    client: &Client,
    watched: &[Watched],
    options: &RolloutOptions,
    progress: &dyn Progress,
) -> Result<(), RolloutError> {
    let mut watching = Watching {
        client,
        state: State::new(watched, &options.ready_when),
        feeds: SelectAll::new(),
        subjects: Vec::new(),
        unseen: HashSet::new(),
        looked_at: HashSet::new(),
        interruptions: HashMap::new(),
        told: Told::default(),
        progress,
    };
    for group in groups(watched, &options.ready_when) {
        let (api, selector) = (group.api(client), group.selector(watched));
        watching.unseen.insert(watching.subjects.len());
        watching.add(api, selector, Subject::Objects(group));
    }
    let end = Instant::now() + options.timeout;
    let over = watching.run(end).await?;
    let state = &watching.state;
    match over {
        Over::Done => Ok(()),
        Over::Failed => Err(RolloutError::Failed { failures: evidence::failures(client, state, true).await }),
        Over::TimedOut => Err(RolloutError::TimedOut {
            limit: options.timeout,
            failures: evidence::failures(client, state, false).await,
            interruption: watching.interruptions.into_values().next(),
        }),
    }
}

/// How the waiting ended.
enum Over {
    Done,
    Failed,
    TimedOut,
}

struct Watching<'a> {
    client: &'a Client,
    state: State<'a>,
    feeds: SelectAll<futures_util::stream::BoxStream<'static, (usize, Heard)>>,
    /// What each feed is about.
    subjects: Vec<Subject>,
    /// Feeds of objects whose first list is not complete.
    unseen: HashSet<usize>,
    /// Namespaces whose pods are followed.
    looked_at: HashSet<String>,
    /// Feeds that are interrupted at present, and why.
    interruptions: HashMap<usize, String>,
    told: Told,
    progress: &'a dyn Progress,
}

impl Watching<'_> {
    /// Follows a kind of objects.
    fn add(&mut self, api: Api<DynamicObject>, fields: Option<String>, subject: Subject) {
        let feed = self.subjects.len();
        let config = Config { field_selector: fields, ..Config::default() };
        self.subjects.push(subject);
        self.feeds.push(follow(api, config).map(move |heard| (feed, heard)).boxed());
    }

    async fn run(&mut self, end: Instant) -> Result<Over, RolloutError> {
        let mut failing_since = None;
        loop {
            if self.unseen.is_empty() {
                if self.state.is_done() {
                    self.told.tell(&self.state, self.progress);
                    return Ok(Over::Done);
                }
                self.follow_pods();
                self.told.tell(&self.state, self.progress);
            }
            let now = Instant::now();
            // While the cluster is away, nobody knows whether a trouble goes on.
            let due = self.state.failure_due(now).filter(|_| self.interruptions.is_empty());
            failing_since = due.filter(|due| *due <= now).map(|_| failing_since.unwrap_or(now));
            let wake = match failing_since {
                Some(since) => since + SETTLING,
                None => due.unwrap_or(end),
            };
            if failing_since.is_some() && wake.min(end) <= now {
                return Ok(Over::Failed);
            }
            if now >= end {
                return Ok(Over::TimedOut);
            }
            tokio::select! {
                Some((feed, heard)) = self.feeds.next() => self.hear(feed, heard)?,
                () = tokio::time::sleep_until(wake.min(end)) => {}
            }
            // What is there already is taken in together, so that it is looked at once.
            while let Some(Some((feed, heard))) = self.feeds.next().now_or_never() {
                self.hear(feed, heard)?;
            }
        }
    }

    /// Follows what tells more about workloads that are not done.
    fn follow_pods(&mut self) {
        for namespace in self.state.unfinished_namespaces() {
            if !self.looked_at.insert(namespace.clone()) {
                continue;
            }
            let (client, within) = (self.client, Some(namespace.as_str()));
            let has_deployments = self.state.objects.iter().any(|tracked| {
                tracked.watched.kind.kind == "Deployment" && tracked.watched.namespace.as_deref() == within
            });
            self.add(api(client, within, &erased::<Pod>()), None, Subject::Pods(namespace.clone()));
            if has_deployments {
                let sets = Subject::ReplicaSets(namespace.clone());
                self.add(api(client, within, &erased::<ReplicaSet>()), None, sets);
            }
            let refusals = Some("reason=FailedCreate".to_owned());
            self.add(api(client, within, &erased::<CoreEvent>()), refusals, Subject::Refusals);
        }
    }

    fn hear(&mut self, feed: usize, heard: Heard) -> Result<(), RolloutError> {
        match heard {
            Heard::Event(event) => {
                if matches!(*event, Event::InitDone) {
                    self.unseen.remove(&feed);
                    self.interruptions.remove(&feed);
                    self.told.connection(self.interruptions.is_empty(), None, self.progress);
                }
                self.state.take(feed, &self.subjects[feed], *event, Instant::now());
            }
            Heard::Interrupted(why) => {
                self.told.connection(false, Some(&why), self.progress);
                self.interruptions.insert(feed, why);
            }
            Heard::Refused(said) => match &self.subjects[feed] {
                Subject::Objects(group) => {
                    let place =
                        group.namespace.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
                    return Err(RolloutError::Refused {
                        what: format!("{}{place}", group.kind.plural),
                        said,
                    });
                }
                // The objects themselves still tell when they are done, only not why they are not.
                _ => {
                    self.interruptions.remove(&feed);
                    let warning =
                        format!("why something is not healthy cannot be seen: {}", text::line(&said));
                    self.progress.activity(Activity::Warning(&warning));
                }
            },
        }
        Ok(())
    }
}

fn erased<K: Resource<DynamicType = ()>>() -> ApiResource {
    ApiResource::erase::<K>(&())
}

/// What people were told already.
#[derive(Default)]
struct Told {
    statuses: HashMap<usize, Status>,
    troubles: HashSet<(usize, Option<String>, String)>,
    interrupted: bool,
}

impl Told {
    /// Tells what has changed.
    fn tell(&mut self, state: &State<'_>, progress: &dyn Progress) {
        for (place, tracked) in state.objects.iter().enumerate() {
            let (object, status) = (&tracked.watched, &tracked.status);
            // What was healthy from the beginning is no news.
            let is_news = match self.statuses.get(&place) {
                Some(told) => told != status,
                None => *status != Status::Done(None),
            };
            if !is_news {
                continue;
            }
            self.statuses.insert(place, status.clone());
            match status {
                Status::Progressing(text) | Status::Failed(text) => {
                    progress.activity(Activity::Line(&format!("{object}: {}", text::line(text))));
                }
                Status::Done(None) => progress.activity(Activity::Line(&format!("{object}: done"))),
                Status::Done(Some(note)) => {
                    progress.activity(Activity::Warning(&format!("{object}: done; {note}")));
                }
            }
        }
        for (place, found) in
            state.troubles().into_iter().flat_map(|(place, all)| all.into_iter().map(move |one| (place, one)))
        {
            let trouble = &found.seen.trouble;
            let key = (place, trouble.container.clone(), trouble.reason.clone());
            if trouble.patience != Patience::Usual && self.troubles.insert(key) {
                let line = format!("{}: {}", state.objects[place].watched, text::line(&found.text()));
                progress.activity(Activity::Line(&line));
            }
        }
    }

    /// Tells once that the cluster is away, and once that it is back.
    fn connection(&mut self, whole: bool, why: Option<&str>, progress: &dyn Progress) {
        if let (Some(why), false) = (why, self.interrupted) {
            self.interrupted = true;
            let line = format!("watching the cluster is interrupted, and tried again: {}", text::line(why));
            progress.activity(Activity::Warning(&line));
        } else if whole && self.interrupted {
            self.interrupted = false;
            progress.activity(Activity::Line("the cluster can be watched again"));
        }
    }
}
