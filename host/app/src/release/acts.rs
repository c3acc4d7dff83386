//! What people do to releases and environments: each act is a fact that is given beside the steps of hosts.

use plimsoll_core::{
    contract::{Approval, Evidence},
    digest::Digest,
    fact::{Entry, Fact},
    names::{EnvironmentName, ReleaseId},
    ports::{Journal, PortFailure},
    release::{ReleaseState, Stay},
};

use super::{ReleaseError, admission, order};
use crate::clock::Clock;

/// How many deployments of an environment are searched for one to go back to.
const LOOK_BACK: usize = 256;

/// Acts of people, recorded in a journal.
#[derive(Clone, Copy)]
pub struct Acts<'a> {
    /// The journal.
    pub journal: &'a dyn Journal,
    /// Tells the time.
    pub clock: Clock,
}

/// Somebody's hold on an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The environment.
    pub environment: EnvironmentName,
    /// Who holds it.
    pub by: String,
    /// Their reason.
    pub reason: String,
    /// Until when, Unix seconds; absent: until it is freed.
    pub until: Option<i64>,
}

impl Acts<'_> {
    /// Approves a release.
    ///
    /// # Errors
    /// The journal could not be written.
    pub async fn approve(&self, release: &ReleaseId, approval: Approval) -> Result<Entry, ReleaseError> {
        self.give(release, Fact::Approved { approval }).await
    }

    /// Hands in a result about a release. `origin` says where it comes from.
    ///
    /// # Errors
    /// The journal could not be written.
    pub async fn add_evidence(
        &self,
        release: &ReleaseId,
        evidence: Evidence,
        origin: Option<String>,
    ) -> Result<Entry, ReleaseError> {
        self.give(release, Fact::EvidenceGiven { evidence, origin }).await
    }

    /// Lets nothing more into an environment. A hold that lasts is replaced.
    ///
    /// # Errors
    /// The journal could not be written.
    pub async fn hold(&self, hold: Hold) -> Result<Entry, ReleaseError> {
        let Hold { environment, by, reason, until } = hold;
        self.give(&ReleaseId::none(), Fact::EnvironmentHeld { environment, by, reason, until }).await
    }

    /// Ends the hold on an environment; `None` when nobody holds it.
    ///
    /// # Errors
    /// The journal could not be read or written.
    pub async fn free(
        &self,
        environment: &EnvironmentName,
        by: String,
        reason: Option<String>,
    ) -> Result<Option<Entry>, ReleaseError> {
        let now = self.clock.now();
        let held = admission::hold_on(self.journal, environment, now).await.map_err(ReleaseError::Journal)?;
        if held.is_none() {
            return Ok(None);
        }
        let fact = Fact::EnvironmentFreed { environment: environment.clone(), by, reason };
        self.give(&ReleaseId::none(), fact).await.map(Some)
    }

    /// Records that a running release is healthy, or is not any more.
    ///
    /// # Errors
    /// The journal could not be written.
    pub async fn health(
        &self,
        release: &ReleaseId,
        environment: EnvironmentName,
        reasons: Vec<String>,
    ) -> Result<Entry, ReleaseError> {
        let healthy = reasons.is_empty();
        self.give(release, Fact::HealthChanged { environment, healthy, reasons }).await
    }

    /// Takes a release out of an environment, with its image.
    ///
    /// # Errors
    /// The journal could not be written.
    pub(super) async fn reject(
        &self,
        release: &ReleaseId,
        digest: Digest,
        environment: EnvironmentName,
        (by, reason): (String, String),
    ) -> Result<Entry, ReleaseError> {
        self.give(release, Fact::Rejected { environment, digest, by, reason }).await
    }

    async fn give(&self, release: &ReleaseId, fact: Fact) -> Result<Entry, ReleaseError> {
        self.journal.give(release, self.clock.now(), fact).await.map_err(ReleaseError::Journal)
    }
}

/// The release that ran, healthy, in an environment before the one that runs there now, with another image; `None` when there
/// is none. One that was taken out is not gone back to, nor one that was not healthy when it was looked at last.
///
/// # Errors
/// The journal could not be read.
pub async fn release_before(
    journal: &dyn Journal,
    environment: &EnvironmentName,
) -> Result<Option<ReleaseState>, PortFailure> {
    let Some(running) = order::standing(journal, environment).await? else { return Ok(None) };
    for entry in journal.environment(environment, LOOK_BACK).await? {
        let Fact::Deployed { digest, healthy: true, .. } = &entry.fact else { continue };
        if *digest == running.digest {
            continue;
        }
        let Some(state) = ReleaseState::fold(&journal.release(&entry.release).await?) else { continue };
        let stays = state.environment(environment).map(|environment| &environment.stay);
        if !matches!(stays, Some(Stay::Rejected { .. } | Stay::Deployed { healthy: false, .. })) {
            return Ok(Some(state));
        }
    }
    Ok(None)
}
