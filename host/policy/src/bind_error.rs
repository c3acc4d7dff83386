//! Why a policy was not bound, or its settings not accepted.

use plimsoll_core::{
    contract::SettingsProblem,
    ports::{FailureClass, PortFailure},
};

use crate::{grants::Capability, limits::LimitsError};

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
                .map(|line| format!("if it may have that, add `{line}` to its binding")),
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
