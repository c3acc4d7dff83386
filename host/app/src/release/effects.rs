//! The effects: what each step does to the world, and the fact that comes of it.

use std::sync::{Mutex, PoisonError};

use plimsoll_core::{
    contract::{Decision, Derivation, Evidence, EvidenceOutcome, TagMode},
    decision::Outcome,
    digest::Digest,
    fact::Fact,
    names::{CheckName, EnvironmentName, Tag},
    plan::{PlannedTag, TagPlan},
    ports::{Activity, Checked, Deployment, FailureClass, PortFailure, Progress, PushReport},
    release::{Attestation, ReleaseState, Step},
};

use super::{admission, ahead, order, questions};
use crate::{
    application::{Application, Environment},
    provenance::statements,
};

/// Carries out single steps.
pub(super) struct Effects<'a> {
    application: &'a Application,
    progress: &'a dyn Progress,
    /// What was sent while the image was built.
    ahead: Mutex<PushReport>,
}

/// Why a step could not even be tried.
#[derive(Debug, thiserror::Error)]
pub(super) enum EffectError {
    #[error("the release is not at the step `{0}`: what the step needs is not there")]
    NotYet(&'static str),
    #[error("the environment {0} is no longer in the configuration")]
    EnvironmentGone(EnvironmentName),
    #[error(
        "the tag {tag} exists already and points to {found}: a version tag never moves to another image ({wanted})"
    )]
    TagTaken { tag: Tag, found: Digest, wanted: Digest },
}

impl From<EffectError> for PortFailure {
    fn from(error: EffectError) -> Self {
        let (class, hint) = match &error {
            EffectError::NotYet(_) => (FailureClass::Internal, None),
            EffectError::EnvironmentGone(_) => (
                FailureClass::Configuration,
                Some("resume the release with the configuration that it began with"),
            ),
            EffectError::TagTaken { .. } => (
                FailureClass::User,
                Some("release this commit under a new version, or remove the tag from the registry"),
            ),
        };
        Self { class, hint: hint.map(str::to_owned), error: error.into() }
    }
}

impl<'a> Effects<'a> {
    /// Effects on this application's world.
    #[must_use]
    pub(super) fn new(application: &'a Application, progress: &'a dyn Progress) -> Self {
        Self { application, progress, ahead: Mutex::default() }
    }

    /// Carries out one step.
    ///
    /// # Errors
    /// It could not be done. Whatever it did is harmless to do again.
    pub(super) async fn perform(&self, state: &ReleaseState, step: &Step) -> Result<Fact, PortFailure> {
        match step {
            Step::DeriveTags => self.derive_tags(state).await,
            Step::Build => self.build(state).await,
            Step::Push => self.push(state).await,
            Step::Attest(attestation) => self.attest(state, attestation).await,
            Step::SetTag(planned) => self.set_tag(state, planned).await,
            Step::Decide(environment) => self.decide(state, environment, state.built).await,
            Step::Deploy(environment) => self.deploy(state, environment).await,
            Step::Verify(environment, check) => self.verify(state, environment, check).await,
        }
    }

    /// Asks the tagging policy.
    pub(super) async fn derive_tags(&self, state: &ReleaseState) -> Result<Fact, PortFailure> {
        let Application { tagging, image, clock, .. } = self.application;
        let record = questions::derive_tags(tagging, &state.opening.source, &image.written, *clock).await?;
        let plan = match &record.outcome {
            // The sandbox checked the proposal already: an answer that does not pass never comes as an answer.
            Outcome::Answered(Derivation::Plan(proposal)) => TagPlan::check(proposal).ok(),
            _ => None,
        };
        Ok(Fact::TagsDerived { record: Box::new(record), plan })
    }

    async fn build(&self, state: &ReleaseState) -> Result<Fact, PortFailure> {
        let plan = state.plan().ok_or(EffectError::NotYet("build"))?;
        let commit_time = state.opening.source.commit.time;
        let request =
            self.application.image.build_request(plan.labels.clone(), plan.annotations.clone(), commit_time);
        let Application { builder, repository, .. } = self.application;
        let (built, sent) =
            ahead::build(builder.as_ref(), repository.as_ref(), &request, self.progress).await?;
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = sent;
        Ok(Fact::Built { digest: built.digest, size: built.size, bases: built.bases })
    }

    async fn push(&self, state: &ReleaseState) -> Result<Fact, PortFailure> {
        let digest = state.built.ok_or(EffectError::NotYet("push"))?;
        let layout = &self.application.image.layout;
        let report = self.application.repository.push(layout, &digest, self.progress).await?;
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let (blobs_sent, bytes_sent) =
            (report.blobs_sent + ahead.blobs_sent, report.bytes_sent + ahead.bytes_sent);
        // The push found those that were sent ahead.
        let blobs_present = report.blobs_present.saturating_sub(ahead.blobs_sent);
        self.progress.activity(Activity::Line(&format!(
            "sent {blobs_sent} blobs ({bytes_sent} bytes), {blobs_present} were there already"
        )));
        Ok(Fact::Pushed { digest })
    }

