//! A watch that survives: dropped connections, restarts of the API server, versions that are gone, and busy servers.

use std::time::Duration;

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use kube::{
    Api, Error,
    core::{DynamicObject, Status},
    runtime::watcher::{self, Config, Event, watcher},
};

use super::text::with_causes;

/// How often in a row the server has to say that this is not allowed. While it starts, it says so of what is allowed.
const REFUSALS: u32 = 4;

/// The pauses after failures grow from the first to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The longest pause that a busy server may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(30);

/// How long a list may take: a little more than servers give themselves.
const LISTING: Duration = Duration::from_secs(65);

/// How long nothing may happen before everything is listed again: a connection may be dead without anybody telling.
const SILENCE: Duration = Duration::from_secs(240);

/// What is heard from a feed.
#[derive(Debug)]
pub(super) enum Heard {
    /// Something about the objects.
    Event(Box<Event<DynamicObject>>),
    /// It is interrupted and goes on by itself: why.
    Interrupted(String),
    /// This may not be watched: what the server says. Nothing follows.
    Refused(String),
}

struct Feed {
    api: Api<DynamicObject>,
    config: Config,
    events: BoxStream<'static, watcher::Result<Event<DynamicObject>>>,
    listing: bool,
    failures: u32,
    refusals: u32,
    pause: Duration,
    ended: bool,
}

/// Follows objects: a list first, then every change.
pub(super) fn follow(api: Api<DynamicObject>, config: Config) -> BoxStream<'static, Heard> {
    let events = watcher(api.clone(), config.clone()).boxed();
    let feed = Feed {
        api,
        config,
        events,
        listing: true,
        failures: 0,
        refusals: 0,
        pause: Duration::ZERO,
        ended: false,
    };
    stream::unfold(feed, |mut feed| async {
        if feed.ended {
            return None;
        }
        let heard = feed.next().await;
        Some((heard, feed))
    })
    .boxed()
}

impl Feed {
    async fn next(&mut self) -> Heard {
        tokio::time::sleep(std::mem::take(&mut self.pause)).await;
        loop {
            let limit = if self.listing { LISTING } else { SILENCE };
            match tokio::time::timeout(limit, self.events.next()).await {
                Ok(Some(Ok(event))) => return self.heard(event),
                Ok(Some(Err(error))) => return self.failed(&error),
                Err(_) if self.listing => {
                    self.start_over();
                    return Heard::Interrupted("the API server does not answer".to_owned());
                }
                Ok(None) | Err(_) => self.start_over(),
            }
        }
    }

    fn heard(&mut self, event: Event<DynamicObject>) -> Heard {
        match event {
            // It is told before anything is asked.
            Event::Init => self.listing = true,
            Event::InitDone => (self.listing, self.failures, self.refusals) = (false, 0, 0),
            _ => {}
        }
        Heard::Event(Box::new(event))
    }

    /// Whatever it was, a new list tells where things are. It is also the only cure for a version that is gone: when the
    /// answer itself says so, and not an event in it, the library would ask for the same version for ever.
    fn failed(&mut self, error: &watcher::Error) -> Heard {
        self.start_over();
        let (code, asked) = answer(error);
        self.pause = (FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(10)))
            .min(LONGEST_PAUSE)
            .max(asked.min(LONGEST_ASKED));
        self.failures += 1;
        self.refusals = if matches!(code, 401 | 403) { self.refusals + 1 } else { 0 };
        self.ended = self.refusals >= REFUSALS;
        if self.ended { Heard::Refused(said(error)) } else { Heard::Interrupted(said(error)) }
    }

    fn start_over(&mut self) {
        self.events = watcher(self.api.clone(), self.config.clone()).boxed();
        self.listing = true;
    }
}

/// The status in an error, when the server gave one.
fn status(error: &watcher::Error) -> Option<&Status> {
    match error {
        watcher::Error::InitialListFailed(Error::Api(status))
        | watcher::Error::WatchStartFailed(Error::Api(status))
        | watcher::Error::WatchFailed(Error::Api(status))
        | watcher::Error::WatchError(status) => Some(status),
        _ => None,
    }
}

/// The code that the server answered, 0 without an answer, and the pause that it asks for.
fn answer(error: &watcher::Error) -> (u16, Duration) {
    status(error).map_or((0, Duration::ZERO), |status| {
        let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
        (status.code, Duration::from_secs(seconds.into()))
    })
}

/// What the server said; without an answer, the error and its causes.
fn said(error: &watcher::Error) -> String {
    let message = status(error).map(|status| status.message.clone()).filter(|message| !message.is_empty());
    message.unwrap_or_else(|| with_causes(error))
}
