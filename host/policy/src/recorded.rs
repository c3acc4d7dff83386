//! Answers of capabilities from a record instead of from the world: for replays, backtests and test cases.

use std::time::Duration;

use plimsoll_core::decision::{CapabilityCall, Decided, Inquiry};

/// Calls of capabilities with their answers, to be found by what was asked, in whatever order it is asked again.
///
/// The same inquiry made again gets the next answer that was recorded for it, and after the last one that one again.
/// Log lines need no answer: they are always taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    calls: Vec<CapabilityCall>,
    /// For each call, whether its answer was given.
    given: Vec<bool>,
}

impl Recorded {
    /// A record of these calls.
    #[must_use]
    pub fn new(calls: Vec<CapabilityCall>) -> Self {
        let given = vec![false; calls.len()];
        Self { calls, given }
    }

    /// The answer that `pick` finds in a call.
    pub(crate) fn find<T: Clone>(&mut self, pick: impl Fn(&CapabilityCall) -> Option<&T>) -> Option<T> {
        let mut last = None;
        for (call, given) in self.calls.iter().zip(&mut self.given) {
            let Some(answer) = pick(call) else { continue };
            last = Some(answer);
            if !std::mem::replace(given, true) {
                break;
            }
        }
        last.cloned()
    }

    /// The look-ups whose answers nobody asked for.
    pub(crate) fn unused(self) -> Vec<CapabilityCall> {
        let calls = self.calls.into_iter().zip(self.given);
        let unused = calls.filter(|(call, given)| !given && !matches!(call, CapabilityCall::Log { .. }));
        unused.map(|(call, _)| call).collect()
    }
}

/// What a question took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Making a fresh instance.
    pub instantiate: Duration,
    /// Handing the request over, the policy's own work, and taking the answer.
    pub call: Duration,
    /// Linear memory that it had at most, bytes.
    pub memory: u64,
}

/// What came out of a question whose look-ups a record answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled<Answer> {
    /// What came out of it, or the look-up that the record does not hold.
    pub decided: Result<Decided<Answer>, Inquiry>,
    /// Recorded look-ups that were not asked for.
    pub unused: Vec<CapabilityCall>,
    /// What it took.
    pub cost: Cost,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(repository: &str, tag: &str) -> CapabilityCall {
        CapabilityCall::RegistryTags { repository: repository.to_owned(), answer: Ok(vec![tag.to_owned()]) }
    }

    fn ask(recorded: &mut Recorded, about: &str) -> Option<String> {
        let answer = recorded.find(|call| match call {
            CapabilityCall::RegistryTags { repository, answer } if repository == about => Some(answer),
            _ => None,
        });
        answer.map(|tags| tags.expect("it is an answer").concat())
    }

    #[test]
    fn answers_are_found_by_content_and_the_last_one_stays() {
        let mut recorded =
            Recorded::new(vec![tags("a", "1"), tags("b", "2"), tags("a", "3"), tags("c", "4")]);
        assert_eq!(ask(&mut recorded, "b").as_deref(), Some("2"));
        for expected in ["1", "3", "3"] {
            assert_eq!(ask(&mut recorded, "a").as_deref(), Some(expected));
        }
        assert_eq!(ask(&mut recorded, "d"), None);
        assert_eq!(recorded.unused(), [tags("c", "4")]);
    }
}
