//! Making objects that are not there, before anything that runs is touched. The cluster refuses some of them or none; when it
//! does, those that it took are taken away again.

use futures_util::FutureExt as _;
use plimsoll_core::ports::{Activity, Progress};

use super::{
    apply::{apply_together, stages, watch},
    error::KubernetesError,
    objects::Placed,
    record::Record,
    requests::some_at_a_time,
    rollout::Watched,
    session::Session,
};

/// Why new objects are not there.
pub(super) enum NotMade {
    /// The cluster refused some, and all is as it was.
    Undone(KubernetesError),
    /// The cluster could not be asked any more, or did not let go of what it had taken.
    Left(KubernetesError),
}

/// Writes the record, so that whatever happens is known, and makes the objects; what has to be watched of them.
pub(super) async fn make(
    session: &Session<'_>,
    new: &[&Placed],
    record: &Record,
    progress: &dyn Progress,
) -> Result<Vec<Watched>, NotMade> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    session.write(record).await.map_err(NotMade::Undone)?;
    let (mut made, mut refusals) = (Vec::new(), Vec::new());
    for (_, objects) in stages(session, new.iter().copied()) {
        let together = apply_together(session, &objects).await.map_err(NotMade::Left)?;
        made.extend(together.applied);
        refusals.extend(together.refusals);
    }
    if refusals.is_empty() {
        for (one, _) in &made {
            progress.activity(Activity::Line(&format!("applied {}", one.manifest.key())));
        }
        return Ok(made.iter().map(|(one, live)| watch(one, live)).collect());
    }
    let refused = KubernetesError::Refused { refusals };
    let removals = made.iter().rev().map(|(one, live)| {
        let uid = live["metadata"]["uid"].as_str().map(str::to_owned);
        async move { session.objects.remove(&one.kind, &one.manifest.key(), uid).await }.boxed()
    });
    let all_gone = some_at_a_time(removals).await.iter().all(Result::is_ok);
    Err(if all_gone { NotMade::Undone(refused) } else { NotMade::Left(refused) })
}
