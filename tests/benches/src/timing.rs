//! Measuring two things in turns, so that both meet the same weather on a busy machine.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Times of two things, measured in turns: ours, and what it is held against.
pub struct Pairs(Vec<(Duration, Duration)>);

impl Pairs {
    /// Lets both take so many turns; each says how long its turn took. Who begins changes from turn to turn.
    pub fn measure(
        turns: usize,
        mut ours: impl FnMut() -> Duration,
        mut theirs: impl FnMut() -> Duration,
    ) -> Self {
        let pair = |turn| {
            if turn % 2 == 0 {
                let ours = ours();
                (ours, theirs())
            } else {
                let theirs = theirs();
                (ours(), theirs)
            }
        };
        Self((0..turns).map(pair).collect())
    }

    /// The median of our times.
    pub fn ours(&self) -> Duration {
        Duration::from_secs_f64(median(self.0.iter().map(|(ours, _)| ours.as_secs_f64())))
    }

    /// The median of their times.
    pub fn theirs(&self) -> Duration {
        Duration::from_secs_f64(median(self.0.iter().map(|(_, theirs)| theirs.as_secs_f64())))
    }

    /// The median of the ratios of the pairs, ours to theirs.
    pub fn ratio(&self) -> f64 {
        median(self.0.iter().map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64()))
    }

    /// The same with a time added to each of theirs.
    pub fn allowing(&self, more: Duration) -> Self {
        Self(self.0.iter().map(|(ours, theirs)| (*ours, *theirs + more)).collect())
    }
}

impl FromIterator<(Duration, Duration)> for Pairs {
    /// Times that were measured in turns elsewhere: ours first.
    fn from_iter<Turns: IntoIterator<Item = (Duration, Duration)>>(turns: Turns) -> Self {
        Self(turns.into_iter().collect())
    }
}

/// How long something takes.
pub fn time(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// How long one turn of something quick takes, as the mean of many.
pub fn time_each(turns: u32, mut work: impl FnMut()) -> Duration {
    time(|| (0..turns).for_each(|_| work())) / turns
}

/// How long a whole process takes, from its start to its end.
///
/// # Panics
/// It could not be started, or failed.
#[track_caller]
pub fn process(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let output = command.stdin(Stdio::null()).output().expect("the program of the benchmark starts");
    let took = begun.elapsed();
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    took
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
