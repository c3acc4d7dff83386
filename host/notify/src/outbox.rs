//! What waits to be delivered over one channel.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::event::Event;

/// How many events may wait.
const CAPACITY: usize = 256;
/// How many events a warning lists.
const MOST_LISTED: usize = 5;
/// How many warnings are kept.
const MOST_WARNINGS: usize = 20;

/// A bounded queue with one reader, that remembers what went wrong.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// The channel's name, for people; no secret is in it.
    channel: String,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Arc<Event>>,
    closed: bool,
    /// Events that found no room.
    overflowed: usize,
    /// What the receiver answered last, when that was no success.
    problem: Option<String>,
    warnings: Vec<String>,
}

impl Outbox {
    pub(crate) fn new(channel: String) -> Self {
        Self { channel, state: Mutex::default(), changed: Notify::new() }
    }

    /// Puts an event at the end, if there is room.
    pub(crate) fn offer(&self, event: Arc<Event>) {
        let mut state = self.state();
        if state.closed || state.waiting.len() >= CAPACITY {
            state.overflowed += 1;
            return;
        }
        state.waiting.push_back(event);
        drop(state);
        self.changed.notify_one();
    }

    /// The first event, which stays until it is [`settled`](Self::settle); `None` once all are and no more come.
    pub(crate) async fn next(&self) -> Option<Arc<Event>> {
        loop {
            {
                let state = self.state();
                if let Some(event) = state.waiting.front() {
                    return Some(event.clone());
                }
                if state.closed {
                    return None;
                }
            }
            // A change since the look above is kept for this wait.
            self.changed.notified().await;
        }
    }

    /// The first event is dealt with.
    pub(crate) fn settle(&self) {
        let mut state = self.state();
        state.waiting.pop_front();
        state.problem = None;
    }

    /// No more events come.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_one();
    }

    /// What stands in the way of the first event at the moment.
    pub(crate) fn trouble(&self, problem: &str) {
        self.state().problem = Some(problem.to_owned());
    }

    /// Something people should know. The same thing is said once.
    pub(crate) fn warn(&self, text: &str) {
        let warning = format!("{}: {text}", self.channel);
        let mut state = self.state();
        if state.warnings.len() < MOST_WARNINGS && !state.warnings.contains(&warning) {
            state.warnings.push(warning);
        }
    }

    /// What people should know now that it is over.
    pub(crate) fn report(&self) -> Vec<String> {
        let state = self.state();
        let mut report = state.warnings.clone();
        if !state.waiting.is_empty() {
            let labels: Vec<String> =
                state.waiting.iter().take(MOST_LISTED).map(|event| event.label()).collect();
            let more = if state.waiting.len() > MOST_LISTED { ", ..." } else { "" };
            let why = state.problem.as_deref().unwrap_or("there was no answer in time");
            let count = counted(state.waiting.len());
            report.push(format!(
                "{}: {count} not delivered ({}{more}): {why}",
                self.channel,
                labels.join(", ")
            ));
        }
        if state.overflowed > 0 {
            let count = counted(state.overflowed);
            report.push(format!("{}: {count} left out, for {CAPACITY} were waiting already", self.channel));
        }
        report
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn counted(count: usize) -> String {
    if count == 1 { "1 event was".to_owned() } else { format!("{count} events were") }
}
