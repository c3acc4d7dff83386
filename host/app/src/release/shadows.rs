//! Shadows: the policies that are asked what others just decided. They see the very same request, with settings of their
//! own, and whatever they do is recorded and changes nothing.

use std::{future::Future, sync::Arc};

use plimsoll_core::{
    decision::{Decided, DecisionRecord, Outcome, PolicyIdentity, PromotionRecord},
    digest::Digest,
    fact::Fact,
    names::EnvironmentName,
    ports::{Activity, Progress},
    shadow::{PromotionShadow, ShadowRecord},
};
use tokio::task::spawn_blocking;

use crate::application::Application;

/// Tells which shadows are not there.
pub(super) fn tell_missed(application: &Application, progress: &dyn Progress) {
    application.missed_shadows().for_each(|missed| progress.activity(Activity::Warning(missed)));
}

/// Asks the shadows of whoever made a decision, and gives the fact that comes of it; nothing when there are none, or when
/// the fact is no decision.
pub(super) async fn ask(application: &Application, fact: &Fact) -> Option<Fact> {
    match fact {
        Fact::TagsDerived { record, .. } => {
            let shadow = application.tagging.shadow.as_ref()?;
            let (policy, mut request) = (Arc::clone(&shadow.policy), record.request.clone());
            request.settings.clone_from(&shadow.settings);
            let identity = policy.identity().clone();
            let asked =
                begin(record, shadow.configured, identity, request, move |request| policy.derive(request));
            Some(Fact::TagsShadowed { shadow: Box::new(asked.await) })
        }
        Fact::Decided { environment, records, .. } => {
            let shadows = promotion(application, environment, records).await;
            (!shadows.is_empty()).then(|| Fact::Shadowed { environment: environment.clone(), shadows })
        }
        _ => None,
    }
}

/// Asks the shadows of an environment, all at the same time: they are waited for no longer than the slowest may take.
async fn promotion(
    application: &Application,
    environment: &EnvironmentName,
    records: &[PromotionRecord],
) -> Vec<PromotionShadow> {
    let bindings = application.environment(environment).map_or(&[][..], |environment| &environment.promotion);
    let mut asked = Vec::new();
    for (binding, record) in bindings.iter().zip(records) {
        let Some(shadow) = &binding.shadow else { continue };
        let (policy, mut request) = (Arc::clone(&shadow.policy), record.request.clone());
        request.settings.clone_from(&shadow.settings);
        let identity = policy.identity().clone();
        asked
            .push(begin(record, shadow.configured, identity, request, move |request| policy.decide(request)));
    }
    let mut shadows = Vec::with_capacity(asked.len());
    for asked in asked {
        shadows.push(asked.await);
    }
    shadows
}

/// Begins to ask a shadow on a thread that may block; the answer is waited for.
fn begin<Request, Answer, Ask>(
    record: &DecisionRecord<Request, Answer>,
    configured: Digest,
    policy: PolicyIdentity,
    request: Request,
    ask: Ask,
) -> impl Future<Output = ShadowRecord<Request, Answer>> + use<Request, Answer, Ask>
where
    Request: Clone + Send + 'static,
    Answer: Clone + Send + 'static,
    Ask: FnOnce(&Request) -> Decided<Answer> + Send + 'static,
{
    let (decider, outcome) = (record.policy.clone(), record.outcome.clone());
    let question = request.clone();
    let work = spawn_blocking(move || ask(&question));
    async move {
        let decided = work.await.unwrap_or_else(|error| Decided {
            outcome: Outcome::Trapped { reason: error.to_string() },
            transcript: Vec::new(),
            fuel: 0,
        });
        ShadowRecord {
            decider,
            decided: outcome,
            configured,
            record: DecisionRecord::new(policy, request, decided),
        }
    }
}
