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

use plimsoll_core::decision::PolicyIdentity;
use plimsoll_policy::{BoundPolicy, Policy};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Map, Value};

use super::{
    counter_example::CounterExample,
    judge::{Example, Judge},
    parts::part,
    pools::Pools,
    shrink::shrink,
};
use crate::{
    cases::{RunError, Suite},
    question::Question,
    value::moment,
};

/// From so many questions on, an invariant should have had something to say.
const ENOUGH: u64 = 1_000;

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
    /// How many questions got an answer.
    pub answered: u64,
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
    /// Whether it may have nothing to say in a whole run.
    pub rare: bool,
}

impl FuzzReport {
    /// What the run did not test though it should have, a sentence each: that nothing is wrong with it says nothing.
    #[must_use]
    pub fn untested(&self) -> Vec<String> {
        if self.answered == 0 {
            let runs = self.runs;
            return vec![format!(
                "none of {runs} questions got an answer, {} of them an error: nothing was tested",
                self.errors
            )];
        }
        if self.runs < ENOUGH {
            return Vec::new();
        }
        let silent = self.invariants.iter().filter(|used| used.applied == 0 && !used.rare);
        silent
            .map(|used| {
                format!("the invariant `{}` never had anything to say: its `when` was never true", used.name)
            })
            .collect()
    }
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
        answered: AtomicU64::new(0),
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
            rare: invariant.rare,
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
        answered: judge.answered.load(Ordering::Relaxed),
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
