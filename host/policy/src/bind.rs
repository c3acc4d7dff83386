//! A policy at one place of the configuration: linked with what it is granted, ready to be asked.

use std::{fmt, sync::Arc};

use plimsoll_core::{
    contract::{Derivation, PromotionRequest, SettingsProblem, TaggingRequest, Verdict},
    decision::{Decided, Outcome, PolicyIdentity},
    ports::{FailureClass, PortFailure, PromotionPolicy, TaggingPolicy},
    verdict::MOST_FINDINGS,
};
use wasmtime::component::{InstancePre, Linker};

use crate::{
    answer,
    bindings::exports::plimsoll::policy::{about, promotion, tagging},
    capabilities,
    grants::{Capability, Grants},
    limits::{Limits, LimitsError},
    load::Policy,
    request,
    run::{Asker, Reply, State, clip},
};

/// What one place of the configuration gives a policy.
#[derive(Debug, Clone, Default)]
pub struct Binding {
    /// The capabilities that it may use.
    pub grants: Grants,
    /// How much a question may use.
    pub limits: Limits,
}

/// Why a policy was not bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// It wants what the binding does not grant.
    #[error("the policy `{reference}` asks for {}, which its binding does not grant", quoted(missing, "`"))]
    NotGranted {
        /// Where the policy comes from.
        reference: String,
        /// What is not granted.
        missing: Vec<Capability>,
        /// All that it wants.
        wants: Vec<Capability>,
    },
    /// A limit cannot be kept.
    #[error("the limits of the policy `{reference}` cannot be kept")]
    Limits {
        /// Where the policy comes from.
        reference: String,
        /// Which one.
        #[source]
        source: LimitsError,
    },
    /// Its imports or exports are not those of the contract.
    #[error("the policy `{reference}` does not fit the contract: {reason}")]
    Link {
        /// Where the policy comes from.
        reference: String,
        /// What the engine says.
        reason: String,
    },
}

impl BindError {
    /// The line of configuration that would help, where there is one.
    #[must_use]
    pub fn configuration_line(&self) -> Option<String> {
        match self {
            Self::NotGranted { wants, .. } => Some(format!("grants = [{}]", quoted(wants, "\""))),
            _ => None,
        }
    }
}

fn quoted(capabilities: &[Capability], quote: &str) -> String {
    let names: Vec<_> = capabilities.iter().map(|capability| format!("{quote}{capability}{quote}")).collect();
    names.join(", ")
}

impl From<BindError> for PortFailure {
    fn from(error: BindError) -> Self {
        let hint = match &error {
            BindError::NotGranted { .. } => error
                .configuration_line()
                .map(|line| format!("if it may have that, add `{line}` to the binding in plimsoll.toml")),
            BindError::Limits { .. } => Some("change the limit in the binding".to_owned()),
            BindError::Link { .. } => Some("build the policy again with the contract's own files".to_owned()),
        };
        let class = match error {
            BindError::Link { .. } => FailureClass::Policy,
            _ => FailureClass::Configuration,
        };
        Self { class, hint, error: error.into() }
    }
}

/// Why settings were not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The policy refuses them.
    #[error("the policy does not accept its settings: {}", told(problems))]
    Refused {
        /// Everything that is wrong with them, at least one.
        problems: Vec<SettingsProblem>,
    },
    /// The policy did not say.
    #[error("the policy could not check its settings: {reason}")]
    Unchecked {
        /// What happened.
        reason: String,
    },
}

fn told(problems: &[SettingsProblem]) -> String {
    let tell = |problem: &SettingsProblem| match problem.pointer.as_str() {
        "" => problem.message.clone(),
        pointer => format!("{pointer}: {}", problem.message),
    };
    problems.iter().map(tell).collect::<Vec<_>>().join("; ")
}

impl From<SettingsError> for PortFailure {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Refused { .. } => Self::new(FailureClass::Configuration, error)
                .hint("correct the binding's `settings`; its documentation lists them"),
            SettingsError::Unchecked { .. } => {
                Self::new(FailureClass::Policy, error).hint("tell the policy's author")
            }
        }
    }
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
    fn asker(&self, grants: Option<Grants>) -> Asker<'_> {
        Asker { room: self.policy.room(), linked: &self.linked, limits: self.binding.limits, grants }
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
        self.bound.asker(Some(self.bound.binding.grants.clone())).ask(|store, instance| {
            let guest = self.indices.load(&mut *store, instance)?;
            let answered = request::lend_tagging(request, |request| guest.call_derive(&mut *store, request))?;
            Ok(reply(answered.map(answer::derivation)))
        })
    }
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
        self.bound.asker(Some(self.bound.binding.grants.clone())).ask(|store, instance| {
            let guest = self.indices.load(&mut *store, instance)?;
            let answered =
                request::lend_promotion(request, |request| guest.call_decide(&mut *store, request))?;
            Ok(reply(answered.map(answer::verdict)))
        })
    }
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
