//! The process's surroundings: the one place that reads environment variables and the terminal.

use std::path::PathBuf;

use secrecy::SecretString;

/// The surroundings of this process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct World;

impl World {
    /// An environment variable; an empty one counts as absent.
    #[expect(clippy::unused_self, reason = "whoever holds a World may look at the surroundings, nobody else")]
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// An environment variable that holds a secret.
    pub(crate) fn secret(&self, name: &str) -> Option<SecretString> {
        self.variable(name).map(SecretString::from)
    }

    /// Where compiled policies are kept: `PLIMSOLL_CACHE`, which may be relative to where the process was started, else the
    /// user's cache folder, which may not (XDG Base Directory Specification, section 2).
    pub(crate) fn cache(&self) -> Option<PathBuf> {
        let own = self.variable("PLIMSOLL_CACHE").and_then(|folder| std::path::absolute(folder).ok());
        let user =
            || self.variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let home = || self.home().map(|home| home.join(".cache")).filter(|folder| folder.is_absolute());
        own.or_else(|| user().or_else(home).map(|folder| folder.join("plimsoll")))
    }

    /// A number that differs from one run to the next.
    #[expect(clippy::unused_self, reason = "whoever holds a World may look at the surroundings, nobody else")]
    pub(crate) fn chance(&self) -> u64 {
        use std::hash::{BuildHasher as _, RandomState};
        // Short enough to be typed again.
        RandomState::new().hash_one(0) >> 32
    }

    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").map(PathBuf::from)
    }
}
