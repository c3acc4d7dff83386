//! `status`: what runs where, what waits, and how the shadows did.

use plimsoll_core::{
    names::EnvironmentName,
    ports::{Journal, PortFailure},
    release::Standing,
};
use serde::Serialize;

use super::{
    fold,
    shadows::{ShadowStatus, shadows},
};
use crate::{configuration::Configuration, release::standing, report::ReleaseReport};

/// How many openings are searched for releases that wait.
const LOOK_BACK: usize = 50;

/// What runs where, what waits, and how the shadows did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// The environments in the order of the configuration.
    pub environments: Vec<EnvironmentStatus>,
    /// Releases that wait or failed, newest first.
    pub open: Vec<ReleaseReport>,
    /// How the shadows of the configuration did, that of the tagging policy first.
    pub shadows: Vec<ShadowStatus>,
}

/// What runs in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EnvironmentStatus {
    /// The environment.
    pub name: String,
    /// The release that runs there. Absent: none.
    pub release: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its commit.
    pub commit: Option<String>,
    /// Digest of its image.
    pub digest: Option<String>,
    /// Since when, Unix seconds.
    pub since: Option<i64>,
    /// Whether it is healthy.
    pub healthy: Option<bool>,
}

/// Reads the status.
///
/// # Errors
/// The journal could not be read.
pub async fn status(journal: &dyn Journal, configuration: &Configuration) -> Result<Status, PortFailure> {
    let mut rows = Vec::with_capacity(configuration.environments.len());
    for environment in &configuration.environments {
        rows.push(environment_status(journal, &environment.name).await?);
    }
    let mut open = Vec::new();
    for opening in journal.openings(LOOK_BACK).await? {
        let Some(state) = fold(journal, &opening.release).await? else { continue };
        if matches!(state.standing(), Standing::Waiting | Standing::Failed) {
            open.push(ReleaseReport::of(&state));
        }
    }
    let shadows = shadows(journal, &configuration.shadows()).await?;
    Ok(Status { environments: rows, open, shadows })
}

async fn environment_status(
    journal: &dyn Journal,
    environment: &EnvironmentName,
) -> Result<EnvironmentStatus, PortFailure> {
    let (running, state) =
        standing(journal, environment).await?.map(|standing| (standing.running, standing.state)).unzip();
    let healthy = running.as_ref().map(|running| running.healthy_since.is_some());
    Ok(EnvironmentStatus {
        name: environment.to_string(),
        release: running.as_ref().map(|running| running.release.clone()),
        version: running.as_ref().and_then(|running| running.version.clone()),
        commit: state.map(|state| state.opening.source.commit.id),
        digest: running.as_ref().map(|running| running.digest.clone()),
        since: running.map(|running| running.since),
        healthy,
    })
}
