//! The shadows of a configuration, and what tells whether one is still configured as it was.

use plimsoll_core::{digest::Digest, names::EnvironmentName};
use serde_json::{Value, json};

use super::model::{Binding, Configuration, LimitOverrides};

/// A shadow at its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredShadow {
    /// The environment; absent: it is the tagging policy's.
    pub environment: Option<EnvironmentName>,
    /// Where it comes from, as the file says.
    pub policy: String,
    /// Where the policy comes from that decides, as the file says.
    pub decider: String,
    /// Digest of how both are configured.
    pub configured: Digest,
}

impl Configuration {
    /// Every binding of the file, shadows behind those that they shadow.
    pub fn bindings(&self) -> impl Iterator<Item = &Binding> {
        let promotions = self.environments.iter().flat_map(|environment| &environment.promotion);
        std::iter::once(&self.tags)
            .chain(promotions)
            .flat_map(|binding| std::iter::once(binding).chain(binding.shadow.as_deref()))
    }

    /// The shadows, that of the tagging policy first.
    #[must_use]
    pub fn shadows(&self) -> Vec<ConfiguredShadow> {
        let promotions = self.environments.iter().flat_map(|environment| {
            environment.promotion.iter().map(|binding| (Some(environment.name.clone()), binding))
        });
        let shadow = |(environment, binding): (Option<EnvironmentName>, &Binding)| {
            let shadow = binding.shadow.as_ref()?;
            Some(ConfiguredShadow {
                environment,
                policy: shadow.written.clone(),
                decider: binding.written.clone(),
                configured: configured(binding),
            })
        };
        std::iter::once((None, &self.tags)).chain(promotions).filter_map(shadow).collect()
    }
}

/// Digest of how a binding and its shadow are configured. What stands in other files, components and settings alike, is no
/// part of it.
pub(crate) fn configured(binding: &Binding) -> Digest {
    let shadow = binding.shadow.as_deref().map(form);
    Digest::of(json!([form(binding), shadow]).to_string().as_bytes())
}

/// A binding without its shadow. The form is kept in journals through its digest: a change of it begins all counts anew.
fn form(binding: &Binding) -> Value {
    let LimitOverrides { fuel, time, memory, table_elements, instances, output, host_calls } =
        &binding.limits;
    let grants: Vec<&str> = binding.grants.iter().map(|capability| capability.name()).collect();
    let signed_by: Vec<&str> =
        binding.signed_by.iter().map(plimsoll_core::names::SignerName::as_str).collect();
    json!([
        binding.written,
        signed_by,
        binding.settings,
        binding.settings_files,
        grants,
        binding.time_zone,
        [fuel, &time.map(|time| time.as_millis() as u64), memory, table_elements],
        [&instances.map(u64::from), output, host_calls],
    ])
}
