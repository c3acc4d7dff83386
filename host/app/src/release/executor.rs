//! The executor: asks the machine for the next step, carries it out, records the fact, and again.

use plimsoll_core::{
    contract::{Intent, Source},
    fact::{Entry, Fact},
    names::ReleaseId,
    ports::{Activity, Lease, LeaseScope, Progress},
    release::{ReleaseState, Standing, Stay, Step, next, release_id},
};

use super::{Effects, ReleaseError, leases, shadows, tick};
use crate::application::Application;

/// What sets a release off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event.
    pub source: Source,
    /// Tells apart events that look alike: a provider's run number.
    pub occurrence: Option<String>,
    /// Why it is released.
    pub intent: Intent,
}

/// Carries releases out.
pub struct Executor<'a> {
    application: &'a Application,
    progress: &'a dyn Progress,
}

impl<'a> Executor<'a> {
    /// An executor for this application.
    #[must_use]
    pub fn new(application: &'a Application, progress: &'a dyn Progress) -> Self {
        Self { application, progress }
    }

    /// Begins the release of an event, or takes it up where the journal ends, and follows it as far as it goes now.
    ///
    /// # Errors
    /// The journal failed, or another host kept the release for too long.
    pub async fn release(&self, event: Event) -> Result<ReleaseState, ReleaseError> {
        let release = release_id(&event.source, &self.application.image.written, event.occurrence.as_deref());
        let _lease = self.lease(LeaseScope::Release(release.clone())).await?;
        let entries = self.application.journal.release(&release).await.map_err(ReleaseError::Journal)?;
        if !entries.is_empty() {
            self.progress.known(&entries);
            let state = ReleaseState::fold(&entries).ok_or(ReleaseError::Damaged(release))?;
            return self.take_up(state, false).await;
        }
        let opening = self.application.opening(event.source, event.intent);
        let entry = self.append(&release, 0, Fact::Opened(Box::new(opening))).await?;
        let state = ReleaseState::open(&entry).ok_or(ReleaseError::Damaged(release))?;
        self.follow(state).await
    }

    /// Takes a release up again: what was held is asked anew, what failed is tried anew.
    ///
    /// # Errors
    /// There is no such release, the journal failed, or another host kept the release for too long.
    pub async fn resume(&self, release: &ReleaseId) -> Result<ReleaseState, ReleaseError> {
        let _lease = self.lease(LeaseScope::Release(release.clone())).await?;
        self.take_up(self.load(release).await?, false).await
    }

    /// As [`Executor::resume`], but leaves the release alone when another host is at it, or was by now, so that it does not wait
    /// for anything any more: then `None`.
    ///
    /// # Errors
    /// There is no such release, or the journal failed.
    pub async fn resume_if_free(&self, release: &ReleaseId) -> Result<Option<ReleaseState>, ReleaseError> {
        let scope = LeaseScope::Release(release.clone());
        let lease = self.application.journal.try_lease(&scope).await.map_err(ReleaseError::Journal)?;
        let Some(_lease) = lease else { return Ok(None) };
        let state = self.load(release).await?;
        if !tick::can_go_on(self.application, &state).await.map_err(ReleaseError::Journal)? {
            return Ok(None);
        }
        self.take_up(state, true).await.map(Some)
    }

