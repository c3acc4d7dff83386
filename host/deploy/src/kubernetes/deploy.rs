//! A deployment from its manifests to its end, good or bad.

use std::collections::HashSet;

use plimsoll_core::ports::{
    Activity, Aftermath, DeployFailure, Deployed, Deployment, PortFailure, Previous, Progress,
};

use super::{
    apply::apply,
    check::check,
    error::KubernetesError,
    manifest::{Manifest, Origin},
    new::{NotMade, make},
    objects::Placed,
    options::{KubernetesOptions, OnFailure},
    prune::prune,
    record::{Configuration, Identity, Record},
    rollout::{self, Watched},
    session::Session,
    trial::Trial,
};

/// Makes the environment run the image.
pub(super) async fn deploy(
    options: &KubernetesOptions,
    deployment: &Deployment,
    progress: &dyn Progress,
) -> Result<Deployed, DeployFailure> {
    let unchanged = |error: KubernetesError| DeployFailure::from(PortFailure::from(error));
    let mut session = Session::open(options, &deployment.repository).await.map_err(unchanged)?;
    let digest = deployment.digest.to_string();
    let placed = session.manifests(&digest, Some(deployment)).await.map_err(unchanged)?;
    let mut record = session.record().await.map_err(unchanged)?;
    record.expect(placed.iter().map(|one| Identity::of(&one.manifest)));
    let trial = Trial::of(&session, &placed, &record).await;
    check(&session, &trial, &placed, &record).await.map_err(unchanged)?;
    let carried_out = match make(&session, &trial.new, &record, progress).await {
        Ok(made) => carry_out(&session, &placed, &trial.new, made, &record, progress).await,
        Err(NotMade::Undone(failure)) => return Err(unchanged(failure)),
        Err(NotMade::Left(failure)) => Err(failure),
    };
    if let Err(failure) = carried_out {
        return Err(after_failure(&mut session, failure, &placed, record, deployment, progress).await);
    }
    finish(&session, &placed, record, deployment, progress)
        .await
        .map_err(|error| DeployFailure { failure: error.into(), aftermath: Aftermath::Left })?;
    Ok(Deployed { healthy: true, location: session.location() })
}

/// Applies everything else than what was just made, and waits until all of it is healthy.
async fn carry_out(
    session: &Session<'_>,
    placed: &[Placed],
    new: &[&Placed],
    made: Vec<Watched>,
    record: &Record,
    progress: &dyn Progress,
) -> Result<(), KubernetesError> {
    let keys: HashSet<_> = new.iter().map(|one| one.manifest.key()).collect();
    let others = placed.iter().filter(|one| !keys.contains(&one.manifest.key()));
    let mut watched = made;
    watched.extend(apply(session, others, new.is_empty().then_some(record), progress).await?);
    wait(session, &watched, progress).await
}

async fn wait(
    session: &Session<'_>,
    watched: &[Watched],
    progress: &dyn Progress,
) -> Result<(), KubernetesError> {
    let client = &session.cluster.client;
    if let Err(error) = rollout::unblock(client, watched, progress).await {
        let text = format!("whether broken pods hold up a StatefulSet could not be seen: {error}");
        progress.activity(Activity::Warning(&text));
    }
    Ok(rollout::watch(&session.cluster.client, watched, &session.rollout(), progress).await?)
}

/// Deletes what is not in the manifests any more, and remembers what is healthy now.
async fn finish(
    session: &Session<'_>,
    placed: &[Placed],
    mut record: Record,
    deployment: &Deployment,
    progress: &dyn Progress,
) -> Result<(), KubernetesError> {
    let manifests: Vec<&Manifest> = placed.iter().map(|one| &one.manifest).collect();
    let gone = record.others(&manifests);
    let left = if session.options.prune { prune(session, gone, progress).await } else { gone };
    record.objects = left;
    record.expect(manifests.iter().map(|manifest| Identity::of(manifest)));
    record.remember(Configuration {
        release: deployment.release.clone(),
        digest: deployment.digest,
        objects: manifests.iter().map(|manifest| manifest.object.clone()).collect(),
    });
    if !session.write(&record).await? {
        let text = "the manifests are too large to be remembered in the cluster: a later deployment that fails cannot be rolled back to them";
        progress.activity(Activity::Warning(text));
    }
    Ok(())
}

/// What becomes of the environment after a deployment failed half-way.
async fn after_failure(
    session: &mut Session<'_>,
    failure: KubernetesError,
    placed: &[Placed],
    record: Record,
    deployment: &Deployment,
    progress: &dyn Progress,
) -> DeployFailure {
    let (afterwards, aftermath) = match way_back(session.options, &record, deployment.previous.as_ref()) {
        Err(why) => (format!("{why}, so what was applied stays as it is"), Aftermath::Left),
        Ok(configuration) => {
            let back = configuration.release.clone();
            progress.activity(Activity::Warning(&format!("{failure}; going back to {back}")));
            match roll_back(session, configuration.clone(), placed, record, progress).await {
                Ok(()) => (format!("{back} was brought back and is healthy"), Aftermath::RolledBack),
                Err(error) => (format!("going back to {back} failed, too: {error}"), Aftermath::Left),
            }
        }
    };
    let failure = KubernetesError::WithAftermath { failure: Box::new(failure), afterwards };
    DeployFailure { failure: failure.into(), aftermath }
}

/// The configuration to go back to, or why there is none.
fn way_back<'a>(
    options: &KubernetesOptions,
    record: &'a Record,
    previous: Option<&Previous>,
) -> Result<&'a Configuration, String> {
    if options.on_failure == OnFailure::Keep {
        return Err("`on-failure` is `keep`".to_owned());
    }
    let previous = previous.ok_or("there is no earlier healthy deployment to go back to")?;
    record
        .configuration(&previous.release)
        .ok_or_else(|| format!("the cluster does not remember the configuration of {}", previous.release))
}

/// Brings a configuration back, deletes what the failed release brought anew, and waits until all is healthy again.
async fn roll_back(
    session: &mut Session<'_>,
    configuration: Configuration,
    failed: &[Placed],
    mut record: Record,
    progress: &dyn Progress,
) -> Result<(), KubernetesError> {
    let origin = Origin { source: format!("the record of {}", configuration.release), line: 1 };
    let manifests: Vec<Manifest> = configuration
        .objects
        .into_iter()
        // What a Job did is done: running the older one again would do something else than going back.
        .filter(|object| object["kind"] != "Job")
        .filter_map(|object| Manifest::new(object, origin.clone()).ok())
        .collect();
    let placed = session.place(manifests)?;
    let watched = apply(session, &placed, Some(&record), progress).await?;
    let back: Vec<&Manifest> = placed.iter().map(|one| &one.manifest).collect();
    let brought: Vec<_> = failed.iter().map(|one| Identity::of(&one.manifest)).collect();
    let (new, others): (Vec<_>, Vec<_>) =
        record.others(&back).into_iter().partition(|object| brought.contains(object) && object.kind != "Job");
    record.objects = prune(session, new, progress).await;
    record.expect(others);
    record.expect(back.iter().map(|manifest| Identity::of(manifest)));
    wait(session, &watched, progress).await?;
    session.write(&record).await?;
    Ok(())
}
