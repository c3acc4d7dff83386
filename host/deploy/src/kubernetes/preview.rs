//! What a deployment would change, found out by the cluster itself: every object is applied in a dry run.

use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use kube::Error;
use plimsoll_core::{digest::Digest, reference::RepositoryName};
use serde_json::Value;

use super::{
    apply::stages,
    check::is_tolerated,
    error::KubernetesError,
    objects::{Manner, Placed},
    options::KubernetesOptions,
    prune::{Fate, look},
    refusal::Refusal,
    requests::some_at_a_time,
    session::Session,
    tidy::{hide_secrets, is_secret, tidy},
};
use crate::{diff, files::Files, yaml_text};

/// What stands for the digest of an image that is not built yet: a valid one for the cluster, and what people see instead.
const UNKNOWN: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
const SHOWN: &str = "sha256:<known once the image is built>";

/// The changes as text; empty when there are none.
pub(super) async fn preview(
    options: &KubernetesOptions,
    repository: &RepositoryName,
    digest: Option<&Digest>,
) -> Result<String, KubernetesError> {
    let mut session = Session::open(options, repository).await?;
    let wanted = digest.map_or_else(|| UNKNOWN.to_owned(), ToString::to_string);
    let placed = session.manifests(&wanted, None).await?;
    let mut text = String::new();
    for (_, objects) in stages(&session, &placed) {
        let changes = objects.iter().map(|one| change(&session, one, &placed).boxed());
        for change in some_at_a_time(changes).await {
            text.push_str(&change?);
        }
    }
    text.push_str(&deletions(&session, &placed).await?);
    Ok(text.replace(UNKNOWN, SHOWN))
}

/// What would become of one object.
async fn change(session: &Session<'_>, one: &Placed, all: &[Placed]) -> Result<String, KubernetesError> {
    let key = one.manifest.key();
    let live =
        session.objects.get(&one.kind, &key).await.map_err(|error| session.refused(key.clone(), &error))?;
    let manner = |force| Manner { dry_run: true, force };
    let mut answer = session.objects.apply(one, manner(session.options.force_conflicts)).await;
    let mut note = String::new();
    if let Err(Error::Api(status)) = &answer {
        if !is_tolerated(one, status, all) {
            let error = Error::Api(status.clone());
            let refusal = Refusal::new(key.clone(), Some(one.manifest.origin.clone()), &error);
            note = format!("# would be refused: {refusal}\n");
        }
        if status.code == 409 {
            answer = session.objects.apply(one, manner(true)).await;
        }
    }
    let after = match (&live, answer) {
        (Some(_), Ok(after)) => after,
        (_, Err(error @ (Error::Service(_) | Error::HyperError(_)))) => {
            return Err(session.refused(key, &error));
        }
        // A new object is shown as it is written, without what the cluster would fill in.
        _ => one.manifest.object.clone(),
    };
    Ok(note + &compared(&key.to_string(), live, Some(after)))
}

/// The objects that would be deleted.
async fn deletions(session: &Session<'_>, placed: &[Placed]) -> Result<String, KubernetesError> {
    if !session.options.prune {
        return Ok(String::new());
    }
    let record = session.record().await?;
    let manifests: Vec<_> = placed.iter().map(|one| &one.manifest).collect();
    let gone = record.others(&manifests);
    let fates = gone.iter().map(|object| async move { (object, look(session, object).await) }.boxed());
    let mut text = String::new();
    for (object, fate) in some_at_a_time(fates).await {
        match fate.map_err(|error| session.refused(object.key(), &error))? {
            Fate::Deleted(live) => text.push_str(&compared(&object.key().to_string(), Some(*live), None)),
            Fate::Stays(why) => {
                text.push_str(&format!("# {} is gone from the manifests and stays: {why}\n", object.key()));
            }
            Fate::Forgotten => {}
        }
    }
    Ok(text)
}

/// Two states of an object as a unified diff. Data of Secrets is hidden.
fn compared(name: &str, before: Option<Value>, after: Option<Value>) -> String {
    let (mut before, mut after) = (before.map(tidy), after.map(tidy));
    if before.iter().chain(&after).any(is_secret) {
        let (mut none, mut nothing) = (Value::Null, Value::Null);
        hide_secrets(before.as_mut().unwrap_or(&mut none), after.as_mut().unwrap_or(&mut nothing));
    }
    let files = |value: Option<Value>| -> Files {
        value.map(|value| (name.into(), yaml_text::text(&value))).into_iter().collect::<BTreeMap<_, _>>()
    };
    diff::unified(&files(before), &files(after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_told_without_secrets_and_notes() {
        let secret = |data: &str, version: u32| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "resourceVersion": version}, "data": {"password": data}});
        let text = compared("Secret site/a", Some(secret("b25l", 1)), Some(secret("dHdv", 2)));
        assert!(
            text.contains("--- Secret site/a") && text.contains("+  password: <hidden, changed>"),
            "{text}"
        );
        assert!(
            !text.contains("b25l") && !text.contains("dHdv") && !text.contains("resourceVersion"),
            "{text}"
        );
        assert_eq!(compared("a", Some(secret("b25l", 1)), Some(secret("b25l", 2))), "");
        let deleted = compared("Secret site/a", Some(secret("b25l", 1)), None);
        assert!(deleted.contains("+++ /dev/null") && !deleted.contains("b25l"), "{deleted}");
    }
}
