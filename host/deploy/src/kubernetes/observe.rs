//! How an environment really is: what others changed, and whether it is healthy.
//!
//! The configuration that was applied is in the record. Applying it again in a dry run, over whoever owns a field now, gives
//! every object as Plimsoll would have it; where that differs from how it is, somebody else changed it.

use futures_util::FutureExt as _;
use plimsoll_core::ports::{Deployment, Observation};
use serde_json::Value;

use super::{
    apply::watch,
    error::KubernetesError,
    identity::FIELD_MANAGER,
    images::images_of,
    manifest::{Manifest, ObjectKey, Origin},
    objects::{Manner, Placed},
    options::KubernetesOptions,
    refusal::said,
    requests::some_at_a_time,
    rollout,
    session::Session,
    tidy::{Difference, differences, hide_secrets, is_secret, tidy},
};

/// How many differences of one object are told.
const TOLD: usize = 8;

/// How long a value may be that is told.
const LONGEST: usize = 120;

/// Looks at everything that was applied.
pub(super) async fn observe(
    options: &KubernetesOptions,
    deployment: &Deployment,
) -> Result<Observation, KubernetesError> {
    let mut session = Session::open(options, &deployment.repository).await?;
    let record = session.record().await?;
    let mut observation = Observation::default();
    let Some(configuration) = record.configuration(&deployment.release) else {
        let there = record.healthy.first().map_or_else(
            || "the cluster remembers no deployment".to_owned(),
            |newest| format!("the cluster remembers {} as the last deployment", newest.release),
        );
        observation.drift.push(format!("{there}, and not {}", deployment.release));
        return Ok(observation);
    };
    if let Some(newest) = record.healthy.first().filter(|newest| newest.release != deployment.release) {
        observation.drift.push(format!("{} was deployed after it", newest.release));
    }
    let origin = Origin { source: format!("the record of {}", configuration.release), line: 1 };
    let objects = configuration.objects.iter().cloned();
    let manifests = objects.filter_map(|object| Manifest::new(object, origin.clone()).ok()).collect();
    let placed = session.place(manifests)?;
    let looks = some_at_a_time(placed.iter().map(|one| look(&session, one, deployment).boxed())).await;
    let mut watched = Vec::new();
    for (one, look) in placed.iter().zip(looks) {
        let Look { live, drift } = look?;
        observation.drift.extend(drift);
        watched.extend(live.map(|live| watch(one, &live)));
    }
    let health = rollout::health(&session.cluster.client, &watched, &session.rollout()).await;
    observation.unhealthy = health.map_err(KubernetesError::request("the health cannot be found out"))?;
    Ok(observation)
}

/// An object as it is, and what is wrong with it.
struct Look {
    live: Option<Value>,
    drift: Vec<String>,
}

async fn look(session: &Session<'_>, one: &Placed, deployment: &Deployment) -> Result<Look, KubernetesError> {
    let key = one.manifest.key();
    let refused = |error: kube::Error| session.refused(key.clone(), &error);
    let Some(live) = session.objects.get(&one.kind, &key).await.map_err(refused)? else {
        // Jobs that are done may be cleaned up.
        let drift = if key.kind == "Job" { Vec::new() } else { vec![format!("{key} is not there any more")] };
        return Ok(Look { live: None, drift });
    };
    let others = other_images(session, &live, deployment);
    let by = changed_by(&live);
    let mut drift: Vec<_> = others.iter().map(|image| format!("{key} runs {image}{by}")).collect();
    let manner = Manner { dry_run: true, force: true };
    match session.objects.apply(one, manner).await {
        Ok(ours) => drift.extend(changed(&key, &live, ours, &others)),
        Err(kube::Error::Api(status)) => {
            let error = kube::Error::Api(status);
            drift.push(format!("{key} cannot be compared: {}", said(&error)));
        }
        Err(error) => return Err(refused(error)),
    }
    Ok(Look { live: Some(live), drift })
}

/// Images of the released repository that are not the released one.
fn other_images(session: &Session<'_>, live: &Value, deployment: &Deployment) -> Vec<String> {
    let wanted = format!("@{}", deployment.digest);
    let images = images_of(live, &session.options.image_paths, &deployment.repository);
    images.into_iter().filter(|image| !image.ends_with(&wanted)).collect()
}

/// Fields that are not as we would have them, but for the images that were told already.
fn changed(key: &ObjectKey, live: &Value, ours: Value, told: &[String]) -> Vec<String> {
    let by = changed_by(live);
    let (mut live, mut ours) = (tidy(live.clone()), tidy(ours));
    if is_secret(&live) {
        hide_secrets(&mut live, &mut ours);
    }
    let all = differences(&live, &ours);
    let is_told = |value: &Option<Value>| {
        value.as_ref().and_then(Value::as_str).is_some_and(|text| told.iter().any(|image| image == text))
    };
    let news = all.iter().take(TOLD).filter(|(_, live, _)| !is_told(live));
    let mut sentences: Vec<_> = news.map(|difference| sentence(key, difference, &by)).collect();
    if all.len() > TOLD {
        sentences.push(format!("{key} differs in {} more fields", all.len() - TOLD));
    }
    sentences
}

fn sentence(key: &ObjectKey, (place, live, ours): &Difference, by: &str) -> String {
    match (live, ours) {
        (Some(live), Some(ours)) => {
            format!("{key}: {place} is {} instead of {}{by}", short(live), short(ours))
        }
        (None, Some(ours)) => format!("{key}: {place} is gone, it was {}{by}", short(ours)),
        (Some(live), None) => format!("{key}: {place} is {} and should not be there{by}", short(live)),
        (None, None) => format!("{key}: {place} differs{by}"),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    let cut = text.char_indices().nth(LONGEST).map(|(at, _)| at);
    cut.map_or_else(|| text.clone(), |at| format!("{}...", &text[..at]))
}

/// Who else changed an object last, in brackets; empty when nobody did.
fn changed_by(live: &Value) -> String {
    let managers = live["metadata"]["managedFields"].as_array().map(Vec::as_slice).unwrap_or_default();
    let others = managers.iter().filter(|entry| {
        entry["subresource"].as_str().is_none_or(|part| part != "status") && entry["manager"] != FIELD_MANAGER
    });
    let last = others.max_by_key(|entry| entry["time"].as_str().unwrap_or_default().to_owned());
    last.and_then(|entry| entry["manager"].as_str())
        .map_or_else(String::new, |name| format!(" (last changed by \"{name}\")"))
}
