//! One question's dealings with the host: how often a policy calls, how much it is told, and the record of it all.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use plimsoll_core::{
    contract::Label,
    decision::{Budget, CapabilityCall, Inquiry, LogLevel, LookupFailure, PastDeployment, PastRelease},
    ports::{HistoryReader, RegistryReader},
};
use tokio::runtime::Handle;

use crate::{
    grants::{Grants, Reader},
    limits::Limits,
    recorded::Recorded,
};

/// What answers the capabilities of a question.
pub(crate) enum AnswerSource {
    /// The world, as far as it is granted.
    World(Grants),
    /// A record.
    Record(Recorded),
}

/// The capabilities of one question. Everything that crosses is counted and recorded here.
pub(crate) struct Session {
    pub(crate) source: AnswerSource,
    limits: Limits,
    deadline: Option<Instant>,
    calls: u64,
    carried: u64,
    pub(crate) transcript: Vec<CapabilityCall>,
    /// The budget that ended the question.
    pub(crate) exhausted: Option<Budget>,
    /// The look-up that the record does not hold, which ended the question.
    pub(crate) not_recorded: Option<Inquiry>,
}

/// A call of a capability ends the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stopped {
    /// A budget is used up; [`Session::exhausted`] says which.
    #[error("a budget is used up")]
    Budget,
    /// The capability is not granted. Only a component that was not linked by a binding gets here.
    #[error("the capability is not granted")]
    NotGranted,
    /// The record does not hold the answer; [`Session::not_recorded`] says to what.
    #[error("the record holds no answer")]
    NotRecorded,
}

/// The answer of a look-up, or the end of the question.
type Looked<T> = Result<Result<T, LookupFailure>, Stopped>;

impl Session {
    /// Begins a question: its time runs from now.
    pub(crate) fn new(source: AnswerSource, limits: Limits) -> Self {
        // A deadline beyond the end of time is none.
        let deadline = Instant::now().checked_add(Duration::from_millis(limits.time));
        Self {
            source,
            limits,
            deadline,
            calls: 0,
            carried: 0,
            transcript: Vec::new(),
            exhausted: None,
            not_recorded: None,
        }
    }

    pub(crate) fn log(&mut self, level: LogLevel, message: String) -> Result<(), Stopped> {
        self.count()?;
        if matches!(&self.source, AnswerSource::World(grants) if !grants.log) {
            return Err(Stopped::NotGranted);
        }
        self.carry(&message)?;
        self.transcript.push(CapabilityCall::Log { level, message });
        Ok(())
    }

    pub(crate) fn registry_tags(&mut self, repository: String) -> Looked<Vec<String>> {
        self.count()?;
        self.carry(&repository)?;
        let answer = match self.registry()? {
            Some(Reader { reader, runtime }) => self.wait(&runtime, reader.tags(&repository))?,
            None => self.recall(
                |call| match call {
                    CapabilityCall::RegistryTags { repository: of, answer } if *of == repository => {
                        Some(answer)
                    }
                    _ => None,
                },
                || Inquiry::RegistryTags { repository: repository.clone() },
            )?,
        };
        self.carry(&answer)?;
        self.transcript.push(CapabilityCall::RegistryTags { repository, answer: answer.clone() });
        Ok(answer)
    }

    pub(crate) fn registry_digest(&mut self, repository: String, tag: String) -> Looked<Option<String>> {
        self.count()?;
        self.carry(&(&repository, &tag))?;
        let answer = match self.registry()? {
            Some(Reader { reader, runtime }) => self.wait(&runtime, reader.digest(&repository, &tag))?,
            None => self.recall(
                |call| match call {
                    CapabilityCall::RegistryDigest { repository: of, tag: named, answer }
                        if *of == repository && *named == tag =>
                    {
                        Some(answer)
                    }
                    _ => None,
                },
                || Inquiry::RegistryDigest { repository: repository.clone(), tag: tag.clone() },
            )?,
        };
        self.carry(&answer)?;
        self.transcript.push(CapabilityCall::RegistryDigest { repository, tag, answer: answer.clone() });
        Ok(answer)
    }

