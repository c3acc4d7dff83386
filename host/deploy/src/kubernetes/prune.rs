//! Deleting objects that were applied once and are not in the manifests any more.
//!
//! What there may be is in the record, so nothing has to be searched. Each object is looked at before it is deleted: one that
//! does not bear our marks any more was taken over or made anew by somebody else, and is theirs.

use std::cmp::Reverse;

use futures_util::FutureExt as _;
use plimsoll_core::ports::{Activity, Progress};
use serde_json::Value;

use super::{order::stage, record::Identity, refusal::said, requests::some_at_a_time, session::Session};

/// Kinds that are never deleted: with them goes what cannot be brought back.
const NEVER: [&str; 4] =
    ["Namespace", "CustomResourceDefinition", "PersistentVolume", "PersistentVolumeClaim"];

/// Annotations with which a manifest asks for an object to stay, and what they say then: ours, and Helm's.
const KEEP: [(&str, &str); 2] = [("plimsoll.dev/prune", "never"), ("helm.sh/resource-policy", "keep")];

/// What is to become of an object that is not in the manifests any more.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// It is deleted; how it is now.
    Deleted(Box<Value>),
    /// It stays for good, and why.
    Stays(&'static str),
    /// It is not there, or not ours.
    Forgotten,
}

/// What is to become of an object that is there.
fn fate(session: &Session<'_>, object: &Identity, live: Option<Value>) -> Fate {
    let Some(live) = live.filter(|live| session.owner.owns(live)) else { return Fate::Forgotten };
    let annotations = &live["metadata"]["annotations"];
    if NEVER.contains(&object.kind.as_str()) {
        Fate::Stays("objects of this kind are never deleted, for what is in them would be lost")
    } else if KEEP.iter().any(|(name, says)| annotations[name] == *says) {
        Fate::Stays("an annotation asks for that")
    } else {
        Fate::Deleted(Box::new(live))
    }
}

/// Looks at an object that is not in the manifests any more.
pub(super) async fn look(session: &Session<'_>, object: &Identity) -> Result<Fate, kube::Error> {
    let Some(kind) = session.kinds.of(object) else { return Ok(Fate::Forgotten) };
    let live = session.objects.get(&kind, &object.key()).await?;
    Ok(fate(session, object, live))
}

/// Deletes objects, in the opposite order of applying; the ones that are still there, though they should not be.
pub(super) async fn prune(
    session: &Session<'_>,
    mut objects: Vec<Identity>,
    progress: &dyn Progress,
) -> Vec<Identity> {
    let stage_of = |object: &Identity| stage(&object.kind(), &session.options.image_paths);
    objects.sort_by_key(|object| Reverse(stage_of(object)));
    let mut left = Vec::new();
    for of_one_stage in objects.chunk_by(|one, other| stage_of(one) == stage_of(other)) {
        let fates =
            of_one_stage.iter().map(|object| async move { (object, delete(session, object).await) }.boxed());
        for (object, fate) in some_at_a_time(fates).await {
            let key = object.key();
            match fate {
                Ok(Fate::Deleted(_)) => progress.activity(Activity::Line(&format!("deleted {key}"))),
                Ok(Fate::Stays(why)) => {
                    progress.activity(Activity::Warning(&format!(
                        "{key} is gone from the manifests and stays: {why}"
                    )));
                }
                Ok(Fate::Forgotten) => {}
                Err(error) => {
                    let text = format!(
                        "{key} is gone from the manifests and could not be deleted: {}",
                        said(&error)
                    );
                    progress.activity(Activity::Warning(&text));
                    left.push(object.clone());
                }
            }
        }
    }
    left
}

async fn delete(session: &Session<'_>, object: &Identity) -> Result<Fate, kube::Error> {
    let fate = look(session, object).await?;
    if let (Fate::Deleted(live), Some(kind)) = (&fate, session.kinds.of(object)) {
        let uid = live["metadata"]["uid"].as_str().map(str::to_owned);
        session.objects.remove(&kind, &object.key(), uid).await?;
    }
    Ok(fate)
}
