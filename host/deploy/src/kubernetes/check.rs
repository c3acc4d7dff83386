//! Asking the cluster whether it would take everything, before anything is changed: so that all that it refuses is told at
//! once, and a refusal leaves the environment as it was.

use futures_util::FutureExt as _;
use kube::{Error, core::Status};

use super::{
    access::unusable,
    error::KubernetesError,
    objects::{Manner, Placed, must_be_remade},
    record::Record,
    refusal::{Reason, Refusal},
    requests::some_at_a_time,
    session::Session,
    trial::Trial,
};

/// Complains about every object that the cluster would not take. When there is one, also those are asked about that would
/// otherwise be made to try them.
pub(super) async fn check(
    session: &Session<'_>,
    trial: &Trial<'_>,
    placed: &[Placed],
    record: &Record,
) -> Result<(), KubernetesError> {
    let own = Placed::record(session.secret(record).0);
    let asked = trial.asked.iter().map(|one| (*one, false)).chain([(&own, true)]);
    let mut refusals = ask(session, asked, placed).await?;
    if !refusals.is_empty() {
        refusals.extend(ask(session, trial.new.iter().map(|one| (*one, false)), placed).await?);
    }
    if refusals.is_empty() { Ok(()) } else { Err(KubernetesError::Refused { refusals }) }
}

/// Asks about objects, each with whether it is the record; what is refused.
async fn ask<'a>(
    session: &Session<'_>,
    objects: impl Iterator<Item = (&'a Placed, bool)>,
    placed: &[Placed],
) -> Result<Vec<Refusal>, KubernetesError> {
    let manner = |own: bool| Manner { dry_run: true, force: own || session.options.force_conflicts };
    let answers = objects.map(|(one, is_own)| {
        let manner = manner(is_own);
        async move { (one, is_own, session.objects.apply(one, manner).await) }.boxed()
    });
    let mut refusals = Vec::new();
    for (one, is_own, answer) in some_at_a_time(answers).await {
        match answer {
            Ok(_) => {}
            Err(Error::Api(status)) if status.code != 401 => {
                if !is_tolerated(one, &status, placed) {
                    let origin = (!is_own).then(|| one.manifest.origin.clone());
                    refusals.push(Refusal::new(one.manifest.key(), origin, &Error::Api(status)));
                }
            }
            Err(error) => return Err(unusable(&session.cluster.server, &error)),
        }
    }
    Ok(refusals)
}

/// Whether a refusal says nothing about what happens when it is meant: because what the object needs is among the manifests
/// and not there yet, or because a webhook cannot say.
pub(super) fn is_tolerated(one: &Placed, status: &Status, all: &[Placed]) -> bool {
    let refusal = Refusal::new(one.manifest.key(), None, &Error::Api(status.clone().boxed()));
    let brings = |namespace: &str| {
        all.iter().any(|other| {
            let key = other.manifest.key();
            key.kind == "Namespace" && key.group.is_empty() && key.name == namespace
        })
    };
    match refusal.reason {
        Reason::NamespaceMissing(namespace) => brings(&namespace),
        Reason::Invalid(text) if text.contains("does not support dry run") => true,
        Reason::Invalid(_) => must_be_remade(one, status),
        Reason::Other(_) => status.code == 404 && one.kind.defined_here,
        _ => false,
    }
}
