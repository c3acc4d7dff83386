//! How long a policy takes: each case of a suite is asked many times, a fresh instance each time.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use plimsoll_policy::{Policy, Recorded};
use serde::{Deserialize, Serialize};

use crate::{
    cases::{RunError, Suite},
    question::{Question, ask},
};

/// How long one case is asked at most.
const PATIENCE: Duration = Duration::from_secs(1);
/// Questions before those that count.
const WARM_UP: usize = 20;

/// What the cases of a suite take, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BenchReport {
    /// Reading, compiling and describing the component, without a cache, nanoseconds.
    pub load: u64,
    /// Compiling alone, nanoseconds.
    #[serde(default)]
    pub compile: u64,
    /// The cases.
    pub cases: BTreeMap<String, CaseCost>,
}

/// What one case takes. Times are nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CaseCost {
    /// How often it was asked.
    pub runs: usize,
    /// A whole decision, the middle of all.
    pub p50: u64,
    /// A whole decision, the slowest hundredth.
    pub p99: u64,
    /// Making a fresh instance, the middle of all.
    pub instantiate: u64,
    /// The call, the middle of all.
    pub call: u64,
    /// Fuel, the same each time.
    pub fuel: u64,
    /// Linear memory at most, bytes.
    pub memory: u64,
}

/// Asks a policy every case that it answers, `runs` times each or for a second.
///
/// # Errors
/// The policy wants what the suite does not grant.
pub fn bench(suite: &Suite, policy: &Policy, runs: usize) -> Result<BTreeMap<String, CaseCost>, RunError> {
    let bound = suite.bind(policy)?;
    let questions = Question::of(policy);
    let mut cases = BTreeMap::new();
    for case in &suite.cases {
        let Ok(request) = suite.request(&questions, case) else { continue };
        if bound.check_settings(request.settings()).is_err() {
            continue;
        }
        let mut costs = Vec::with_capacity(runs);
        let mut fuel = 0;
        let begun = Instant::now();
        for run in 0..runs + WARM_UP {
            let Ok(asked) = ask(&bound, &request, Recorded::new(case.capabilities.clone())) else { break };
            fuel = asked.fuel;
            if run >= WARM_UP {
                costs.push(asked.cost);
            }
            if begun.elapsed() > PATIENCE {
                break;
            }
        }
        let sorted = |time: fn(&plimsoll_policy::Cost) -> Duration| {
            let mut times: Vec<u64> = costs.iter().map(|cost| nanoseconds(time(cost))).collect();
            times.sort_unstable();
            times
        };
        let whole = sorted(|cost| cost.instantiate + cost.call);
        let Some(p50) = at(&whole, 50) else { continue };
        let cost = CaseCost {
            runs: costs.len(),
            p50,
            p99: at(&whole, 99).unwrap_or(p50),
            instantiate: at(&sorted(|cost| cost.instantiate), 50).unwrap_or_default(),
            call: at(&sorted(|cost| cost.call), 50).unwrap_or_default(),
            fuel,
            memory: costs.iter().map(|cost| cost.memory).max().unwrap_or_default(),
        };
        cases.insert(case.name.clone(), cost);
    }
    Ok(cases)
}

/// A time in whole nanoseconds.
#[must_use]
pub fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The value below which so many of a hundred lie.
fn at(sorted: &[u64], percent: usize) -> Option<u64> {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().checked_sub(1)?)).copied()
}

/// A case beside a kept result.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// The case.
    pub name: String,
    /// This time's p50 to that of the kept result.
    pub ratio: f64,
    /// This time's fuel to that of the kept result.
    pub fuel: f64,
    /// Whether it is worse than the threshold allows.
    pub worse: bool,
}

impl BenchReport {
    /// Compares with a kept result, case by case. Worse is a p50, or a fuel, that is more than `threshold` percent above.
    #[must_use]
    pub fn compare(&self, kept: &Self, threshold: u32) -> Vec<Comparison> {
        #[expect(clippy::cast_precision_loss, reason = "ratios for people")]
        let ratio = |now: u64, before: u64| now as f64 / before.max(1) as f64;
        let most = 1.0 + f64::from(threshold) / 100.0;
        let both = self.cases.iter().filter_map(|(name, now)| Some((name, now, kept.cases.get(name)?)));
        both.map(|(name, now, before)| {
            let (time, fuel) = (ratio(now.p50, before.p50), ratio(now.fuel, before.fuel));
            Comparison { name: name.clone(), ratio: time, fuel, worse: time > most || fuel > most }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worse_than_the_threshold_is_told() {
        let report = |p50: u64, fuel: u64| {
            let cost = CaseCost { runs: 1, p50, p99: p50, instantiate: 0, call: 0, fuel, memory: 0 };
            BenchReport { load: 0, compile: 0, cases: BTreeMap::from([("a".to_owned(), cost)]) }
        };
        for (now, worse) in [((110, 100), false), ((111, 100), true), ((50, 111), true), ((50, 50), false)] {
            let compared = report(now.0, now.1).compare(&report(100, 100), 10);
            assert_eq!(compared[0].worse, worse, "{now:?}");
        }
        assert_eq!(report(1, 1).compare(&BenchReport::default(), 0), []);
    }

    #[test]
    fn percentiles_are_of_the_list() {
        let list: Vec<u64> = (0..100).collect();
        assert_eq!(
            (at(&list, 50), at(&list, 99), at(&list, 100), at(&[], 50)),
            (Some(50), Some(99), Some(99), None)
        );
    }
}
