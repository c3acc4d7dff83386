//! The process's surroundings: the one place that reads environment variables and the terminal.

use std::path::PathBuf;

/// The surroundings of this process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct World;

impl World {
    /// An environment variable; an empty one counts as absent.
    #[expect(clippy::unused_self, reason = "whoever holds a World may look at the surroundings, nobody else")]
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// Where compiled policies are kept: `PLIMSOLL_CACHE`, else the user's cache folder (XDG base directory
    /// specification).
    pub(crate) fn cache(&self) -> Option<PathBuf> {
        let own = self.variable("PLIMSOLL_CACHE").map(PathBuf::from);
        let user = || self.variable("XDG_CACHE_HOME").map(|folder| PathBuf::from(folder).join("plimsoll"));
        let home = || self.home().map(|home| home.join(".cache/plimsoll"));
        own.or_else(user).or_else(home).filter(|path| path.is_absolute())
    }

    /// The Docker configuration file: in `DOCKER_CONFIG`, else in `~/.docker`.
    pub(crate) fn docker_config(&self) -> Option<PathBuf> {
        let named = self.variable("DOCKER_CONFIG").map(PathBuf::from);
        let file = named.or_else(|| self.home().map(|home| home.join(".docker")))?.join("config.json");
        file.is_file().then_some(file)
    }

    fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").map(PathBuf::from)
    }
}
