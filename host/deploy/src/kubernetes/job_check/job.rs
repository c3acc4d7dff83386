//! From a manifest to the job that is created.

use std::{path::Path, time::Duration};

use k8s_openapi::api::batch::v1::Job;
use plimsoll_core::{
    names::{CheckName, EnvironmentName},
    ports::Deployment,
};

use super::JobCheckError;
use crate::render::{Image, render};

/// How long a finished job stays where the manifest does not say, should nobody come to delete it.
const TIME_TO_LIVE: i32 = 600;

/// How much longer than the check waits a job may run, should nobody come to delete it.
const GRACE: i64 = 60;

/// What a job is for.
pub(super) struct Purpose<'a> {
    pub(super) check: &'a CheckName,
    pub(super) environment: &'a EnvironmentName,
    pub(super) deployment: &'a Deployment,
}

/// The job that a manifest describes: with the released image, a name of its own, and an end in any case.
pub(super) fn prepare(
    path: &Path,
    text: &str,
    purpose: &Purpose<'_>,
    timeout: Duration,
) -> Result<Job, JobCheckError> {
    let deployment = purpose.deployment;
    let image = Image { repository: &deployment.repository, suffix: format!("@{}", deployment.digest) };
    // A job that runs another image, such as one with a browser, is a check, too.
    let rendered = render(path, text, &image)?;
    let not_a_job = |problem: String| JobCheckError::NotAJob { path: path.to_owned(), problem };
    let mut job: Job =
        serde_saphyr::from_str(&rendered.text).map_err(|error| not_a_job(error.to_string()))?;
    let given = job.metadata.generate_name.take().map(|name| name.trim_end_matches('-').to_owned());
    let base = job
        .metadata
        .name
        .take()
        .or(given)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| not_a_job("it has no `metadata.name`".to_owned()))?;
    job.metadata.generate_name = Some(format!("{base}-"));
    let annotations = job.metadata.annotations.get_or_insert_default();
    annotations.insert("plimsoll.dev/check".to_owned(), purpose.check.to_string());
    annotations.insert("plimsoll.dev/for-environment".to_owned(), purpose.environment.to_string());
    annotations.insert("plimsoll.dev/for-release".to_owned(), deployment.release.to_string());
    let spec = job.spec.as_mut().ok_or_else(|| not_a_job("it has no `spec`".to_owned()))?;
    let seconds = i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX).saturating_add(GRACE);
    spec.active_deadline_seconds.get_or_insert(seconds);
    spec.ttl_seconds_after_finished.get_or_insert(TIME_TO_LIVE);
    job.status = None;
    Ok(job)
}
