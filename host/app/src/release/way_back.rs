//! The way back: once the release that was asked for is in, the one that ran before is taken out.

use plimsoll_core::{
    contract::Intent,
    digest::Digest,
    fact::{Entry, Fact},
    names::EnvironmentName,
    ports::{Journal, LeaseScope, PortFailure},
    release::{EnvironmentState, ReleaseState, Stay},
};

use super::{Executor, ReleaseError, acts::Acts};

/// How many facts of an environment are searched.
const LOOK_BACK: usize = 256;

impl Executor<'_> {
    /// Finishes what a host died over: an environment has the release back, and the one before was not taken out yet.
    pub(super) async fn finish_ways_back(&self, state: &ReleaseState) -> Result<(), ReleaseError> {
        for stay in state.environments.iter().filter(|stay| is_back(stay)) {
            let _lease = self.lease(LeaseScope::Environment(stay.plan.name.clone())).await?;
            self.finish_way_back(state, &stay.plan.name).await?;
        }
        Ok(())
    }

    /// Takes out of an environment what ran there before the release came back, if that is how it came. Whoever calls has the
    /// environment's lease, so that nothing brings the image in again in between.
    pub(super) async fn finish_way_back(
        &self,
        state: &ReleaseState,
        environment: &EnvironmentName,
    ) -> Result<(), ReleaseError> {
        if !state.environment(environment).is_some_and(is_back) {
            return Ok(());
        }
        let journal = self.application().journal.as_ref();
        let replaced = replaced(journal, state, environment).await.map_err(ReleaseError::Journal)?;
        let asked = asked(journal, state, environment).await.map_err(ReleaseError::Journal)?;
        let (Some((replaced, digest)), Some((_, told))) = (replaced, asked) else { return Ok(()) };
        let before = journal.release(&replaced.release).await.map_err(ReleaseError::Journal)?;
        self.progress().known(&before);
        let acts = Acts { journal, clock: self.application().clock };
        let entry = acts.reject(&replaced.release, digest, environment.clone(), told).await?;
        self.progress().recorded(&entry);
        Ok(())
    }
}

/// The release was asked back into the environment, and is there.
fn is_back(stay: &EnvironmentState) -> bool {
    stay.requested == Some(Intent::Rollback) && matches!(stay.stay, Stay::Deployed { .. })
}

/// The deployment that the newest one, this release's, went over, with its image; `None` when it is taken out already, has the
/// same image, or when another release runs there by now.
async fn replaced(
    journal: &dyn Journal,
    state: &ReleaseState,
    environment: &EnvironmentName,
) -> Result<Option<(Entry, Digest)>, PortFailure> {
    let happened = journal.environment(environment, LOOK_BACK).await?;
    let mut deployed = happened.into_iter().filter_map(|entry| match entry.fact {
        Fact::Deployed { digest, .. } => Some((entry, digest)),
        _ => None,
    });
    let Some((back, image)) = deployed.next().filter(|(entry, _)| entry.release == state.release) else {
        return Ok(None);
    };
    let Some((before, digest)) = deployed.find(|(entry, _)| entry.release != state.release) else {
        return Ok(None);
    };
    let rejections = journal.rejections(environment, LOOK_BACK).await?;
    let is_out =
        rejections.iter().any(|entry| entry.sequence > back.sequence && entry.release == before.release);
    Ok((digest != image && !is_out).then_some((before, digest)))
}

/// The place of the newest wish for a release in an environment, who had it and why; `None` when nobody asked.
pub(super) async fn asked(
    journal: &dyn Journal,
    state: &ReleaseState,
    environment: &EnvironmentName,
) -> Result<Option<(u64, (String, String))>, PortFailure> {
    let entries = journal.release(&state.release).await?;
    Ok(entries.into_iter().rev().find_map(|entry| match entry.fact {
        Fact::Requested { environment: name, by, reason, .. } if name == *environment => {
            Some((entry.sequence, (by, reason.unwrap_or_default())))
        }
        _ => None,
    }))
}
