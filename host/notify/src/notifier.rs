//! The notifier: from facts to deliveries in the background.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use plimsoll_core::{fact::Entry, ports::Progress};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use crate::{
    client::{NotifyError, Patience, Sender},
    event::{Event, EventKind},
    fold::{Releases, UnknownRelease},
    github::{GitHub, GitHubOptions},
    outbox::Outbox,
    webhook::{Webhook, WebhookOptions},
};

/// Where events go.
#[derive(Clone)]
pub enum Channel {
    /// A webhook.
    Webhook(WebhookOptions),
    /// Commit statuses and deployments on GitHub.
    GitHub(GitHubOptions),
}

/// Watches facts and tells of them. [`Progress::recorded`] returns at once; each channel gets its events in order.
pub struct Notifier {
    releases: Mutex<Releases>,
    lines: Vec<Line>,
}

/// A channel that is being served.
struct Line {
    outbox: Arc<Outbox>,
    /// What it is told; `None`: everything.
    events: Option<Vec<EventKind>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

enum Receiver {
    Webhook(Webhook),
    GitHub(Box<GitHub>),
}

impl Notifier {
    /// Starts a task for each channel.
    ///
    /// # Errors
    /// A channel's address or token cannot be used.
    ///
    /// # Panics
    /// Outside of a tokio runtime, or where the process installed no provider for rustls.
    pub fn start(channels: Vec<Channel>, patience: Patience) -> Result<Self, NotifyError> {
        let opened = channels.into_iter().map(|channel| open(channel, patience));
        let opened = opened.collect::<Result<Vec<_>, _>>()?;
        let lines = opened.into_iter().map(|(receiver, name, events)| {
            let outbox = Arc::new(Outbox::new(name));
            let task = tokio::spawn(serve(receiver, Arc::clone(&outbox)));
            Line { outbox, events, task: Mutex::new(Some(task)) }
        });
        Ok(Self { releases: Mutex::default(), lines: lines.collect() })
    }

    /// Learns what happened to a release before: its facts, oldest first. Nothing is told of them. Facts of a release whose
    /// beginning is neither learnt nor seen cannot be told.
    pub fn learn(&self, entries: &[Entry]) {
        let mut releases = self.releases.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            // What is unknown here is complained about when something new comes.
            let _ = releases.take(entry);
        }
    }

    /// Waits until everything is delivered, at most this long, and says what people should know: what was refused, given up or
    /// is still waiting. Nothing is told any more after this.
    pub async fn finish(&self, longest: Duration) -> Vec<String> {
        let deadline = Instant::now() + longest;
        for line in &self.lines {
            line.outbox.close();
        }
        let mut report = Vec::new();
        for line in &self.lines {
            let task = line.task.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(mut task) = task
                && timeout_at(deadline, &mut task).await.is_err()
            {
                task.abort();
            }
            report.extend(line.outbox.report());
        }
        report
    }
}

impl Progress for Notifier {
    fn known(&self, entries: &[Entry]) {
        self.learn(entries);
    }

    fn recorded(&self, entry: &Entry) {
        // The lock is kept until the event is in every outbox, so that all have the same order.
        let mut releases = self.releases.lock().unwrap_or_else(PoisonError::into_inner);
        match releases.take(entry) {
            Ok(Some(event)) => {
                let event = Arc::new(event);
                for line in self.lines.iter().filter(|line| line.wants(&event)) {
                    line.outbox.offer(Arc::clone(&event));
                }
            }
            Ok(None) => {}
            Err(UnknownRelease(release)) => {
                for line in &self.lines {
                    line.outbox.warn(&format!("not told of {release}: how that release began is not known"));
                }
            }
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        for line in &self.lines {
            if let Some(task) = line.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
                task.abort();
            }
        }
    }
}

impl Line {
    fn wants(&self, event: &Event) -> bool {
        self.events.as_ref().is_none_or(|events| events.contains(&event.event))
    }
}

fn open(
    channel: Channel,
    patience: Patience,
) -> Result<(Receiver, String, Option<Vec<EventKind>>), NotifyError> {
    let sender = Sender::new(patience)?;
    match channel {
        Channel::Webhook(options) => {
            let events = options.events.clone();
            let (webhook, name) = Webhook::new(options, sender)?;
            Ok((Receiver::Webhook(webhook), name, Some(events)))
        }
        Channel::GitHub(options) => {
            let (github, name) = GitHub::new(&options, sender)?;
            Ok((Receiver::GitHub(Box::new(github)), name, None))
        }
    }
}

async fn serve(mut receiver: Receiver, outbox: Arc<Outbox>) {
    while let Some(event) = outbox.next().await {
        match &mut receiver {
            Receiver::Webhook(webhook) => webhook.deliver(&event, &outbox).await,
            Receiver::GitHub(github) => github.deliver(&event, &outbox).await,
        }
        outbox.settle();
    }
}
