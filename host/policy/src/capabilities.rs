//! The contract's imports, as the linker wants them: they translate and leave the rest to the session.

use plimsoll_core::{
    contract::{GitRef, Label, PassageState},
    decision::{LogLevel, LookupFailure, PastDeployment, PastRelease},
};
use wasmtime::component::{HasSelf, Linker};

use crate::{
    bindings::plimsoll::policy::{history, log, registry, types},
    grants::{Capability, Grants},
    run::State,
};

/// Links the granted capabilities, and no others.
pub(crate) fn link(linker: &mut Linker<State>, grants: &Grants) -> wasmtime::Result<()> {
    for capability in grants.granted() {
        match capability {
            Capability::Log => log::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?,
            Capability::Registry => registry::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?,
            Capability::History => history::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?,
        }
    }
    Ok(())
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        Ok(self.session()?.log(level, message)?)
    }
}

impl registry::Host for State {
    fn tags(&mut self, repository: String) -> wasmtime::Result<Result<Vec<String>, registry::LookupFailure>> {
        Ok(self.session()?.registry_tags(repository)?.map_err(registry_failure))
    }

    fn digest(
        &mut self,
        repository: String,
        tag: String,
    ) -> wasmtime::Result<Result<Option<String>, registry::LookupFailure>> {
        Ok(self.session()?.registry_digest(repository, tag)?.map_err(registry_failure))
    }

    fn labels(
        &mut self,
        repository: String,
        digest: String,
    ) -> wasmtime::Result<Result<Option<Vec<types::LabelResult>>, registry::LookupFailure>> {
        let answer = self.session()?.registry_labels(repository, digest)?;
        let label = |Label { name, value }| types::LabelResult { name, value };
        let labels = |labels: Vec<Label>| labels.into_iter().map(label).collect();
        Ok(answer.map(|answer| answer.map(labels)).map_err(registry_failure))
    }
}

impl history::Host for State {
    fn releases(
        &mut self,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<history::PastRelease>, history::LookupFailure>> {
        let answer = self.session()?.history_releases(limit)?;
        Ok(answer.map(|releases| releases.into_iter().map(past_release).collect()).map_err(history_failure))
    }

    fn deployments(
        &mut self,
        environment: String,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<history::Deployment>, history::LookupFailure>> {
        let answer = self.session()?.history_deployments(environment, limit)?;
        Ok(answer.map(|stays| stays.into_iter().map(deployment).collect()).map_err(history_failure))
    }
}

fn registry_failure(failure: LookupFailure) -> registry::LookupFailure {
    match failure {
        LookupFailure::Denied(reason) => registry::LookupFailure::Denied(reason),
        LookupFailure::Unavailable(reason) => registry::LookupFailure::Unavailable(reason),
    }
}

fn history_failure(failure: LookupFailure) -> history::LookupFailure {
    match failure {
        LookupFailure::Denied(reason) => history::LookupFailure::Denied(reason),
        LookupFailure::Unavailable(reason) => history::LookupFailure::Unavailable(reason),
    }
}

fn past_release(release: PastRelease) -> history::PastRelease {
    let PastRelease { release, opened, git_ref, commit, version, digest } = release;
    let git_ref = match git_ref {
        GitRef::Branch(name) => types::GitRefResult::Branch(name),
        GitRef::Tag(name) => types::GitRefResult::Tag(name),
        GitRef::PullRequest(number) => types::GitRefResult::PullRequest(number),
        GitRef::Detached => types::GitRefResult::Detached,
    };
    history::PastRelease { release, opened, git_ref, commit, version, digest }
}

fn deployment(stay: PastDeployment) -> history::Deployment {
    let PastDeployment { release, state, digest, version, at } = stay;
    history::Deployment { release, state: passage_state(state), digest, version, at }
}

/// How a release stands in an environment, in the contract's words.
pub(crate) const fn passage_state(state: PassageState) -> types::PassageState {
    match state {
        PassageState::Held => types::PassageState::Held,
        PassageState::Denied => types::PassageState::Denied,
        PassageState::Allowed => types::PassageState::Allowed,
        PassageState::Deployed => types::PassageState::Deployed,
        PassageState::Failed => types::PassageState::Failed,
        PassageState::Superseded => types::PassageState::Superseded,
    }
}
