//! One question: a fresh store and instance, every budget on, one call, and what became of it.

use std::{io, time::Instant};

use plimsoll_core::{
    decision::{Budget, CapabilityCall, Decided, Inquiry, Outcome},
    verdict::LONGEST_MESSAGE,
};
use wasmtime::{
    Store, Trap,
    component::{Instance, InstancePre},
};

use crate::{
    engine::{EngineRoom, HANDLES, STACK},
    limits::Limits,
    meter::Meter,
    recorded::Cost,
    session::{AnswerSource, Session, Stopped},
    ticker::ticks,
};

/// What a store holds for one question.
pub(crate) struct State {
    meter: Meter,
    /// Absent while a policy describes itself or checks settings: it has no capabilities then.
    session: Option<Session>,
}

impl State {
    /// Whether a record answers look-ups.
    fn is_from_record(&self) -> bool {
        self.session.as_ref().is_some_and(|session| matches!(session.source, AnswerSource::Record(_)))
    }

    pub(crate) const fn session(&mut self) -> Result<&mut Session, Stopped> {
        match &mut self.session {
            Some(session) => Ok(session),
            None => Err(Stopped::NotGranted),
        }
    }
}

/// A policy that can be asked: linked, and with the budgets of a question.
pub(crate) struct Asker<'a> {
    pub(crate) room: &'a EngineRoom,
    pub(crate) linked: &'a InstancePre<State>,
    pub(crate) limits: Limits,
    /// What answers capabilities. Absent: none may be called.
    pub(crate) source: Option<AnswerSource>,
}

/// What the checks of an answer leave of it.
pub(crate) enum Reply<Answer> {
    /// It answered.
    Answer(Answer),
    /// It says that it could not answer.
    Failure(String),
    /// It answered, and the answer is refused.
    Refused(Vec<String>),
}

impl Asker<'_> {
    /// Asks one question in a fresh instance.
    pub(crate) fn ask<Answer>(
        self,
        call: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<Reply<Answer>>,
    ) -> Decided<Answer> {
        self.ask_and_look_back(call).0
    }

    /// Asks one question in a fresh instance, and tells what answered its look-ups and which one stayed without an answer.
    pub(crate) fn ask_and_look_back<Answer>(
        mut self,
        call: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<Reply<Answer>>,
    ) -> (Decided<Answer>, Option<LookBack>) {
        let _place = match self.room.enter() {
            Ok(place) => place,
            Err(error) => return (without_clock(&error), None),
        };
        let limits = self.limits;
        let mut store = self.store();
        // The clock is looked at only where somebody wants to know: it costs a hundredth of a lean decision.
        let begun = store.data().is_from_record().then(Instant::now);
        let mut instantiated = None;
        let called = self.linked.instantiate(&mut store).and_then(|instance| {
            instantiated = begun.map(|_| Instant::now());
            call(&mut store, &instance)
        });
        let ended_at = begun.map(|_| Instant::now());
        let fuel = limits.fuel - store.get_fuel().unwrap_or(0).min(limits.fuel);
        let State { meter, session } = store.into_data();
        let (transcript, exhausted, look_back) = match session {
            Some(Session { transcript, exhausted, source, not_recorded, .. }) => {
                let cost = cost(begun, instantiated, ended_at, meter.memory);
                (transcript, exhausted, Some(LookBack { source, not_recorded, cost }))
            }
            None => (Vec::new(), None, None),
        };
        let outcome = match called {
            Ok(Reply::Answer(answer)) => Outcome::Answered(answer),
            Ok(Reply::Failure(message)) => Outcome::Failed { message: clip(&message) },
            Ok(Reply::Refused(problems)) => Outcome::Invalid { problems },
            Err(error) => ended(&error, &limits, exhausted.or(meter.refused)),
        };
        (Decided { outcome, transcript, fuel }, look_back)
    }

    fn store(&mut self) -> Store<State> {
        let limits = self.limits;
        let session = self.source.take().map(|source| Session::new(source, limits));
        let mut store = Store::new(&self.room.engine, State { meter: Meter::new(limits), session });
        store.limiter(|state| &mut state.meter);
        store.set_fuel(limits.fuel).expect("the engine was configured to count fuel");
        store.set_epoch_deadline(ticks(limits.time));
        store.set_hostcall_fuel(usize::try_from(limits.output).unwrap_or(usize::MAX));
        store.set_max_component_handles(HANDLES);
        store
    }
}

/// What is known of a question once it is over.
pub(crate) struct LookBack {
    /// What answered its look-ups.
    pub(crate) source: AnswerSource,
    /// The look-up that stayed without an answer.
    pub(crate) not_recorded: Option<Inquiry>,
    /// What it took.
    pub(crate) cost: Cost,
}

fn cost(begun: Option<Instant>, instantiated: Option<Instant>, over: Option<Instant>, memory: u64) -> Cost {
    let between = |from: Option<Instant>, to: Option<Instant>| {
        from.zip(to).map(|(from, to)| to.duration_since(from)).unwrap_or_default()
    };
    Cost { instantiate: between(begun, instantiated), call: between(instantiated, over), memory }
}

/// Without a clock no policy is asked.
fn without_clock<Answer>(error: &io::Error) -> Decided<Answer> {
    let reason = format!("the host could not start the clock that bounds it: {error}");
    Decided { outcome: Outcome::Trapped { reason }, transcript: Vec::<CapabilityCall>::new(), fuel: 0 }
}

/// Why a call ended without an answer. `known` is the budget that the host saw used up.
fn ended<Answer>(error: &wasmtime::Error, limits: &Limits, known: Option<Budget>) -> Outcome<Answer> {
    let budget = match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Some(Budget::Fuel(limits.fuel)),
        Some(Trap::Interrupt) => Some(Budget::Time(limits.time)),
        Some(Trap::StackOverflow) => Some(Budget::Stack(STACK as u64)),
        _ if handed_over_too_much(error) => Some(Budget::Output(limits.output)),
        _ => known,
    };
    match budget {
        Some(budget) => Outcome::OutOfBudget { budget },
        None => Outcome::Trapped { reason: clip(&format!("{:#}", error.root_cause())) },
    }
}

/// Whether the engine stopped copying because a call handed over more than [`Store::set_hostcall_fuel`] allows. It has
/// no public type for that, so its text is compared; a test asks for it.
fn handed_over_too_much(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| cause.to_string().contains("fuel allocated for hostcalls has been exhausted"))
}

/// Makes a text from outside safe to show: one line without control characters, cut down to the longest message that is
/// kept.
pub(crate) fn clip(text: &str) -> String {
    let mut text: String = text
        .chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect();
    if text.len() > LONGEST_MESSAGE {
        text.truncate(text.floor_char_boundary(LONGEST_MESSAGE));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = clip(&"ä".repeat(LONGEST_MESSAGE));
        assert!(text.len() <= LONGEST_MESSAGE + '…'.len_utf8());
        assert!(text.ends_with("ä…"));
    }

    #[test]
    fn texts_that_would_steer_a_terminal_or_a_log_are_made_harmless() {
        assert_eq!(clip("a\n::add-mask::b\t\u{1b}[2J"), "a ::add-mask::b \u{fffd}[2J");
    }
}
