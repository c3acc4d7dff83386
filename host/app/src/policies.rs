//! Bindings of the configuration to policies that are ready to be asked.

use std::{borrow::Cow, path::Path, sync::Arc};

use miette::SourceSpan;
use plimsoll_core::{
    digest::Digest,
    names::EnvironmentName,
    ports::{FailureClass, ImageRepository, Journal, PortFailure, PromotionPolicy, TaggingPolicy},
};
use plimsoll_policy::{BoundPolicy, Grants, Limits, Sandbox, SandboxOptions, SettingsError};
pub use plimsoll_policy::{DESCRIPTION_SECTION, Policy, Reading, Recorded};
use tokio::runtime::Handle;

use crate::{
    application::{Binding, Shadow},
    capabilities::{JournalCapability, RepositoryCapability},
    clock,
    configuration::{self, Capability, Configuration, LimitOverrides, PolicyReference, Problem},
    settings_files,
    sharing::{self, Fetched, PolicySource, Signer},
};

/// Loads the policies of a configuration.
pub(crate) struct Policies<'a> {
    pub(crate) sandbox: &'a Sandbox,
    /// Where components come from.
    pub(crate) source: PolicySource,
    /// Everybody whose signature may be wanted.
    pub(crate) signers: Vec<Signer>,
    pub(crate) configuration: &'a Configuration,
}

/// What a policy must answer at its place.
struct Wanted<Policy: ?Sized> {
    answers: fn(&BoundPolicy) -> Option<Arc<Policy>>,
    /// What is said of one that does not.
    otherwise: &'static str,
    advice: &'static str,
}

const TAGGING: Wanted<dyn TaggingPolicy> = Wanted {
    answers: BoundPolicy::as_tagging,
    otherwise: "derives no tags",
    advice: "name a policy that exports `plimsoll:policy/tagging`, such as `stock:release-tags`",
};

const PROMOTION: Wanted<dyn PromotionPolicy> = Wanted {
    answers: BoundPolicy::as_promotion,
    otherwise: "decides no promotions",
    advice: "name a policy that exports `plimsoll:policy/promotion`, such as `stock:always`",
};

/// What the capabilities of the policies look at.
pub(crate) struct Surroundings {
    pub(crate) repository: Arc<dyn ImageRepository>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) written: String,
    pub(crate) environments: Vec<EnvironmentName>,
    /// Runs the look-ups while a policy waits for their answers.
    pub(crate) runtime: Handle,
}

/// Starts the sandbox.
pub(crate) fn open_sandbox(cache: Option<&Path>) -> Result<Sandbox, PortFailure> {
    Sandbox::new(SandboxOptions {
        cache: cache.map(|folder| folder.join("policies")),
        ..SandboxOptions::default()
    })
    .map_err(PortFailure::from)
}

/// Opens a policy that is named outside any configuration: `stock:NAME`, a file or `oci://` and a reference. Blocks while it
/// is fetched and compiled.
///
/// # Errors
/// The sandbox did not start, there is no such policy, or it is none for this host.
pub fn open(source: &PolicySource, written: &str) -> Result<Policy, PortFailure> {
    load(&open_sandbox(source.cache.as_deref())?, source, &parse(written)?, written, &[])
}

/// The component of a policy, not looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The component.
    pub component: Cow<'static, [u8]>,
    /// Digest of the manifest, where it comes from a registry.
    pub artifact: Option<Digest>,
}

/// Finds the component of a policy, as [`open`] does, and neither reads nor compiles it. Blocks while it is fetched.
///
/// # Errors
/// There is no such policy.
pub fn find(source: &PolicySource, written: &str) -> Result<Found, PortFailure> {
    Ok(match parse(written)? {
        PolicyReference::Registry(reference) => {
            let Fetched { manifest, component } = source.fetch(&reference)?;
            Found { component: Cow::Owned(component), artifact: Some(manifest) }
        }
        reference => Found { component: source.component(&reference, &[])?, artifact: None },
    })
}

/// Writes into a component what it says of itself, for [`Reading`] to find: the last step of building a policy in any
/// language. The component is loaded for that, as a release would load it.
///
/// # Errors
/// The sandbox did not start, or the component is no policy.
pub fn with_description(
    cache: Option<&Path>,
    reference: &str,
    component: Vec<u8>,
) -> Result<Vec<u8>, PortFailure> {
    Ok(open_sandbox(cache)?.with_description(reference, component)?)
}

fn parse(written: &str) -> Result<PolicyReference, PortFailure> {
    sharing::parse(written)
        .map_err(|problem| PortFailure::new(FailureClass::Configuration, InvalidPolicyReference(problem)))
}

/// A text that names no policy.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct InvalidPolicyReference(String);

