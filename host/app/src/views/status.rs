//! `status`: what runs where, and what waits.

use plimsoll_core::{
    fact::Fact,
    names::EnvironmentName,
    ports::{Journal, PortFailure},
    release::{ReleaseState, Standing},
};
use serde::Serialize;

use super::fold;
use crate::report::ReleaseReport;

/// How many openings are searched for releases that wait.
const LOOK_BACK: usize = 50;

/// What runs where, and what waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// The environments in the order of the configuration.
    pub environments: Vec<EnvironmentStatus>,
    /// Releases that wait or failed, newest first.
    pub open: Vec<ReleaseReport>,
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
pub async fn status(journal: &dyn Journal, environments: &[EnvironmentName]) -> Result<Status, PortFailure> {
    let mut rows = Vec::with_capacity(environments.len());
    for environment in environments {
        rows.push(environment_status(journal, environment).await?);
    }
    let mut open = Vec::new();
    for opening in journal.openings(LOOK_BACK).await? {
        let Some(state) = fold(journal, &opening.release).await? else { continue };
        if matches!(state.standing(), Standing::Waiting | Standing::Failed) {
            open.push(ReleaseReport::of(&state));
        }
    }
    Ok(Status { environments: rows, open })
}

async fn environment_status(
    journal: &dyn Journal,
    environment: &EnvironmentName,
) -> Result<EnvironmentStatus, PortFailure> {
    let mut row = EnvironmentStatus {
        name: environment.to_string(),
        release: None,
        version: None,
        commit: None,
        digest: None,
        since: None,
        healthy: None,
    };
    for entry in journal.environment(environment, usize::MAX).await? {
        let Fact::Deployed { digest, healthy, .. } = &entry.fact else { continue };
        let state: Option<ReleaseState> = fold(journal, &entry.release).await?;
        row.release = Some(entry.release.to_string());
        row.version = state.as_ref().and_then(|state| state.plan()?.version.clone());
        row.commit = state.map(|state| state.opening.source.commit.id);
        row.digest = Some(digest.to_string());
        row.since = Some(entry.at);
        row.healthy = Some(*healthy);
        break;
    }
    Ok(row)
}
