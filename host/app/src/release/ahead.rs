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
    digest::Digest,
    fact::Entry,
    ports::{
        Activity, BuildRequest, BuiltImage, ImageBuilder, ImageRepository, PortFailure, Progress, PushReport,
    },
    release::Step,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Blobs on their way at the same time.
const SIDE_BY_SIDE: usize = 4;

/// Builds, and sends the layers that are complete meanwhile; answers what was sent. What could not be sent is left to the
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
    async fn send(&self, told: UnboundedReceiver<Digest>) {
        let told = stream::unfold(told, |mut told| async { Some((told.recv().await?, told)) });
        told.for_each_concurrent(SIDE_BY_SIDE, |digest| self.send_one(digest)).await;
    }

    async fn send_one(&self, digest: Digest) {
        if self.gave_up.load(Ordering::Relaxed) {
            return;
        }
        match self.repository.push_blob(self.layout, &digest, self.progress).await {
            Ok(report) => {
                let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
                *sent = *sent + report;
            }
            // The push meets the same obstacle, and says what it is.
            Err(_) => self.gave_up.store(true, Ordering::Relaxed),
        }
    }
}

/// Passes everything on, and takes the news of blobs.
struct Watcher<'a> {
    progress: &'a dyn Progress,
    tell: UnboundedSender<Digest>,
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

    fn blob(&self, digest: &Digest) {
        self.progress.blob(digest);
        // Nobody listens when the build was given up.
        let _ = self.tell.send(*digest);
    }

    fn activity(&self, activity: Activity<'_>) {
        self.progress.activity(activity);
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use async_trait::async_trait;
    use plimsoll_core::{
        names::Tag,
        ports::{Compression, FailureClass, Platform, Silent},
    };
    use tokio::sync::Notify;

    use super::*;

    /// A builder that ends once somebody has taken its first layer.
    struct Builder {
        taken: Arc<Notify>,
        fails: bool,
    }

    #[async_trait]
    impl ImageBuilder for Builder {
        async fn build(&self, _: &BuildRequest, progress: &dyn Progress) -> Result<BuiltImage, PortFailure> {
            progress.blob(&Digest::of(b"layer"));
            self.taken.notified().await;
            if self.fails {
                return Err(PortFailure::new(FailureClass::User, "a mistake in the Dockerfile"));
            }
            Ok(BuiltImage { digest: Digest::of(b"image"), size: 7, bases: Vec::new() })
        }
    }

    /// A repository that takes what is sent ahead, or refuses everything, or never comes to an end.
    enum Repository {
        Takes(Arc<Notify>),
        Refuses(Arc<Notify>),
        Hangs(Arc<Notify>),
    }

    #[async_trait]
    impl ImageRepository for Repository {
        async fn push(&self, _: &Path, _: &Digest, _: &dyn Progress) -> Result<PushReport, PortFailure> {
            unreachable!("nothing here pushes an image")
        }

        async fn push_blob(&self, _: &Path, _: &Digest, _: &dyn Progress) -> Result<PushReport, PortFailure> {
            let (Self::Takes(taken) | Self::Refuses(taken) | Self::Hangs(taken)) = self;
            taken.notify_one();
            match self {
                Self::Takes(_) => Ok(PushReport::sent(7)),
                Self::Refuses(_) => Err(PortFailure::new(FailureClass::Outside, "no")),
                Self::Hangs(_) => future::pending().await,
            }
        }

        async fn resolve(&self, _: &Tag) -> Result<Option<Digest>, PortFailure> {
            Ok(None)
        }

        async fn set_tag(&self, _: &Tag, _: &Digest) -> Result<(), PortFailure> {
            unreachable!("nothing here sets a tag")
        }

        async fn tags(&self) -> Result<Vec<String>, PortFailure> {
            Ok(Vec::new())
        }

        async fn labels(&self, _: &Digest) -> Result<Option<BTreeMap<String, String>>, PortFailure> {
            Ok(None)
        }
    }

    fn request() -> BuildRequest {
        BuildRequest {
            context: "context".into(),
            dockerfile: "Dockerfile".into(),
            build_arguments: BTreeMap::new(),
            target: None,
            platforms: Platform::new("linux", "amd64", None).into(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            timestamp: 0,
            compression: Compression::Gzip,
            layout: "layout".into(),
        }
    }

    #[tokio::test]
    async fn a_layer_is_sent_before_its_build_has_ended() {
        let taken = Arc::new(Notify::new());
        let builder = Builder { taken: Arc::clone(&taken), fails: false };
        // The build would wait for ever if nobody took its layer meanwhile.
        let (built, sent) = build(&builder, &Repository::Takes(taken), &request(), &Silent).await.unwrap();
        assert_eq!(built.digest, Digest::of(b"image"));
        assert_eq!((sent.blobs_sent, sent.bytes_sent), (1, 7));
    }

    #[tokio::test]
    async fn a_repository_that_refuses_is_left_to_the_push() {
        let taken = Arc::new(Notify::new());
        let builder = Builder { taken: Arc::clone(&taken), fails: false };
        let (_, sent) = build(&builder, &Repository::Refuses(taken), &request(), &Silent).await.unwrap();
        assert_eq!(sent, PushReport::default());
    }

    #[tokio::test]
    async fn a_build_that_fails_waits_for_nobody() {
        let taken = Arc::new(Notify::new());
        let builder = Builder { taken: Arc::clone(&taken), fails: true };
        let failed = build(&builder, &Repository::Hangs(taken), &request(), &Silent).await;
        assert_eq!(failed.unwrap_err().to_string(), "a mistake in the Dockerfile");
    }
}
