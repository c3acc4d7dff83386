//! What every command starts from: the global arguments, resolved against the surroundings.

use std::sync::Arc;

use jiff::Timestamp;
use plimsoll_app::{
    clock::Clock,
    host::{Host, HostError, HostOptions},
    sharing::{PolicySource, Signer},
    variables::Variables,
};
use plimsoll_core::ports::FailureClass;

pub(crate) use plimsoll_app::host::Access;

use crate::{
    arguments::{Format, GlobalArguments},
    failure::Failure,
    output::{progress::ProgressDisplay, watch::Watch},
    registry_surroundings::registry_surroundings,
    world::World,
};

/// Where the password of a private key is, as for cosign.
pub(crate) const KEY_PASSWORD: &str = "COSIGN_PASSWORD";

/// The global arguments, resolved.
pub(crate) struct Session {
    pub(crate) world: World,
    pub(crate) format: Format,
    pub(crate) clock: Clock,
    arguments: GlobalArguments,
}

impl Session {
    pub(crate) fn new(world: World, arguments: GlobalArguments) -> Result<Self, Failure> {
        let clock = match &arguments.now {
            Some(text) => Clock::Fixed(time("--now", text)?),
            None => Clock::System,
        };
        Ok(Self { world, format: arguments.format, clock, arguments })
    }

    /// Opens the host of the configuration file.
    pub(crate) fn host(&self) -> Result<Host, Failure> {
        Ok(Host::open(self.options()?)?)
    }

    /// The host of the configuration file, where there is one.
    pub(crate) fn host_if_any(&self) -> Result<Option<Host>, Failure> {
        if self.arguments.config.exists() { self.host().map(Some) } else { Ok(None) }
    }

    /// What a host is told of the surroundings.
    pub(crate) fn options(&self) -> Result<HostOptions, Failure> {
        let timestamp = self.world.variable("SOURCE_DATE_EPOCH").map(|text| time("SOURCE_DATE_EPOCH", &text));
        Ok(HostOptions {
            configuration: self.arguments.config.clone(),
            cache: self.world.cache(),
            registries: registry_surroundings(self.world),
            docker_host: self.world.variable("DOCKER_HOST"),
            variables: self.variables(),
            timestamp: timestamp.transpose()?,
            github_token: self.world.secret("GITHUB_TOKEN"),
            key_password: self.world.secret(KEY_PASSWORD),
            clock: self.clock,
        })
    }

    /// The variables that a configuration names.
    fn variables(&self) -> Variables {
        let world = self.world;
        Variables::new(move |name| world.secret(name))
    }

    /// Where policies are looked for outside any configuration: nothing is pinned.
    pub(crate) fn policy_source(&self) -> Result<PolicySource, Failure> {
        let registries = plimsoll_app::configuration::Registries::default();
        Ok(plimsoll_app::host::policy_source(&self.options()?, &registries))
    }

    /// Those whose signatures the configuration knows; nobody where there is none.
    pub(crate) fn signers(&self) -> Result<Vec<Signer>, Failure> {
        self.host_if_any()?.map_or_else(|| Ok(Vec::new()), |host| Ok(host.signers()?))
    }

    /// Whether nothing but errors is to be shown on standard error.
    pub(crate) const fn quiet(&self) -> bool {
        self.arguments.quiet
    }

    /// Where progress is shown.
    pub(crate) fn progress(&self) -> ProgressDisplay {
        ProgressDisplay::new(self.arguments.quiet)
    }

    /// The terminal, and whoever the configuration wants to be told.
    pub(crate) fn watch(&self, host: &Host) -> Result<Watch, Failure> {
        Ok(Watch::new(self.progress(), host.notifier()?))
    }

    /// A client for registries that knows the user's credentials and no configuration.
    pub(crate) fn registries(&self) -> Result<Arc<plimsoll_app::host::Registries>, Failure> {
        Ok(plimsoll_app::host::registries(
            &self.options()?,
            &plimsoll_app::configuration::Registries::default(),
        )?)
    }
}

/// A time as Unix seconds or RFC 3339; `name` is the flag or variable that it came from.
pub(crate) fn time(name: &str, text: &str) -> Result<i64, Failure> {
    if let Ok(unix) = text.parse() {
        return Ok(unix);
    }
    text.parse::<Timestamp>().map(Timestamp::as_second).map_err(|_| {
        Failure::new(FailureClass::Configuration, format!("{name} is `{text}`, which is no time"))
            .hint("write Unix seconds, such as 1782891005, or an RFC 3339 time, such as 2026-07-01T09:30:05Z")
    })
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Configuration(error) => Self::report(FailureClass::Configuration, *error),
            HostError::Part(failure) => Self::from(failure),
            HostError::Unreadable { .. } => Self::new(FailureClass::Configuration, error.to_string())
                .hint("`plimsoll init` writes a configuration; --config names another file"),
        }
    }
}
