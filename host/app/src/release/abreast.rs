//! The way through the environments: those that do not come after one another go at the same time.

use futures_util::future::join_all;
use plimsoll_core::{
    fact::{Entry, Fact},
    names::EnvironmentName,
    ports::{Lease, LeaseScope},
    release::{ReleaseState, Step, next_in},
};
use tokio::sync::{Mutex, watch};

use super::{Effects, Executor, ReleaseError, shadows};

/// A release that several environments work on. Whoever records a fact holds the state, so the facts have one order.
struct Shared {
    state: Mutex<ReleaseState>,
    /// Tells of each fact, and of a failure of the host itself, after which nobody begins anything.
    told: watch::Sender<bool>,
}

impl Executor<'_> {
    /// Follows a release through all environments, as far as it goes now.
    pub(super) async fn through_environments(
        &self,
        state: ReleaseState,
        effects: &Effects<'_>,
    ) -> Result<ReleaseState, ReleaseError> {
        let names: Vec<_> =
            state.environments.iter().map(|environment| environment.plan.name.clone()).collect();
        let shared = Shared { state: Mutex::new(state), told: watch::Sender::new(false) };
        let all = join_all(names.iter().map(|name| self.to_its_end(&shared, effects, name))).await;
        all.into_iter().collect::<Result<(), _>>()?;
        Ok(shared.state.into_inner())
    }

    async fn to_its_end(
        &self,
        shared: &Shared,
        effects: &Effects<'_>,
        name: &EnvironmentName,
    ) -> Result<(), ReleaseError> {
        let ended = self.through(shared, effects, name).await;
        // What the others are at, they bring to its end.
        shared.told.send_modify(|failed| *failed |= ended.is_err());
        ended
    }

    /// Follows a release through one environment. The lease is kept from the question to the last check.
    async fn through(
        &self,
        shared: &Shared,
        effects: &Effects<'_>,
        name: &EnvironmentName,
    ) -> Result<(), ReleaseError> {
        let mut told = shared.told.subscribe();
        let mut lease: Option<Box<dyn Lease>> = None;
        while !*told.borrow_and_update() {
            let Some((step, state)) = shared.next(name).await else {
                drop(lease.take());
                if !shared.may_go_on(name).await || told.changed().await.is_err() {
                    break;
                }
                continue;
            };
            if lease.is_none() {
                lease = Some(self.lease(LeaseScope::Environment(name.clone())).await?);
            }
            let state = match step {
                Step::Decide(_) => match self.refreshed(shared, &step, name).await? {
                    Some(state) => state,
                    None => continue,
                },
                _ => state,
            };
            self.carry_out(shared, effects, &state, &step).await?;
        }
        Ok(())
    }

    async fn carry_out(
        &self,
        shared: &Shared,
        effects: &Effects<'_>,
        state: &ReleaseState,
        step: &Step,
    ) -> Result<(), ReleaseError> {
        let _lease = self.lease_for(step).await?;
        self.progress().starting(step);
        let fact = match effects.perform(state, step).await {
            Ok(fact) => {
                self.progress().performed(step);
                fact
            }
            Err(failure) => Fact::step_failed(step, &failure),
        };
        let entry = self.tell(shared, fact).await?;
        if let Fact::Deployed { environment, .. } = &entry.fact {
            let state = shared.state.lock().await.clone();
            self.finish_way_back(&state, environment).await?;
        }
        // They are asked once the decision is recorded, before anything comes of it: they see the same world.
        if let Some(fact) = shadows::ask(self.application(), &entry.fact).await
            && let Err(error) = self.tell(shared, fact).await
        {
            self.say_lost(&error);
        }
        Ok(())
    }

    /// The release with what was given to it since, if the step is still the next one.
    async fn refreshed(
        &self,
        shared: &Shared,
        step: &Step,
        name: &EnvironmentName,
    ) -> Result<Option<ReleaseState>, ReleaseError> {
        let mut state = shared.state.lock().await;
        *state = self.refresh(state.clone()).await?;
        let fresh = next_in(&state, name).as_ref() == Some(step);
        Ok(fresh.then(|| state.clone()))
    }

    async fn tell(&self, shared: &Shared, fact: Fact) -> Result<Entry, ReleaseError> {
        let entry = self.record(&mut *shared.state.lock().await, fact).await?;
        shared.told.send_modify(|_| {});
        Ok(entry)
    }
}

impl Shared {
    /// The next step in an environment, and the release as it is now.
    async fn next(&self, name: &EnvironmentName) -> Option<(Step, ReleaseState)> {
        let state = self.state.lock().await;
        next_in(&state, name).map(|step| (step, state.clone()))
    }

    /// Whether what others do may bring the release to an environment in this run.
    async fn may_go_on(&self, name: &EnvironmentName) -> bool {
        let state = self.state.lock().await;
        let environment = state.environment(name);
        environment.is_some_and(|environment| environment.is_pending() && state.is_in_motion(environment))
    }
}