    /// Puts a statement about the image beside it.
    async fn attest(&self, state: &ReleaseState, attestation: &Attestation) -> Result<Fact, PortFailure> {
        let image = state.built.ok_or(EffectError::NotYet("attest"))?;
        let provenance = self.application.provenance.as_ref().ok_or(EffectError::NotYet("attest"))?;
        let statement = statements::statement(self.application, provenance, state, attestation).await?;
        let referrer = provenance.attach(&image, &statement).await?;
        Ok(Fact::Attested { attestation: attestation.clone(), referrer })
    }

    async fn set_tag(&self, state: &ReleaseState, planned: &PlannedTag) -> Result<Fact, PortFailure> {
        let digest = state.built.ok_or(EffectError::NotYet("set-tag"))?;
        let tag = &planned.tag;
        let previous = self.application.repository.resolve(tag).await?;
        match (planned.mode, previous) {
            (TagMode::Create, Some(found)) if found != digest => {
                return Err(EffectError::TagTaken { tag: tag.clone(), found, wanted: digest }.into());
            }
            (TagMode::Create, _) => {}
            (TagMode::Move, _) => {
                if let Some(newer) =
                    order::newer_at_tag(self.application.journal.as_ref(), state, tag, previous).await?
                {
                    return Ok(Fact::TagKept { tag: tag.clone(), newer });
                }
            }
        }
        if previous != Some(digest) {
            self.application.repository.set_tag(tag, &digest).await?;
        }
        Ok(Fact::Tagged { tag: tag.clone(), previous })
    }

    /// Asks the policies of an environment, unless the host itself keeps the release out. The digest is absent in a dry run.
    pub(super) async fn decide(
        &self,
        state: &ReleaseState,
        name: &EnvironmentName,
        digest: Option<Digest>,
    ) -> Result<Fact, PortFailure> {
        let environment = self.environment(name)?;
        let journal = self.application.journal.as_ref();
        let now = self.application.clock.now();
        if let Some(obstacle) = admission::obstacle(journal, state, environment, now).await? {
            return Ok(obstacle.fact(name));
        }
        let (verdict, records) =
            questions::ask_for_promotion(self.application, state, environment, digest).await?;
        Ok(Fact::Decided { environment: name.clone(), verdict, records })
    }

    async fn deploy(&self, state: &ReleaseState, name: &EnvironmentName) -> Result<Fact, PortFailure> {
        let environment = self.environment(name)?;
        let allowed = state.environment(name).and_then(|environment| environment.verdict.as_ref());
        if allowed.is_none_or(|verdict| verdict.decision != Decision::Allow) {
            return Err(EffectError::NotYet("deploy").into());
        }
        let mut deployment = self.deployment(state)?;
        deployment.previous = order::previous(self.application.journal.as_ref(), state, name).await?;
        let fact = match environment.target.deploy(&deployment, self.progress).await {
            Ok(deployed) => Fact::Deployed {
                environment: name.clone(),
                digest: deployment.digest,
                healthy: deployed.healthy,
                location: deployed.location,
            },
            Err(failure) => Fact::deployment_failed(&Step::Deploy(name.clone()), &failure),
        };
        Ok(fact)
    }

    /// Makes a check. One that is no longer configured is unknown; where another release runs by now, nothing is checked.
    async fn verify(
        &self,
        state: &ReleaseState,
        name: &EnvironmentName,
        check: &CheckName,
    ) -> Result<Fact, PortFailure> {
        let running = order::standing(self.application.journal.as_ref(), name).await?;
        if let Some(other) = running.filter(|running| running.state.release != state.release) {
            return Ok(Fact::Superseded { environment: name.clone(), newer: other.state.release });
        }
        let environment = self.application.environment(name);
        let configured = environment.and_then(|environment| environment.check(check));
        let (required, checked) = match configured {
            Some(check) => {
                let deployment = self.deployment(state)?;
                (check.required(), check.run(name, &deployment, self.progress).await)
            }
            None => {
                let value = Some("it is no longer in the configuration".to_owned());
                (true, Checked { outcome: EvidenceOutcome::Unknown, value })
            }
        };
        let evidence = Evidence {
            name: check.to_string(),
            outcome: checked.outcome,
            value: checked.value,
            at: self.application.clock.now(),
        };
        Ok(Fact::Verified { environment: name.clone(), check: check.clone(), required, evidence })
    }

    /// The release as targets and checks see it.
    fn deployment(&self, state: &ReleaseState) -> Result<Deployment, EffectError> {
        Ok(Deployment {
            release: state.release.clone(),
            repository: self.application.image.name.clone(),
            digest: state.built.ok_or(EffectError::NotYet("deploy"))?,
            version: state.plan().and_then(|plan| plan.version.clone()),
            previous: None,
        })
    }

    /// The environment of this name.
    pub(super) fn environment(&self, name: &EnvironmentName) -> Result<&Environment, EffectError> {
        self.application.environment(name).ok_or_else(|| EffectError::EnvironmentGone(name.clone()))
    }
}