    /// The application whose releases these are.
    pub(super) fn application(&self) -> &'a Application {
        self.application
    }

    /// Who watches.
    pub(super) fn progress(&self) -> &'a dyn Progress {
        self.progress
    }

    /// A release as the journal has it.
    pub(super) async fn load(&self, release: &ReleaseId) -> Result<ReleaseState, ReleaseError> {
        let entries = self.application.journal.release(release).await.map_err(ReleaseError::Journal)?;
        if entries.is_empty() {
            return Err(ReleaseError::Unknown(release.clone()));
        }
        self.progress.known(&entries);
        ReleaseState::fold(&entries).ok_or_else(|| ReleaseError::Damaged(release.clone()))
    }

    async fn take_up(&self, mut state: ReleaseState, waiting: bool) -> Result<ReleaseState, ReleaseError> {
        self.finish_ways_back(&state).await?;
        if matches!(state.standing(), Standing::Done | Standing::Refused) {
            self.settle(&mut state).await?;
            return Ok(state);
        }
        self.require_repository(&state)?;
        self.record(&mut state, self.application.taken_up(waiting)).await?;
        self.follow(state).await
    }

    /// The configuration still means the image repository that the release began with.
    pub(super) fn require_repository(&self, state: &ReleaseState) -> Result<(), ReleaseError> {
        let configured = &self.application.image.written;
        if state.opening.repository == *configured {
            return Ok(());
        }
        Err(ReleaseError::OtherRepository {
            release: state.release.clone(),
            began: state.opening.repository.clone(),
            configured: configured.clone(),
        })
    }

    pub(super) async fn follow(&self, mut state: ReleaseState) -> Result<ReleaseState, ReleaseError> {
        let effects = Effects::new(self.application, self.progress);
        shadows::tell_missed(self.application, self.progress);
        if self.up_to_environments(&mut state, &effects).await? {
            state = self.through_environments(state, &effects).await?;
        }
        self.settle(&mut state).await?;
        debug_assert!(state.environments.iter().all(|environment| environment.stay != Stay::Allowed));
        Ok(state)
    }

    /// Carries out what comes before all environments, one step after the other. Whether it got there.
    async fn up_to_environments(
        &self,
        state: &mut ReleaseState,
        effects: &Effects<'_>,
    ) -> Result<bool, ReleaseError> {
        let before = |state: &ReleaseState| next(state).filter(|step| step.environment().is_none());
        while let Some(step) = before(state) {
            let _lease = self.lease_for(&step).await?;
            self.progress.starting(&step);
            match effects.perform(state, &step).await {
                Ok(fact) => {
                    self.progress.performed(&step);
                    let entry = self.record(state, fact).await?;
                    self.ask_shadows(state, &entry.fact).await;
                }
                Err(failure) => {
                    self.record(state, Fact::step_failed(&step, &failure)).await?;
                    return Ok(false);
                }
            }
        }
        Ok(next(state).is_some())
    }

    /// The release with what was given to it since: approvals, evidence, a rejection.
    pub(super) async fn refresh(&self, state: ReleaseState) -> Result<ReleaseState, ReleaseError> {
        let entries = self.application.journal.release(&state.release).await;
        let fresh = ReleaseState::fold(&entries.map_err(ReleaseError::Journal)?);
        Ok(fresh.unwrap_or(state))
    }

    /// Says so in the journal when nothing is left to do, once.
    async fn settle(&self, state: &mut ReleaseState) -> Result<(), ReleaseError> {
        if !state.settled && matches!(state.standing(), Standing::Done | Standing::Refused) {
            self.record(state, Fact::Settled {}).await?;
        }
        Ok(())
    }

    /// The lease of what a step shares with all releases: the image's tags, and what lies beside the image.
    pub(super) async fn lease_for(&self, step: &Step) -> Result<Option<Box<dyn Lease>>, ReleaseError> {
        match step {
            Step::SetTag(_) | Step::Attest(_) => self.lease(LeaseScope::Tags).await.map(Some),
            _ => Ok(None),
        }
    }

    pub(super) async fn lease(&self, scope: LeaseScope) -> Result<Box<dyn Lease>, ReleaseError> {
        leases::take(self.application.journal.as_ref(), &scope, self.progress).await
    }

    /// Asks the shadows of a decision once it is recorded, before anything comes of it: they see the same world. Whatever
    /// becomes of them, the release goes on.
    async fn ask_shadows(&self, state: &mut ReleaseState, decided: &Fact) {
        let Some(fact) = shadows::ask(self.application, decided).await else { return };
        if let Err(error) = self.record(state, fact).await {
            self.say_lost(&error);
        }
    }

    /// What a shadow said is lost.
    pub(super) fn say_lost(&self, error: &ReleaseError) {
        let text = format!("what a shadow said is not recorded: {error}");
        self.progress.activity(Activity::Warning(&text));
    }

    pub(super) async fn record(&self, state: &mut ReleaseState, fact: Fact) -> Result<Entry, ReleaseError> {
        let entry = self.append(&state.release, state.steps, fact).await?;
        state.apply(&entry);
        Ok(entry)
    }

    async fn append(&self, release: &ReleaseId, expected: usize, fact: Fact) -> Result<Entry, ReleaseError> {
        let now = self.application.clock.now();
        let entry = self
            .application
            .journal
            .append(release, expected, now, fact)
            .await
            .map_err(ReleaseError::Journal)?;
        self.progress.recorded(&entry);
        Ok(entry)
    }
}
