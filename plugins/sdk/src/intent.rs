//! Intents by their kind.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::types::Intent;

/// Why an image should go into an environment, without the justification: what settings name when a rule does not count for
/// some intents.
///
/// ```
/// use plimsoll_sdk::{Intent, IntentKind};
/// assert_eq!(IntentKind::of(&Intent::Rollback), IntentKind::Rollback);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IntentKind {
    /// The ordinary way forward.
    Promote,
    /// Back to something that ran before.
    Rollback,
    /// A repair that should go ahead of the queue.
    Hotfix,
    /// An emergency, outside the rules.
    BreakGlass,
}

impl IntentKind {
    /// The kind of an intent.
    ///
    /// ```
    /// # use plimsoll_sdk::{Intent, IntentKind};
    /// assert_eq!(IntentKind::of(&Intent::Promote).name(), "promote");
    /// ```
    #[must_use]
    pub const fn of(intent: &Intent) -> Self {
        match intent {
            Intent::Promote => Self::Promote,
            Intent::Rollback => Self::Rollback,
            Intent::Hotfix(_) => Self::Hotfix,
            Intent::BreakGlass(_) => Self::BreakGlass,
        }
    }

    /// The kind of an intent that counts at a time: a justification that has expired justifies nothing.
    ///
    /// ```
    /// use plimsoll_sdk::{Intent, IntentKind, Justification};
    /// let why = Justification { by: "ops".into(), reason: "it burns".into(), expires: Some(10) };
    /// assert_eq!(IntentKind::at(&Intent::Hotfix(why.clone()), 9), IntentKind::Hotfix);
    /// assert_eq!(IntentKind::at(&Intent::Hotfix(why), 10), IntentKind::Promote);
    /// ```
    #[must_use]
    pub fn at(intent: &Intent, unix: i64) -> Self {
        match intent {
            Intent::Hotfix(why) | Intent::BreakGlass(why)
                if why.expires.is_some_and(|expires| expires <= unix) =>
            {
                Self::Promote
            }
            other => Self::of(other),
        }
    }

    /// Its name, as settings write it.
    ///
    /// ```
    /// assert_eq!(plimsoll_sdk::IntentKind::BreakGlass.name(), "break-glass");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Hotfix => "hotfix",
            Self::BreakGlass => "break-glass",
        }
    }
}
