//! `status`: what runs where, what waits, and how the shadows did.

use plimsoll_core::{
    fact::{Entry, Fact},
    names::EnvironmentName,
    ports::{Journal, PortFailure},
    release::Standing,
};
use serde::Serialize;

use super::{
    fold,
    shadows::{ShadowStatus, shadows},
};
use crate::{
    clock::Clock,
    configuration::Configuration,
    release::{Observed, hold_on, standing},
    report::ReleaseReport,
};

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
    /// Whether it is healthy, by what was recorded last.
    pub healthy: Option<bool>,
    /// Who holds the environment.
    pub hold: Option<HoldStatus>,
    /// Why it is not healthy now, a sentence each; empty as well when nobody looked.
    pub unhealthy: Vec<String>,
    /// What differs from what was deployed, a sentence each; empty as well when nobody looked.
    pub drift: Vec<String>,
    /// Why it could not be looked at.
    pub unseen: Option<String>,
}

/// A hold on an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HoldStatus {
    /// Who holds it.
    pub by: String,
    /// Their reason.
    pub reason: String,
    /// Until when, Unix seconds; absent: until it is freed.
    pub until: Option<i64>,
}

impl Status {
    /// Takes in how the environments really are.
    pub fn observe(&mut self, seen: &[Observed]) {
        for observed in seen {
            let name = observed.environment.as_str();
            let Some(row) = self.environments.iter_mut().find(|row| row.name == name) else { continue };
            match &observed.observation {
                Ok(observation) => {
                    row.unhealthy.clone_from(&observation.unhealthy);
                    row.drift.clone_from(&observation.drift);
                }
                Err(failure) => row.unseen = Some(failure.to_string()),
            }
        }
    }
}

/// Reads the status.
///
/// # Errors
/// The journal could not be read.
pub async fn status(
    journal: &dyn Journal,
    configuration: &Configuration,
    clock: Clock,
) -> Result<Status, PortFailure> {
    let mut rows = Vec::with_capacity(configuration.environments.len());
    for environment in &configuration.environments {
        rows.push(environment_status(journal, &environment.name, clock.now()).await?);
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
    now: i64,
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
        hold: hold_on(journal, environment, now).await?.and_then(hold),
        unhealthy: Vec::new(),
        drift: Vec::new(),
        unseen: None,
    })
}

fn hold(entry: Entry) -> Option<HoldStatus> {
    match entry.fact {
        Fact::EnvironmentHeld { by, reason, until, .. } => Some(HoldStatus { by, reason, until }),
        _ => None,
    }
}
