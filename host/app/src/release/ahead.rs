//! Building, with the image's blobs on their way to the repository before the build has ended.
//!
//! That is harmless: the tagging policy answered before anything is built, a blob that no manifest names is nothing that
//! anybody could pull, and registries forget such blobs in time. Manifest and tags are steps of their own, after the
//! build's fact. A host that dies in between sends again what is not there yet.

use std::{
    convert::Infallible,
    future,
    path::Path,
    pin::pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::{StreamExt as _, stream};
use plimsoll_core::{
    fact::Entry,
    ports::{
        Activity, BlobNews, BuildRequest, BuiltImage, ImageBuilder, ImageRepository, PortFailure, Progress,
        PushReport,
    },
    release::Step,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Blobs on their way at the same time.
const SIDE_BY_SIDE: usize = 4;

/// Builds, and sends what is known of the image meanwhile; answers what was sent. What could not be sent is left to the
/// push, which says why.
pub(super) async fn build(
    builder: &dyn ImageBuilder,
    repository: &dyn ImageRepository,
    request: &BuildRequest,
    progress: &dyn Progress,
) -> Result<(BuiltImage, PushReport), PortFailure> {
    let (tell, told) = unbounded_channel();
    let building = async {
        // Dropped with the build's end, which ends the sending.
        let watcher = Watcher { progress, tell };
        builder.build(request, &watcher).await
    };
    let sender = Sender {
        repository,
        progress,
        layout: &request.layout,
        gave_up: false.into(),
        sent: Mutex::default(),
    };
    let mut sending = pin!(sender.send(told));
    let for_ever = async {
        sending.as_mut().await;
        future::pending::<Infallible>().await
    };
    let built = tokio::select! {
        biased;
        built = building => built?,
        never = for_ever => match never {},
    };
    sending.await;
    let sent = *sender.sent.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((built, sent))
}

struct Sender<'a> {
    repository: &'a dyn ImageRepository,
    progress: &'a dyn Progress,
    layout: &'a Path,
    gave_up: AtomicBool,
    sent: Mutex<PushReport>,
}

impl Sender<'_> {
    async fn send(&self, told: UnboundedReceiver<BlobNews>) {
        let told = stream::unfold(told, |mut told| async { Some((told.recv().await?, told)) });
        told.for_each_concurrent(SIDE_BY_SIDE, |news| self.send_one(news)).await;
    }

    async fn send_one(&self, news: BlobNews) {
        if self.gave_up.load(Ordering::Relaxed) {
            return;
        }
        let sent = match &news {
            BlobNews::Present(digest) => self.repository.push_blob(self.layout, digest, self.progress).await,
            BlobNews::Growing(blob) => self.repository.push_growing(blob, self.progress).await,
        };
        match sent {
            Ok(report) => {
                let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
                *sent = *sent + report;
            }
            Err(error) => {
                tracing::debug!(%error, "blobs are not sent ahead of the image");
                self.gave_up.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// Passes everything on, and takes the news of blobs.
struct Watcher<'a> {
    progress: &'a dyn Progress,
    tell: UnboundedSender<BlobNews>,
}

impl Progress for Watcher<'_> {
    fn known(&self, entries: &[Entry]) {
        self.progress.known(entries);
    }

    fn starting(&self, step: &Step) {
        self.progress.starting(step);
    }

    fn performed(&self, step: &Step) {
        self.progress.performed(step);
    }

    fn recorded(&self, entry: &Entry) {
        self.progress.recorded(entry);
    }

    fn blob(&self, news: BlobNews) {
        self.progress.blob(news.clone());
        // Nobody listens when the build was given up.
        let _ = self.tell.send(news);
    }

    fn activity(&self, activity: Activity<'_>) {
        self.progress.activity(activity);
    }
}
