//! The question that a release would ask about an environment, put together without asking it.

use plimsoll_core::{
    contract::PromotionRequest,
    names::EnvironmentName,
    ports::Progress,
    release::{ReleaseState, Stay, Tagging},
};

use super::{Event, ReleaseError, order, preview, questions};
use crate::application::{Application, Environment};

/// What a release of an event would ask about an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct PromotionQuestions {
    /// The requests, one for each binding of the environment, in its order.
    pub requests: Vec<PromotionRequest>,
    /// Why a release would not ask them as things stand, if so: one sentence.
    pub not_now: Option<String>,
}

/// The questions that a release of an event would ask about an environment. The release is previewed up to there, so the
/// requests are those of [`preview`](super::preview), and of the release itself once what comes before went well. That asks
/// the tagging policy and those of the environments before, and no shadow.
///
/// # Errors
/// The journal could not be read, or there is no image to ask about.
pub async fn promotion_questions(
    application: &Application,
    event: Event,
    environment: &Environment,
    progress: &dyn Progress,
) -> Result<PromotionQuestions, ReleaseError> {
    let name = &environment.name;
    let imagined = preview::imagine_until(application, event, progress, Some(name)).await?;
    let state = imagined.state;
    let no_image = |reason: String| Err(ReleaseError::NoQuestion { environment: name.clone(), reason });
    match &state.tagging {
        Tagging::Planned { .. } => {}
        Tagging::Refused(_) => return no_image("the tagging policy refuses the event".to_owned()),
        Tagging::Unanswered(reason) => return no_image(reason.clone()),
        Tagging::Pending => {
            let failure = state.failure.as_ref().map(|failure| failure.message.clone());
            return no_image(failure.unwrap_or_else(|| "the tags were not derived".to_owned()));
        }
    }
    let newer = order::newer_in_environment(application.journal.as_ref(), &state, name).await;
    let not_now = match newer.map_err(ReleaseError::Question)? {
        Some(newer) => Some(format!("{name} has {newer}, which is newer")),
        None if imagined.reached => None,
        None => Some(standing(&state, name)),
    };
    let requests = questions::promotion_requests(application, &state, environment, imagined.digest).await;
    Ok(PromotionQuestions { requests: requests.map_err(ReleaseError::Question)?, not_now })
}

/// Why a release does not come to ask about an environment.
fn standing(state: &ReleaseState, name: &EnvironmentName) -> String {
    let Some(environment) = state.environment(name) else {
        return format!("{name} was not in the configuration when the release began");
    };
    match &environment.stay {
        Stay::Deployed { .. } => format!("the release is in {name} already"),
        Stay::Denied => format!("the release was denied entry to {name}, for good"),
        Stay::Rejected { by, reason } => format!("{by} took the release out of {name}: {reason}"),
        Stay::Superseded(newer) => format!("{newer} got to {name} first"),
        Stay::Failed(reason) => format!("it fails: {reason}"),
        Stay::Pending | Stay::Held | Stay::Allowed => {
            let missing = state.missing_before(environment);
            let missing: Vec<_> = missing.into_iter().map(ToString::to_string).collect();
            match (&state.failure, missing.is_empty()) {
                (Some(failure), _) => format!("it fails before: {}", failure.message),
                (None, false) => format!("it does not get through {}", missing.join(", ")),
                (None, true) => format!("it does not get to {name}"),
            }
        }
    }
}
