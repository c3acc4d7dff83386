//! Asking a policy what was made up, on all processors.

use std::{
    num::NonZeroUsize,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use plimsoll_core::{
    contract::GitRef,
    decision::{CapabilityCall, Outcome, PolicyIdentity},
};
use plimsoll_policy::{BoundPolicy, Policy, Recorded};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Map, Value};

use super::{
    answers::answer,
    counter_example::{CounterExample, Violation},
    parts::part,
    pools::Pools,
    shrink::shrink,
};
use crate::{
    cases::{RunError, Suite},
    question::{Answer, Asked, Question, Request, Undecided, ask},
    value::moment,
    view::view,
};

/// The most look-ups that are made up for one question: a policy that asks for more asks without end.
const MOST_LOOK_UPS: usize = 64;

/// How long a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// This many questions.
    Runs(u64),
    /// As many as fit into this time.
    Time(Duration),
}

/// How a policy is fuzzed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FuzzOptions {
    /// What the questions follow from.
    pub seed: u64,
    /// How long it goes on.
    pub budget: Budget,
    /// Whether an error that the policy returns counts as a violation.
    pub deny_errors: bool,
    /// How many are asked at once; as many as there are processors when absent.
    pub jobs: Option<NonZeroUsize>,
}

/// What fuzzing found.
#[derive(Debug, Clone)]
pub struct FuzzReport {
    /// The policy that was asked.
    pub policy: PolicyIdentity,
    /// The seed that repeats the run.
    pub seed: u64,
    /// How many questions were made up.
    pub runs: u64,
    /// How many decisions were made for them: each question is asked twice.
    pub decisions: u64,
    /// How long it took, shrinking not counted.
    pub time: Duration,
    /// How often each invariant had something to say, in the order of the suite.
    pub invariants: Vec<InvariantUse>,
    /// How many questions the policy answered with an error.
    pub errors: u64,
    /// The first question that broke something, shrunk.
    pub counter_example: Option<CounterExample>,
}

/// How often an invariant had something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvariantUse {
    /// Its name.
    pub name: String,
    /// The questions of which its `when` was true.
    pub applied: u64,
}

/// A made-up question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Example {
    pub(super) index: u64,
    pub(super) question: Question,
    /// What is merged over the default request.
    pub(super) part: Value,
    pub(super) settings: Map<String, Value>,
    /// Answers that were made up for its look-ups.
    pub(super) capabilities: Vec<CapabilityCall>,
}

/// Everything that one question is judged by.
pub(super) struct Judge<'a> {
    suite: &'a Suite,
    bound: BoundPolicy,
    pools: Pools,
    options: &'a FuzzOptions,
    questions: Vec<Question>,
    settings: Vec<Map<String, Value>>,
    applied: Vec<AtomicU64>,
    errors: AtomicU64,
}

/// Fuzzes a policy with the suite's grants, limits, settings and invariants.
///
/// # Errors
/// The policy wants what the suite does not grant.
pub fn fuzz(suite: &Suite, policy: &Policy, options: &FuzzOptions) -> Result<FuzzReport, RunError> {
    let bound = suite.bind(policy)?;
    let settings = settings_to_try(suite, &bound);
    let judge = Judge {
        pools: Pools::of(suite),
        questions: Question::of(policy),
        applied: suite.invariants.iter().map(|_| AtomicU64::new(0)).collect(),
        errors: AtomicU64::new(0),
        suite,
        bound,
        options,
        settings,
    };
    let begun = Instant::now();
    let (runs, found) = judge.run_all(begun);
    let time = begun.elapsed();
    let uses = suite.invariants.iter().zip(&judge.applied);
    let invariants = uses
        .map(|(invariant, applied)| InvariantUse {
            name: invariant.name.clone(),
            applied: applied.load(Ordering::Relaxed),
        })
        .collect();
    let errors = judge.errors.load(Ordering::Relaxed);
    let counter_example = found.map(|example| shrink(&judge, example));
    Ok(FuzzReport {
        policy: policy.identity().clone(),
        seed: options.seed,
        runs,
        decisions: runs * 2,
        time,
        invariants,
        errors,
        counter_example,
    })
}

