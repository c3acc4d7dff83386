//! The dry run: the same machine, with the effects left out.

use std::collections::BTreeMap;

use plimsoll_core::{
    contract::{Evidence, EvidenceOutcome, TagMode},
    digest::Digest,
    fact::{Entry, Fact},
    names::EnvironmentName,
    plan::PlannedTag,
    ports::{PortFailure, Progress},
    release::{ReleaseState, Standing, Step, next, release_id},
};

use super::{Effects, Event, ReleaseError, order, shadows};
use crate::{application::Application, report::ReleaseReport};

/// Stands for the digest of an image that was never built. No question to a policy ever holds it.
const UNBUILT: Digest = Digest::from_bytes([0; 32]);

/// What a release would do.
#[derive(Debug, Clone)]
pub struct Preview {
    /// How the release would stand at its end, if every build, push and deployment worked.
    pub state: ReleaseState,
    /// The image's digest, when an earlier run built it.
    pub digest: Option<Digest>,
    /// What would change in each environment that the release would reach, as text for people.
    pub changes: BTreeMap<EnvironmentName, String>,
}

impl Preview {
    /// How the release would be reported. What only would be deployed is not reported as deployed.
    #[must_use]
    pub fn report(&self) -> ReleaseReport {
        let mut report = ReleaseReport::with_digest(&self.state, self.digest);
        for environment in &mut report.environments {
            environment.deployed &= !self.changes.keys().any(|name| name.as_str() == environment.name);
        }
        report
    }
}

/// Previews the release of an event. It asks the policies and reads the journal; it writes nothing and builds nothing.
/// It asks a registry only where a policy does that is granted `registry`.
///
/// # Errors
/// The journal could not be read.
pub async fn preview(
    application: &Application,
    event: Event,
    progress: &dyn Progress,
) -> Result<Preview, ReleaseError> {
    shadows::tell_missed(application, progress);
    let Imagined { state, digest, changes, .. } = imagine_until(application, event, progress, None).await?;
    Ok(Preview { state, digest, changes })
}

/// A release in the mind.
pub(super) struct Imagined {
    pub(super) state: ReleaseState,
    pub(super) digest: Option<Digest>,
    pub(super) changes: BTreeMap<EnvironmentName, String>,
    /// Whether it got to the question that it was to stop at.
    pub(super) reached: bool,
}

/// Lets the machine run on imagined facts to its end, or until it is about to ask about an environment. Shadows are asked
/// only on the way to the end: what they say leads to no question.
pub(super) async fn imagine_until(
    application: &Application,
    event: Event,
    progress: &dyn Progress,
    stop: Option<&EnvironmentName>,
) -> Result<Imagined, ReleaseError> {
    let (mut state, first) = begin(application, event).await?;
    let digest = state.built;
    let effects = Effects::new(application, progress);
    let mut changes = BTreeMap::new();
    let mut reached = false;
    if !matches!(state.standing(), Standing::Done | Standing::Refused) {
        state.apply(&entry(&first, &state, application.taken_up(false)));
        while let Some(step) = next(&state) {
            reached = stop.is_some_and(|stop| step == Step::Decide(stop.clone()));
            if reached {
                break;
            }
            let fact = match imagine(application, &effects, &state, &step, digest, &mut changes).await {
                Ok(fact) => fact,
                Err(failure) => Fact::step_failed(&step, &failure),
            };
            let stuck = matches!(fact, Fact::StepFailed { environment: None, .. });
            let shadowed = if stop.is_none() { shadows::ask(application, &fact).await } else { None };
            for fact in [Some(fact), shadowed].into_iter().flatten() {
                state.apply(&entry(&first, &state, fact));
            }
            if stuck {
                break;
            }
        }
    }
    Ok(Imagined { state, digest, changes, reached })
}

/// The release as the journal has it, or as it would be opened; with its first entry.
async fn begin(application: &Application, event: Event) -> Result<(ReleaseState, Entry), ReleaseError> {
    let release = release_id(&event.source, &application.image.written, event.occurrence.as_deref());
    let entries = application.journal.release(&release).await.map_err(ReleaseError::Journal)?;
    if let Some(first) = entries.first() {
        let state = ReleaseState::fold(&entries).ok_or(ReleaseError::Damaged(release))?;
        return Ok((state, first.clone()));
    }
    let opening = application.opening(event.source, event.intent);
    let fact = Fact::Opened(Box::new(opening));
    // It would come after everything that is in the journal now.
    let first = Entry { sequence: u64::MAX, at: application.clock.now(), release: release.clone(), fact };
    let state = ReleaseState::open(&first).ok_or(ReleaseError::Damaged(release))?;
    Ok((state, first))
}

fn entry(first: &Entry, state: &ReleaseState, fact: Fact) -> Entry {
    Entry { sequence: first.sequence, at: first.at, release: state.release.clone(), fact }
}

async fn imagine(
    application: &Application,
    effects: &Effects<'_>,
    state: &ReleaseState,
    step: &Step,
    digest: Option<Digest>,
    changes: &mut BTreeMap<EnvironmentName, String>,
) -> Result<Fact, PortFailure> {
    let stand_in = digest.unwrap_or(UNBUILT);
    Ok(match step {
        Step::DeriveTags => effects.derive_tags(state).await?,
        Step::Build => Fact::Built { digest: stand_in, size: 0, bases: Vec::new() },
        Step::Push => Fact::Pushed { digest: stand_in },
        Step::Attest(attestation) => Fact::Attested { attestation: attestation.clone(), referrer: stand_in },
        Step::SetTag(planned) => imagine_tag(application, state, planned).await?,
        Step::Decide(environment) => effects.decide(state, environment, digest).await?,
        Step::Deploy(name) => {
            let target = &effects.environment(name)?.target;
            let change = target.preview(&application.image.name, digest.as_ref()).await?;
            changes.insert(name.clone(), change);
            Fact::Deployed {
                environment: name.clone(),
                digest: stand_in,
                healthy: true,
                location: String::new(),
            }
        }
        Step::Verify(environment, check) => Fact::Verified {
            environment: environment.clone(),
            check: check.clone(),
            required: false,
            evidence: Evidence {
                name: check.to_string(),
                outcome: EvidenceOutcome::Unknown,
                value: Some("a dry run makes no checks".to_owned()),
                at: application.clock.now(),
            },
        },
    })
}

async fn imagine_tag(
    application: &Application,
    state: &ReleaseState,
    planned: &PlannedTag,
) -> Result<Fact, PortFailure> {
    let tag = planned.tag.clone();
    let newer = match planned.mode {
        TagMode::Create => None,
        TagMode::Move => order::newer_at_tag(application.journal.as_ref(), state, &tag, None).await?,
    };
    Ok(match newer {
        Some(newer) => Fact::TagKept { tag, newer },
        None => Fact::Tagged { tag, previous: None },
    })
}
