//! Environment variables that a configuration names.

use std::{fmt, sync::Arc};

use secrecy::SecretString;

/// How the environment variables that a configuration names are found. A host looks at none by itself; by default there are
/// none.
#[derive(Clone, Default)]
pub struct Variables(Option<Arc<Lookup>>);

type Lookup = dyn Fn(&str) -> Option<SecretString> + Send + Sync;

impl Variables {
    /// Variables that are found so. One that is not set is none.
    #[must_use]
    pub fn new(look_up: impl Fn(&str) -> Option<SecretString> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(look_up)))
    }

    /// What a variable holds.
    pub(crate) fn get(&self, name: &str) -> Option<SecretString> {
        self.0.as_ref().and_then(|look_up| look_up(name))
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables").finish_non_exhaustive()
    }
}