    pub(crate) fn registry_labels(
        &mut self,
        repository: String,
        digest: String,
    ) -> Looked<Option<Vec<Label>>> {
        self.count()?;
        self.carry(&(&repository, &digest))?;
        let answer = match self.registry()? {
            Some(Reader { reader, runtime }) => self.wait(&runtime, reader.labels(&repository, &digest))?,
            None => self.recall(
                |call| match call {
                    CapabilityCall::RegistryLabels { repository: of, digest: named, answer }
                        if *of == repository && *named == digest =>
                    {
                        Some(answer)
                    }
                    _ => None,
                },
                || Inquiry::RegistryLabels { repository: repository.clone(), digest: digest.clone() },
            )?,
        };
        self.carry(&answer)?;
        self.transcript.push(CapabilityCall::RegistryLabels { repository, digest, answer: answer.clone() });
        Ok(answer)
    }

    pub(crate) fn history_releases(&mut self, limit: u32) -> Looked<Vec<PastRelease>> {
        self.count()?;
        let answer = match self.history()? {
            Some(Reader { reader, runtime }) => self.wait(&runtime, reader.releases(limit))?,
            None => self.recall(
                |call| match call {
                    CapabilityCall::HistoryReleases { limit: most, answer } if *most == limit => Some(answer),
                    _ => None,
                },
                || Inquiry::HistoryReleases { limit },
            )?,
        };
        self.carry(&answer)?;
        self.transcript.push(CapabilityCall::HistoryReleases { limit, answer: answer.clone() });
        Ok(answer)
    }

    pub(crate) fn history_deployments(
        &mut self,
        environment: String,
        limit: u32,
    ) -> Looked<Vec<PastDeployment>> {
        self.count()?;
        self.carry(&environment)?;
        let answer = match self.history()? {
            Some(Reader { reader, runtime }) => {
                self.wait(&runtime, reader.deployments(&environment, limit))?
            }
            None => self.recall(
                |call| match call {
                    CapabilityCall::HistoryDeployments { environment: of, limit: most, answer }
                        if *of == environment && *most == limit =>
                    {
                        Some(answer)
                    }
                    _ => None,
                },
                || Inquiry::HistoryDeployments { environment: environment.clone(), limit },
            )?,
        };
        self.carry(&answer)?;
        self.transcript.push(CapabilityCall::HistoryDeployments {
            environment,
            limit,
            answer: answer.clone(),
        });
        Ok(answer)
    }

    /// What answers the capability `registry`: a reader, or (`None`) the record.
    fn registry(&self) -> Result<Option<Reader<dyn RegistryReader>>, Stopped> {
        match &self.source {
            AnswerSource::World(grants) => grants.registry.clone().map(Some).ok_or(Stopped::NotGranted),
            AnswerSource::Record(_) => Ok(None),
        }
    }

    /// What answers the capability `history`: a reader, or (`None`) the record.
    fn history(&self) -> Result<Option<Reader<dyn HistoryReader>>, Stopped> {
        match &self.source {
            AnswerSource::World(grants) => grants.history.clone().map(Some).ok_or(Stopped::NotGranted),
            AnswerSource::Record(_) => Ok(None),
        }
    }

    /// The record's answer.
    fn recall<T: Clone>(
        &mut self,
        pick: impl Fn(&CapabilityCall) -> Option<&T>,
        inquiry: impl FnOnce() -> Inquiry,
    ) -> Result<T, Stopped> {
        let AnswerSource::Record(recorded) = &mut self.source else { return Err(Stopped::NotGranted) };
        recorded.find(pick).ok_or_else(|| {
            self.not_recorded = Some(inquiry());
            Stopped::NotRecorded
        })
    }

    /// Counts a call.
    fn count(&mut self) -> Result<(), Stopped> {
        if self.calls >= self.limits.host_calls {
            return Err(self.stop(Budget::HostCalls(self.limits.host_calls)));
        }
        self.calls += 1;
        Ok(())
    }

