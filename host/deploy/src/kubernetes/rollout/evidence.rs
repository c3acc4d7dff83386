//! Finding out why, once the waiting is over: the last lines of logs, and events.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::Event;
use kube::{Api, Client, api::ListParams};

use super::{
    error::Failure,
    logs::{Log, tail},
    pods::Patience,
    state::{State, Tracked},
    status::Status,
    text,
    verdict::Found,
};

/// How many objects are looked into; the others are named only.
const OBJECTS: usize = 10;

/// How many different troubles are told of one object: fifty pods have the same one.
const TROUBLES: usize = 3;

/// How many events are shown of each thing.
const EVENTS: usize = 3;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How many objects are looked into at a time.
const AT_A_TIME: usize = 4;

/// Everything that is not done, and why. When something failed, what is merely on its way is not to blame and is left out.
pub(super) async fn failures(client: &Client, state: &State<'_>, failed: bool) -> Vec<Failure> {
    let mut troubles = state.troubles();
    let blamed: Vec<_> = state
        .objects
        .iter()
        .enumerate()
        .filter(|(_, tracked)| !tracked.is_done())
        .map(|(place, tracked)| (tracked, distinct(troubles.remove(&place).unwrap_or_default())))
        .filter(|(tracked, found)| !failed || is_to_blame(tracked, found))
        .collect();
    let looked_into = blamed.into_iter().enumerate().map(|(rank, (tracked, found))| async move {
        let evidence = if rank < OBJECTS { evidence(client, tracked, &found).await } else { Vec::new() };
        Failure { object: tracked.watched.to_string(), reasons: reasons(tracked, &found), evidence }
    });
    // Futures that borrow have to be boxed for the stream to hold them whatever their lifetime.
    let looked_into: Vec<futures_util::future::BoxFuture<'_, Failure>> =
        looked_into.map(|future| Box::pin(future) as futures_util::future::BoxFuture<'_, Failure>).collect();
    stream::iter(looked_into).buffered(AT_A_TIME).collect().await
}

fn is_to_blame(tracked: &Tracked, found: &[Found<'_>]) -> bool {
    matches!(tracked.status, Status::Failed(_))
        || found.iter().any(|found| found.seen.trouble.patience != Patience::Usual)
}

/// The first of each kind of trouble, the telling ones before the usual ones.
fn distinct(mut found: Vec<Found<'_>>) -> Vec<Found<'_>> {
    found.sort_by_key(|found| found.seen.trouble.patience == Patience::Usual);
    let mut distinct: Vec<Found<'_>> = Vec::new();
    for one in found {
        if !distinct.iter().any(|other| {
            other.seen.trouble.cause == one.seen.trouble.cause
                && other.seen.trouble.container == one.seen.trouble.container
        }) {
            distinct.push(one);
        }
    }
    distinct.truncate(TROUBLES);
    distinct
}

fn reasons(tracked: &Tracked, found: &[Found<'_>]) -> Vec<String> {
    let own = match &tracked.status {
        Status::Progressing(text) | Status::Failed(text) => Some(text::line(text)),
        Status::Done(_) => None,
    };
    own.into_iter().chain(found.iter().map(|found| text::line(&found.text()))).collect()
}

/// What can be found out about one object.
async fn evidence(client: &Client, tracked: &Tracked, found: &[Found<'_>]) -> Vec<String> {
    let mut evidence = Vec::new();
    if let (Some(uid), Some(namespace)) = (&tracked.uid, &tracked.watched.namespace) {
        evidence.extend(events(client, namespace, &format!("involvedObject.uid={uid}")).await);
    }
    let mut asked = Vec::new();
    for found in found {
        let Some(pod) = found.pod else { continue };
        if !asked.contains(&&pod.name) {
            asked.push(&pod.name);
            let about = format!("involvedObject.kind=Pod,involvedObject.name={}", pod.name);
            evidence.extend(events(client, &pod.namespace, &about).await);
        }
        if let (Some(which), Some(container)) =
            (found.seen.trouble.cause.log(), &found.seen.trouble.container)
        {
            evidence.extend(log(client, &pod.namespace, &pod.name, container, which).await);
        }
    }
    evidence
}

/// The last warnings about something.
async fn events(client: &Client, namespace: &str, about: &str) -> Vec<String> {
    let api: Api<Event> = Api::namespaced(client.clone(), namespace);
    let parameters = ListParams::default().fields(&format!("{about},type=Warning"));
    // Events only add to what is known: without them the reasons still stand.
    let Ok(Ok(list)) = tokio::time::timeout(LIMIT, api.list(&parameters)).await else { return Vec::new() };
    let mut events = list.items;
    events.sort_by_key(|event| {
        let last = event.last_timestamp.clone().map(|time| time.0);
        last.or_else(|| event.event_time.clone().map(|time| time.0))
    });
    let kept = events.len().saturating_sub(EVENTS);
    events.drain(..kept);
    events.iter().map(event_line).collect()
}

fn event_line(event: &Event) -> String {
    let reason = event.reason.as_deref().unwrap_or("Warning");
    let message = text::line(event.message.as_deref().unwrap_or_default());
    match event.count {
        Some(count) if count > 1 => format!("event {reason}: {message} ({count} times)"),
        _ => format!("event {reason}: {message}"),
    }
}

/// The last lines of a container's log, or why there are none.
async fn log(client: &Client, namespace: &str, pod: &str, container: &str, which: Log) -> Vec<String> {
    let mut said = tail(client, namespace, pod, container, which).await;
    if said.is_err() && which == Log::Previous {
        said = tail(client, namespace, pod, container, Log::Current).await;
    }
    match said {
        Ok(lines) if lines.is_empty() => vec![format!("container {container} of pod {pod} wrote nothing")],
        Ok(lines) => {
            let head = format!("the last lines of container {container} of pod {pod}:");
            [head].into_iter().chain(lines.into_iter().map(|line| format!("| {line}"))).collect()
        }
        Err(why) => vec![format!("the log of container {container} of pod {pod} cannot be had: {why}")],
    }
}
