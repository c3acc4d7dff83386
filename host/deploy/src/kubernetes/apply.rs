//! Applying objects, stage by stage.

use std::time::Duration;

use futures_util::FutureExt as _;
use kube::Error;
use plimsoll_core::ports::{Activity, Progress};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    error::KubernetesError,
    objects::{Manner, Placed},
    order::{Stage, stage},
    record::Record,
    refusal::Refusal,
    requests::some_at_a_time,
    rollout::Watched,
    session::Session,
};

/// How long a definition of custom resources may take to be in force.
const ESTABLISHED: Duration = Duration::from_secs(60);

/// How long to wait before looking again.
const AGAIN: Duration = Duration::from_millis(250);

/// The objects by stage, first things first; inside a stage in the order that they came in.
pub(super) fn stages<'a>(
    session: &Session<'_>,
    placed: impl IntoIterator<Item = &'a Placed>,
) -> Vec<(Stage, Vec<&'a Placed>)> {
    let mut stages: Vec<(Stage, Vec<&Placed>)> = Vec::new();
    for one in placed {
        let stage = stage(&one.manifest.kind, &session.options.image_paths);
        match stages.binary_search_by_key(&stage, |(known, _)| *known) {
            Ok(at) => stages[at].1.push(one),
            Err(at) => stages.insert(at, (stage, vec![one])),
        }
    }
    stages
}

/// Applies objects and says what has to be watched. The record, unless it is written already, is as soon as its namespace
/// is there.
pub(super) async fn apply(
    session: &Session<'_>,
    placed: impl IntoIterator<Item = &Placed>,
    mut record: Option<&Record>,
    progress: &dyn Progress,
) -> Result<Vec<Watched>, KubernetesError> {
    let mut watched = Vec::new();
    for (stage, objects) in stages(session, placed) {
        if stage > Stage::Namespaces
            && let Some(record) = record.take()
        {
            session.write(record).await?;
        }
        let Together { applied, refusals } = apply_together(session, &objects).await?;
        if !refusals.is_empty() {
            return Err(KubernetesError::Refused { refusals });
        }
        watched.extend(applied.iter().map(|(one, live)| watch(one, live)));
        for one in objects {
            progress.activity(Activity::Line(&format!("applied {}", one.manifest.key())));
            if stage == Stage::Definitions {
                established(session, one).await?;
            }
        }
    }
    Ok(watched)
}

/// What came of applying objects at the same time.
pub(super) struct Together<'a> {
    /// What was applied, and how it is then.
    pub(super) applied: Vec<(&'a Placed, Value)>,
    pub(super) refusals: Vec<Refusal>,
}

/// Applies objects at the same time.
pub(super) async fn apply_together<'a>(
    session: &Session<'_>,
    objects: &[&'a Placed],
) -> Result<Together<'a>, KubernetesError> {
    let manner = Manner { dry_run: false, force: session.options.force_conflicts };
    let answers =
        objects.iter().map(|&one| async move { (one, session.objects.apply(one, manner).await) }.boxed());
    let mut together = Together { applied: Vec::new(), refusals: Vec::new() };
    for (one, answer) in some_at_a_time(answers).await {
        match answer {
            Ok(live) => together.applied.push((one, live)),
            Err(error @ (Error::Service(_) | Error::HyperError(_))) => {
                return Err(session.refused(one.manifest.key(), &error));
            }
            Err(error) => {
                let origin = Some(one.manifest.origin.clone());
                together.refusals.push(Refusal::new(one.manifest.key(), origin, &error));
            }
        }
    }
    Ok(together)
}

/// What is to be watched of an object as the cluster answered it.
pub(super) fn watch(placed: &Placed, live: &Value) -> Watched {
    let key = placed.manifest.key();
    Watched {
        kind: placed.kind.resource.clone(),
        namespace: key.namespace,
        name: key.name,
        generation: live["metadata"]["generation"].as_i64(),
    }
}

/// Waits until a definition is in force.
async fn established(session: &Session<'_>, definition: &Placed) -> Result<(), KubernetesError> {
    let key = definition.manifest.key();
    let until = Instant::now() + ESTABLISHED;
    loop {
        let live = session.objects.get(&definition.kind, &key).await;
        let live = live.map_err(|error| session.refused(key.clone(), &error))?.unwrap_or_default();
        let conditions = live["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
        if conditions.iter().any(|one| one["type"] == "Established" && one["status"] == "True") {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(KubernetesError::NotEstablished { name: key.name, limit: ESTABLISHED });
        }
        sleep(AGAIN).await;
    }
}