    /// Counts what a call carries in either direction: the record keeps it.
    fn carry(&mut self, cargo: &impl Cargo) -> Result<(), Stopped> {
        self.carried = self.carried.saturating_add(cargo.weight());
        if self.carried > self.limits.output {
            return Err(self.stop(Budget::Output(self.limits.output)));
        }
        Ok(())
    }

    /// Waits for an answer, no longer than the question may take.
    fn wait<T>(&mut self, runtime: &Handle, answer: impl Future<Output = T>) -> Result<T, Stopped> {
        let Some(deadline) = self.deadline else { return Ok(runtime.block_on(answer)) };
        let answer = runtime.block_on(async { tokio::time::timeout_at(deadline.into(), answer).await });
        answer.map_err(|_| self.stop(Budget::Time(self.limits.time)))
    }

    fn stop(&mut self, budget: Budget) -> Stopped {
        self.exhausted = Some(budget);
        Stopped::Budget
    }
}

/// Something whose size counts.
trait Cargo {
    /// Its size in the record, bytes, about.
    fn weight(&self) -> u64;
}

/// What an item takes in a record besides its texts, bytes, about.
const ITEM: u64 = 16;

impl Cargo for String {
    fn weight(&self) -> u64 {
        ITEM + self.len() as u64
    }
}

impl Cargo for Label {
    fn weight(&self) -> u64 {
        (&self.name, &self.value).weight()
    }
}

impl Cargo for PastRelease {
    fn weight(&self) -> u64 {
        let texts = (&self.release, &self.commit).weight() + self.version.weight() + self.digest.weight();
        // The reference is a name or a number.
        let reference = match &self.git_ref {
            plimsoll_core::contract::GitRef::Branch(name) | plimsoll_core::contract::GitRef::Tag(name) => {
                name.weight()
            }
            _ => ITEM,
        };
        texts + reference
    }
}

impl Cargo for PastDeployment {
    fn weight(&self) -> u64 {
        (&self.release, &self.digest).weight() + self.version.weight() + ITEM
    }
}

impl<T: Cargo> Cargo for Option<T> {
    fn weight(&self) -> u64 {
        self.as_ref().map_or(ITEM, Cargo::weight)
    }
}

impl<T: Cargo> Cargo for Vec<T> {
    fn weight(&self) -> u64 {
        ITEM + self.iter().map(Cargo::weight).sum::<u64>()
    }
}

impl<A: Cargo, B: Cargo> Cargo for (&A, &B) {
    fn weight(&self) -> u64 {
        self.0.weight() + self.1.weight()
    }
}

impl<T: Cargo> Cargo for Result<T, LookupFailure> {
    fn weight(&self) -> u64 {
        match self {
            Ok(answer) => answer.weight(),
            Err(LookupFailure::Denied(text) | LookupFailure::Unavailable(text)) => text.weight(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_what_they_carry_are_counted() {
        let limits = Limits { host_calls: 2, output: 1000, ..Limits::default() };
        let mut session = Session::new(AnswerSource::World(Grants::none().log()), limits);
        assert_eq!(session.log(LogLevel::Info, "one".to_owned()), Ok(()));
        assert_eq!(session.log(LogLevel::Info, "x".repeat(1000)), Err(Stopped::Budget));
        assert_eq!(session.exhausted, Some(Budget::Output(1000)));
        assert_eq!(session.log(LogLevel::Info, String::new()), Err(Stopped::Budget));
        assert_eq!(session.exhausted, Some(Budget::HostCalls(2)));
        assert_eq!(session.transcript.len(), 1);
    }

    #[test]
    fn what_is_not_granted_is_not_there() {
        let mut session = Session::new(AnswerSource::World(Grants::none()), Limits::default());
        assert_eq!(session.log(LogLevel::Info, String::new()), Err(Stopped::NotGranted));
        assert_eq!(session.history_releases(1), Err(Stopped::NotGranted));
    }
}
