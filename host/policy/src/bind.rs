//! A policy at one place of the configuration: linked with what it is granted, ready to be asked.

use std::{fmt, sync::Arc};

use plimsoll_core::{
    contract::{Derivation, PromotionRequest, SettingsProblem, TaggingRequest, Verdict},
    decision::{Decided, Outcome, PolicyIdentity},
    ports::{PromotionPolicy, TaggingPolicy},
    verdict::MOST_FINDINGS,
};
use wasmtime::{
    Store,
    component::{Instance, InstancePre, Linker},
};

use crate::{
    answer,
    bind_error::{BindError, SettingsError},
    bindings::exports::plimsoll::policy::{about, promotion, tagging},
    capabilities,
    grants::{Capability, Grants},
    limits::Limits,
    load::Policy,
    recorded::{Cost, Recalled, Recorded},
    request,
    run::{Asker, LookBack, Reply, State, clip},
    session::AnswerSource,
};

/// What one place of the configuration gives a policy.
#[derive(Debug, Clone, Default)]
pub struct Binding {
    /// The capabilities that it may use.
    pub grants: Grants,
    /// How much a question may use.
    pub limits: Limits,
}

/// A policy that is linked with its grants. Cheap to clone.
#[derive(Clone)]
pub struct BoundPolicy(Arc<Bound>);

struct Bound {
    policy: Policy,
    linked: InstancePre<State>,
    about: about::GuestIndices,
    tagging: Option<tagging::GuestIndices>,
    promotion: Option<promotion::GuestIndices>,
    binding: Binding,
}

impl Policy {
    /// Links the policy with what a binding grants, and nothing else.
    ///
    /// # Errors
    /// It wants more than that, a limit cannot be kept, or it does not fit the contract.
    pub fn bind(&self, binding: Binding) -> Result<BoundPolicy, BindError> {
        let reference = || self.identity().reference.clone();
        binding.limits.check().map_err(|source| BindError::Limits { reference: reference(), source })?;
        let granted = |capability: &Capability| binding.grants.grants(*capability);
        let missing: Vec<_> = self.wants().iter().filter(|wanted| !granted(wanted)).copied().collect();
        if !missing.is_empty() {
            return Err(BindError::NotGranted {
                reference: reference(),
                missing,
                wants: self.wants().to_vec(),
            });
        }
        self.link(binding)
            .map_err(|error| BindError::Link { reference: reference(), reason: format!("{error:#}") })
    }

    fn link(&self, binding: Binding) -> wasmtime::Result<BoundPolicy> {
        let mut linker = Linker::new(&self.room().engine);
        capabilities::link(&mut linker, &binding.grants)?;
        let linked = linker.instantiate_pre(self.component())?;
        let answers = self.answers();
        Ok(BoundPolicy(Arc::new(Bound {
            policy: self.clone(),
            about: about::GuestIndices::new(&linked)?,
            tagging: answers.tagging.then(|| tagging::GuestIndices::new(&linked)).transpose()?,
            promotion: answers.promotion.then(|| promotion::GuestIndices::new(&linked)).transpose()?,
            linked,
            binding,
        })))
    }
}

impl BoundPolicy {
    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// The policy as one that derives tags, if it does.
    #[must_use]
    pub fn as_tagging(&self) -> Option<Arc<dyn TaggingPolicy>> {
        let indices = self.0.tagging.clone()?;
        Some(Arc::new(Tagging { bound: Arc::clone(&self.0), indices }))
    }

    /// The policy as one that decides on promotions, if it does.
    #[must_use]
    pub fn as_promotion(&self) -> Option<Arc<dyn PromotionPolicy>> {
        let indices = self.0.promotion.clone()?;
        Some(Arc::new(Promotion { bound: Arc::clone(&self.0), indices }))
    }

    /// Asks which tags an event gets, with a record behind the capabilities. `None`: it does not answer that question.
    #[must_use]
    pub fn derive_from(&self, request: &TaggingRequest, recorded: Recorded) -> Option<Recalled<Derivation>> {
        let indices = self.0.tagging.as_ref()?;
        Some(self.recall(recorded, |store, instance| derive(indices, store, instance, request)))
    }

    /// Asks about a promotion, with a record behind the capabilities. `None`: it does not answer that question.
    #[must_use]
    pub fn decide_from(&self, request: &PromotionRequest, recorded: Recorded) -> Option<Recalled<Verdict>> {
        let indices = self.0.promotion.as_ref()?;
        Some(self.recall(recorded, |store, instance| decide(indices, store, instance, request)))
    }

