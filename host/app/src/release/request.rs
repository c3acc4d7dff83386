//! Asking for a release in an environment by name: promotion, hotfix, emergency, and the way back.

use plimsoll_core::{
    contract::Intent,
    fact::Fact,
    names::{EnvironmentName, ReleaseId},
    ports::{FailureClass, LeaseScope, PortFailure},
    release::{ReleaseState, Stay},
};

use super::{Executor, ReleaseError, order};

/// Somebody's wish to have a release in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The release.
    pub release: ReleaseId,
    /// The environment.
    pub environment: EnvironmentName,
    /// Why it should go there.
    pub intent: Intent,
    /// Who asks.
    pub by: String,
    /// Their reason.
    pub reason: Option<String>,
}

/// Why nothing was asked.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("release {release} began without the environment {environment}")]
    NoEnvironment { release: ReleaseId, environment: EnvironmentName },
    #[error("release {0} has no image in its repository yet")]
    NoImage(ReleaseId),
    #[error("release {release} runs in {environment} already")]
    Runs { release: ReleaseId, environment: EnvironmentName },
}

impl Executor<'_> {
    /// Asks the policies of an environment again, now, and follows the release from there.
    ///
    /// # Errors
    /// The release cannot be asked for there, the journal failed, or another host kept the release for too long.
    pub async fn request(&self, request: Request) -> Result<ReleaseState, ReleaseError> {
        let _lease = self.lease(LeaseScope::Release(request.release.clone())).await?;
        let mut state = self.load(&request.release).await?;
        self.check(&state, &request).await?;
        self.require_repository(&state)?;
        let Request { environment, intent, by, reason, .. } = request;
        self.record(&mut state, self.application().taken_up(true)).await?;
        self.record(&mut state, Fact::Requested { environment, intent, by, reason }).await?;
        self.follow(state).await
    }

    /// Brings back a release that ran in an environment before. What runs there now is taken out once the other one is in.
    ///
    /// # Errors
    /// As [`Executor::request`].
    pub async fn roll_back(
        &self,
        release: &ReleaseId,
        environment: &EnvironmentName,
        by: &str,
        reason: &str,
    ) -> Result<ReleaseState, ReleaseError> {
        self.request(Request {
            release: release.clone(),
            environment: environment.clone(),
            intent: Intent::Rollback,
            by: by.to_owned(),
            reason: Some(reason.to_owned()),
        })
        .await
    }

    async fn check(&self, state: &ReleaseState, request: &Request) -> Result<(), ReleaseError> {
        let Request { release, environment, .. } = request;
        let problem = if state.environment(environment).is_none() {
            RequestError::NoEnvironment { release: release.clone(), environment: environment.clone() }
        } else if !state.pushed {
            RequestError::NoImage(release.clone())
        } else {
            let journal = self.application().journal.as_ref();
            let running = order::standing(journal, environment).await.map_err(ReleaseError::Journal)?;
            let stay = state.environment(environment).map(|environment| &environment.stay);
            let here = running.is_some_and(|running| running.state.release == *release);
            if !here || !matches!(stay, Some(Stay::Deployed { healthy: true, .. })) {
                return Ok(());
            }
            RequestError::Runs { release: release.clone(), environment: environment.clone() }
        };
        let hint = match &problem {
            RequestError::NoEnvironment { .. } => {
                "release a newer commit: it knows the environments of the configuration"
            }
            RequestError::NoImage(_) => "`plimsoll resume` builds and pushes it first",
            RequestError::Runs { .. } => "`plimsoll status` shows what runs where",
        };
        Err(ReleaseError::Request(PortFailure::new(FailureClass::User, problem).hint(hint)))
    }
}