impl Policies<'_> {
    /// The tagging policy; what is wrong goes to `problems`.
    pub(crate) fn tagging(
        &self,
        surroundings: &Surroundings,
        problems: &mut Vec<Problem>,
    ) -> Option<Binding<dyn TaggingPolicy>> {
        self.binding(&self.configuration.tags, &TAGGING, surroundings, problems)
    }

    /// The promotion policies of an environment; what is wrong goes to `problems`.
    pub(crate) fn promotion(
        &self,
        environment: &configuration::Environment,
        surroundings: &Surroundings,
        problems: &mut Vec<Problem>,
    ) -> Vec<Binding<dyn PromotionPolicy>> {
        let written = environment.promotion.iter();
        written.filter_map(|written| self.binding(written, &PROMOTION, surroundings, problems)).collect()
    }

    /// A policy with its shadow. Both are loaded, also when one cannot be: all problems are to be found.
    fn binding<Policy: ?Sized>(
        &self,
        written: &configuration::Binding,
        wanted: &Wanted<Policy>,
        surroundings: &Surroundings,
        problems: &mut Vec<Problem>,
    ) -> Option<Binding<Policy>> {
        let bound = self.answering(written, wanted, surroundings, problems);
        let missed = written.shadow.as_deref().and_then(|shadow| self.away(shadow));
        let shadow = written.shadow.as_ref().filter(|_| missed.is_none());
        let shadow = shadow.map(|shadow| self.answering(shadow, wanted, surroundings, problems));
        let (policy, settings) = bound?;
        let shadow = match shadow {
            Some(shadow) => {
                let (policy, settings) = shadow?;
                Some(Shadow { policy, settings, configured: configuration::configured(written) })
            }
            None => None,
        };
        Some(Binding { policy, settings, time_zone: written.time_zone.clone(), shadow, missed })
    }

    /// Why a shadow cannot be had now, such as a registry that is away: no mistake of the configuration, and no reason to keep
    /// a release waiting for what decides nothing.
    fn away(&self, shadow: &configuration::Binding) -> Option<String> {
        let component = self.source.component(&shadow.policy, &Signer::wanted(&self.signers, shadow));
        let failure = component.err().filter(|failure| failure.class == FailureClass::Outside)?;
        Some(format!("the shadow {} is not asked: {failure}", shadow.written))
    }

    /// A policy that answers the question of its place, and its settings.
    fn answering<Policy: ?Sized>(
        &self,
        written: &configuration::Binding,
        wanted: &Wanted<Policy>,
        surroundings: &Surroundings,
        problems: &mut Vec<Problem>,
    ) -> Option<(Arc<Policy>, String)> {
        let (bound, settings) = self.bind(written, surroundings, problems)?;
        let policy = (wanted.answers)(&bound);
        if policy.is_none() {
            let message = format!("the policy `{}` {}", written.written, wanted.otherwise);
            problems.push(Problem::new(written.span, message).help(wanted.advice));
        }
        Some((policy?, settings))
    }

    fn bind(
        &self,
        written: &configuration::Binding,
        surroundings: &Surroundings,
        problems: &mut Vec<Problem>,
    ) -> Option<(BoundPolicy, String)> {
        if let Err(error) = clock::moment(0, &written.time_zone) {
            problems.push(Problem::new(written.span, error.to_string()));
        }
        let signers = Signer::wanted(&self.signers, written);
        let policy = load(self.sandbox, &self.source, &written.policy, &written.written, &signers);
        let bound = policy.and_then(|policy| {
            let binding =
                plimsoll_policy::Binding { grants: grants(written, surroundings), limits: limits(written) };
            Ok(policy.bind(binding)?)
        });
        let bound = bound.map_err(|failure| problems.push(problem(written.span, &failure))).ok()?;
        let settings = settings_files::settings(written).map_err(|found| problems.extend(found)).ok()?;
        match bound.check_settings(&settings) {
            Ok(()) => Some((bound, settings)),
            Err(SettingsError::Refused { problems: refused }) => {
                problems.extend(refused.iter().map(|refused| {
                    let at = if refused.pointer.is_empty() { "" } else { " at " };
                    let message = format!(
                        "settings of {}{at}{}: {}",
                        written.written, refused.pointer, refused.message
                    );
                    Problem::new(written.settings_span, message)
                }));
                None
            }
            Err(unchecked) => {
                problems.push(problem(written.settings_span, &PortFailure::from(unchecked)));
                None
            }
        }
    }
}

/// A part's failure as a problem of the configuration.
fn problem(span: SourceSpan, failure: &PortFailure) -> Problem {
    let problem = Problem::new(span, failure.to_string());
    match &failure.hint {
        Some(hint) => problem.help(hint),
        None => problem,
    }
}

/// Loads a policy by its reference. What these signers must have signed and have not is not even compiled.
fn load(
    sandbox: &Sandbox,
    source: &PolicySource,
    reference: &PolicyReference,
    written: &str,
    signers: &[Signer],
) -> Result<Policy, PortFailure> {
    Ok(sandbox.load(written, &source.component(reference, signers)?)?)
}

fn grants(written: &configuration::Binding, surroundings: &Surroundings) -> Grants {
    let mut grants = Grants::none();
    for capability in &written.grants {
        grants = match capability {
            Capability::Log => grants.log(),
            Capability::Registry => {
                let reader = RepositoryCapability {
                    written: surroundings.written.clone(),
                    repository: Arc::clone(&surroundings.repository),
                };
                grants.registry(Arc::new(reader), surroundings.runtime.clone())
            }
            Capability::History => {
                let reader = JournalCapability {
                    environments: surroundings.environments.clone(),
                    journal: Arc::clone(&surroundings.journal),
                };
                grants.history(Arc::new(reader), surroundings.runtime.clone())
            }
        };
    }
    grants
}

fn limits(written: &configuration::Binding) -> Limits {
    let LimitOverrides { fuel, time, memory, table_elements, instances, output, host_calls } =
        &written.limits;
    let defaults = Limits::default();
    Limits {
        fuel: fuel.unwrap_or(defaults.fuel),
        time: time.map_or(defaults.time, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        memory: memory.unwrap_or(defaults.memory),
        table_elements: table_elements.unwrap_or(defaults.table_elements),
        instances: instances.unwrap_or(defaults.instances),
        output: output.unwrap_or(defaults.output),
        host_calls: host_calls.unwrap_or(defaults.host_calls),
    }
}
