//! The questions to the policies, put together from what the host knows, and the asking.

use std::sync::Arc;

use plimsoll_core::{
    contract::{Environment, Image, PromotionRequest, Source, TaggingRequest, Verdict},
    decision::{DecisionRecord, PromotionRecord, TaggingRecord},
    digest::Digest,
    ports::{FailureClass, Journal, PortFailure, PromotionPolicy, TaggingPolicy},
    release::ReleaseState,
    verdict,
};

use super::order;
use crate::{
    application::{self, Application, Binding},
    clock::{Clock, ClockError, moment},
};

impl From<ClockError> for PortFailure {
    fn from(error: ClockError) -> Self {
        Self::new(FailureClass::Configuration, error)
            .hint("correct `time-zone` in the binding of this policy")
    }
}

/// Asks which tags, labels and version an event would give. Needs nothing but the event and the binding.
///
/// # Errors
/// The question could not be put. A policy that does not answer is no error but an outcome of the record.
pub async fn derive_tags(
    binding: &Binding<dyn TaggingPolicy>,
    source: &Source,
    repository: &str,
    clock: Clock,
) -> Result<TaggingRecord, PortFailure> {
    let request = tagging_request(source, repository, clock, &binding.time_zone, &binding.settings)?;
    let policy = Arc::clone(&binding.policy);
    on_a_blocking_thread(move || {
        let decided = policy.derive(&request);
        DecisionRecord::new(policy.identity().clone(), request, decided)
    })
    .await
}

/// The question which tags an event would give.
///
/// # Errors
/// There is no such time zone.
pub fn tagging_request(
    source: &Source,
    repository: &str,
    clock: Clock,
    time_zone: &str,
    settings: &str,
) -> Result<TaggingRequest, PortFailure> {
    Ok(TaggingRequest {
        source: source.clone(),
        repositories: vec![repository.to_owned()],
        now: moment(clock.now(), time_zone)?,
        settings: settings.to_owned(),
    })
}

/// Asks all promotion policies of an environment, and joins what they say. The digest is absent in a dry run whose
/// image was never built.
pub(super) async fn ask_for_promotion(
    application: &Application,
    state: &ReleaseState,
    environment: &application::Environment,
    digest: Option<Digest>,
) -> Result<(Verdict, Vec<PromotionRecord>), PortFailure> {
    let requests = promotion_requests(application, state, environment, digest).await?;
    let mut records = Vec::with_capacity(requests.len());
    for (binding, request) in environment.promotion.iter().zip(requests) {
        records.push(ask_one(binding, request).await?);
    }
    Ok((verdict::join(&records), records))
}

/// The questions about an environment, one for each of its bindings.
pub(super) async fn promotion_requests(
    application: &Application,
    state: &ReleaseState,
    environment: &application::Environment,
    digest: Option<Digest>,
) -> Result<Vec<PromotionRequest>, PortFailure> {
    let environments = environments(application, application.journal.as_ref()).await?;
    let now = application.clock.now();
    let stay = state.environment(&environment.name);
    let intent = stay.map_or_else(|| state.opening.intent.clone(), |stay| state.intent(stay, now));
    let request = |binding: &Binding<dyn PromotionPolicy>| {
        Ok(PromotionRequest {
            source: state.opening.source.clone(),
            image: image(state, digest),
            intent: intent.clone(),
            environment: environment.name.to_string(),
            environments: environments.clone(),
            passages: state.passages(),
            approvals: state.approvals.clone(),
            evidence: state.evidence.clone(),
            now: moment(now, &binding.time_zone)?,
            settings: binding.settings.clone(),
        })
    };
    environment.promotion.iter().map(request).collect()
}

/// Asks the policy of one binding.
///
/// # Errors
/// The question could not be put. A policy that does not answer is no error but an outcome of the record.
pub async fn ask_one(
    binding: &Binding<dyn PromotionPolicy>,
    request: PromotionRequest,
) -> Result<PromotionRecord, PortFailure> {
    let policy = Arc::clone(&binding.policy);
    on_a_blocking_thread(move || {
        let decided = policy.decide(&request);
        DecisionRecord::new(policy.identity().clone(), request, decided)
    })
    .await
}

fn image(state: &ReleaseState, digest: Option<Digest>) -> Image {
    let plan = state.plan();
    let labels = plan.into_iter().flat_map(|plan| &plan.labels);
    Image {
        repository: state.opening.repository.clone(),
        digest: digest.map(|digest| digest.to_string()),
        tags: plan.into_iter().flat_map(|plan| &plan.tags).map(|planned| planned.tag.to_string()).collect(),
        version: plan.and_then(|plan| plan.version.clone()),
        labels: labels
            .map(|(name, value)| plimsoll_core::contract::Label { name: name.clone(), value: value.clone() })
            .collect(),
    }
}

async fn environments(
    application: &Application,
    journal: &dyn Journal,
) -> Result<Vec<Environment>, PortFailure> {
    let mut environments = Vec::with_capacity(application.environments.len());
    for environment in &application.environments {
        environments.push(Environment {
            name: environment.name.to_string(),
            after: environment.after.iter().map(ToString::to_string).collect(),
            running: order::standing(journal, &environment.name).await?.map(|standing| standing.running),
        });
    }
    Ok(environments)
}

/// Policies run to their end on a thread that may block, so that they hold up nobody else.
async fn on_a_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PortFailure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| PortFailure::new(FailureClass::Internal, error))
}