    fn recall<Answer>(
        &self,
        recorded: Recorded,
        call: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<Reply<Answer>>,
    ) -> Recalled<Answer> {
        let asker = self.0.asker(Some(AnswerSource::Record(recorded)));
        let (decided, look_back) = asker.ask_and_look_back(call);
        let Some(LookBack { source, not_recorded, cost }) = look_back else {
            return Recalled { decided: Ok(decided), unused: Vec::new(), cost: Cost::default() };
        };
        let unused = match source {
            AnswerSource::Record(recorded) => recorded.unused(),
            AnswerSource::World(_) => Vec::new(),
        };
        Recalled { decided: not_recorded.map_or(Ok(decided), Err), unused, cost }
    }

    /// Has the policy check a settings object, JSON text. No capability can be called meanwhile.
    ///
    /// # Errors
    /// The policy refuses the settings, or did not answer within the binding's limits.
    pub fn check_settings(&self, settings: &str) -> Result<(), SettingsError> {
        let about = &self.0.about;
        let checked = self.0.asker(None).ask(|store, instance| {
            let about = about.load(&mut *store, instance)?;
            Ok(Reply::Answer(about.call_check_settings(&mut *store, settings)?))
        });
        match checked.outcome {
            Outcome::Answered(Ok(())) => Ok(()),
            Outcome::Answered(Err(problems)) if problems.is_empty() => {
                Err(SettingsError::Unchecked { reason: "it refuses them and names no problem".to_owned() })
            }
            Outcome::Answered(Err(problems)) => {
                let problem = |about::SettingsProblem { pointer, message }| SettingsProblem {
                    pointer: clip(&pointer),
                    message: clip(&message),
                };
                let problems = problems.into_iter().take(MOST_FINDINGS).map(problem).collect();
                Err(SettingsError::Refused { problems })
            }
            other => Err(SettingsError::Unchecked { reason: other.unanswered().unwrap_or_default() }),
        }
    }
}

impl fmt::Debug for BoundPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundPolicy")
            .field("policy", self.policy())
            .field("binding", &self.0.binding)
            .finish()
    }
}

impl Bound {
    fn asker(&self, source: Option<AnswerSource>) -> Asker<'_> {
        Asker { room: self.policy.room(), linked: &self.linked, limits: self.binding.limits, source }
    }

    /// Asks with the world behind the capabilities.
    fn world(&self) -> Asker<'_> {
        self.asker(Some(AnswerSource::World(self.binding.grants.clone())))
    }
}

/// A bound policy that derives tags.
struct Tagging {
    bound: Arc<Bound>,
    indices: tagging::GuestIndices,
}

impl TaggingPolicy for Tagging {
    fn identity(&self) -> &PolicyIdentity {
        self.bound.policy.identity()
    }

    fn derive(&self, request: &TaggingRequest) -> Decided<Derivation> {
        self.bound.world().ask(|store, instance| derive(&self.indices, store, instance, request))
    }
}

fn derive(
    indices: &tagging::GuestIndices,
    store: &mut Store<State>,
    instance: &Instance,
    request: &TaggingRequest,
) -> wasmtime::Result<Reply<Derivation>> {
    let guest = indices.load(&mut *store, instance)?;
    let answered = request::lend_tagging(request, |request| guest.call_derive(&mut *store, request))?;
    Ok(reply(answered.map(answer::derivation)))
}

/// A bound policy that decides on promotions.
struct Promotion {
    bound: Arc<Bound>,
    indices: promotion::GuestIndices,
}

impl PromotionPolicy for Promotion {
    fn identity(&self) -> &PolicyIdentity {
        self.bound.policy.identity()
    }

    fn decide(&self, request: &PromotionRequest) -> Decided<Verdict> {
        self.bound.world().ask(|store, instance| decide(&self.indices, store, instance, request))
    }
}

fn decide(
    indices: &promotion::GuestIndices,
    store: &mut Store<State>,
    instance: &Instance,
    request: &PromotionRequest,
) -> wasmtime::Result<Reply<Verdict>> {
    let guest = indices.load(&mut *store, instance)?;
    let answered = request::lend_promotion(request, |request| guest.call_decide(&mut *store, request))?;
    Ok(reply(answered.map(answer::verdict)))
}

/// A policy's own failure, the host's refusal of its answer, or the answer.
fn reply<Answer>(
    answered: Result<Result<Answer, Vec<String>>, crate::bindings::plimsoll::policy::types::Failure>,
) -> Reply<Answer> {
    match answered {
        Ok(Ok(answer)) => Reply::Answer(answer),
        Ok(Err(problems)) => Reply::Refused(problems),
        Err(failure) => Reply::Failure(failure.message),
    }
}