/// The settings that the suite names and the policy accepts; those it refuses are tested by cases.
fn settings_to_try(suite: &Suite, bound: &BoundPolicy) -> Vec<Map<String, Value>> {
    let named = suite.fuzz.settings.clone().unwrap_or_else(|| {
        let mut all = vec![suite.settings.clone()];
        all.extend(suite.cases.iter().map(|case| case.settings.clone()));
        all
    });
    let mut settings: Vec<Map<String, Value>> = Vec::new();
    for one in named {
        if !settings.contains(&one) && bound.check_settings(&Value::Object(one.clone()).to_string()).is_ok() {
            settings.push(one);
        }
    }
    if settings.is_empty() {
        settings.push(Map::new());
    }
    settings
}

impl Judge<'_> {
    /// Asks until the budget is used up or something is found; how many were asked, and the first find.
    fn run_all(&self, begun: Instant) -> (u64, Option<Example>) {
        let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
        // Questions beyond the first find need not be asked, those before it must: the same find every time.
        let most = AtomicU64::new(match self.options.budget {
            Budget::Runs(runs) => runs,
            Budget::Time(_) => u64::MAX,
        });
        let found: Mutex<Option<Example>> = Mutex::new(None);
        let worker = || {
            let strategies: Vec<_> =
                self.questions.iter().map(|question| part(*question, &self.pools)).collect();
            loop {
                if matches!(self.options.budget, Budget::Time(time) if begun.elapsed() >= time) {
                    break;
                }
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= most.load(Ordering::Relaxed) {
                    break;
                }
                done.fetch_add(1, Ordering::Relaxed);
                let Some(example) = self.try_one(index, &strategies) else { continue };
                most.fetch_min(index, Ordering::Relaxed);
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                if found.as_ref().is_none_or(|earlier| index < earlier.index) {
                    *found = Some(example);
                }
            }
        };
        let jobs =
            self.options.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        thread::scope(|scope| {
            for _ in 1..jobs {
                scope.spawn(worker);
            }
            worker();
        });
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let runs = found.as_ref().map_or(done.load(Ordering::Relaxed), |example| example.index + 1);
        (runs, found)
    }

    /// Makes a question up and asks it; the question if something is wrong.
    fn try_one(&self, index: u64, strategies: &[BoxedStrategy<(Value, String)>]) -> Option<Example> {
        let mut runner = self.runner(index);
        let of_question = index % self.questions.len() as u64;
        let of_settings = index / self.questions.len() as u64 % self.settings.len() as u64;
        let strategy = strategies.get(usize::try_from(of_question).ok()?)?;
        let (mut part, zone) = strategy.new_tree(&mut runner).ok()?.current();
        if let Some(unix) = part.get("now").and_then(Value::as_i64) {
            part["now"] = moment(unix, &zone).ok()?;
        }
        let mut example = Example {
            index,
            part,
            question: *self.questions.get(usize::try_from(of_question).ok()?)?,
            settings: self.settings.get(usize::try_from(of_settings).ok()?)?.clone(),
            capabilities: Vec::new(),
        };
        make_consistent(&mut example.part);
        let violation = self.judge(&mut example, Some(&mut runner), true);
        violation.map(|_| example)
    }

    /// The random choices of one question.
    fn runner(&self, index: u64) -> TestRunner {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.options.seed.to_le_bytes());
        seed[8..16].copy_from_slice(&index.to_le_bytes());
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
    }

    /// Asks a question and says what is wrong with how it came out. With a source of chances, answers to look-ups are made
    /// up and kept in the example; without one, a look-up that it does not answer makes it none.
    pub(super) fn judge(
        &self,
        example: &mut Example,
        mut chances: Option<&mut TestRunner>,
        count: bool,
    ) -> Option<Violation> {
        let request = self.suite.complete(example.question, &example.part, &example.settings).ok()?;
        if !is_consistent(&request) {
            return None;
        }
        let asked = loop {
            match ask(&self.bound, &request, Recorded::new(example.capabilities.clone())) {
                Ok(asked) => break asked,
                Err(Undecided::NotRecorded(inquiry)) if example.capabilities.len() < MOST_LOOK_UPS => {
                    let chances = chances.as_mut()?;
                    example.capabilities.push(answer(&inquiry, &self.pools, chances)?);
                }
                Err(_) => return None,
            }
        };
        self.violation(&request, &asked, &example.capabilities, count)
    }

    fn violation(
        &self,
        request: &Request,
        asked: &Asked,
        capabilities: &[CapabilityCall],
        count: bool,
    ) -> Option<Violation> {
        if let Some(violation) = self.unanswered(asked, count) {
            return Some(violation);
        }
        let again = ask(&self.bound, request, Recorded::new(capabilities.to_vec()));
        if again.as_ref() != Ok(asked) {
            return Some(Violation::Unsteady);
        }
        if asked.answer.unanswered().is_some() {
            return None;
        }
        let view = view(request, &asked.answer);
        for (invariant, applied) in self.suite.invariants.iter().zip(&self.applied) {
            if invariant.question.is_some_and(|question| question != request.question())
                || !invariant.applies(&view)
            {
                continue;
            }
            if count {
                applied.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(condition) = invariant.broken_by(&view) {
                return Some(Violation::Invariant {
                    name: invariant.name.clone(),
                    condition: condition.clone(),
                });
            }
        }
        None
    }

    /// What is wrong with a question that came out without an answer.
    fn unanswered(&self, asked: &Asked, count: bool) -> Option<Violation> {
        let reason = asked.answer.unanswered()?;
        let failed = matches!(
            &asked.answer,
            Answer::Tagging(Outcome::Failed { .. }) | Answer::Promotion(Outcome::Failed { .. })
        );
        if failed && count {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        (!failed || self.options.deny_errors).then_some(Violation::Unanswered { reason })
    }

    /// Whether the policy takes these settings.
    pub(super) fn accepts(&self, settings: &Map<String, Value>) -> bool {
        self.bound.check_settings(&Value::Object(settings.clone()).to_string()).is_ok()
    }

    /// What an example comes to, for its report.
    pub(super) fn ask(&self, example: &Example) -> Option<Asked> {
        let request = self.suite.complete(example.question, &example.part, &example.settings).ok()?;
        ask(&self.bound, &request, Recorded::new(example.capabilities.clone())).ok()
    }
}

/// Lets the event carry the tag that it is about, as every real one does.
fn make_consistent(part: &mut Value) {
    let Some(tag) = part.pointer("/source/git-ref/tag").cloned() else { return };
    let Some(source) = part.get_mut("source").and_then(Value::as_object_mut) else { return };
    let tags = source.entry("tags").or_insert_with(|| Value::Array(Vec::new()));
    if let Some(tags) = tags.as_array_mut()
        && !tags.contains(&tag)
    {
        tags.push(tag);
        tags.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
    }
}

/// Whether a host could ask this.
fn is_consistent(request: &Request) -> bool {
    let source = match request {
        Request::Tagging(request) => &request.source,
        Request::Promotion(request) => &request.source,
    };
    let asked_is_there = match request {
        Request::Tagging(_) => true,
        Request::Promotion(request) => {
            request.environments.iter().any(|environment| environment.name == request.environment)
        }
    };
    let tag_is_carried = match &source.git_ref {
        GitRef::Tag(tag) => source.tags.contains(tag),
        _ => true,
    };
    asked_is_there && tag_is_carried
}
