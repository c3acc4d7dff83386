//! Progress: bars on a terminal, plain lines elsewhere.

use std::{collections::BTreeMap, io::IsTerminal, sync::Mutex, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use plimsoll_app::views::sentence;
use plimsoll_core::{
    fact::{Entry, Fact},
    ports::{Activity, Progress},
    release::Step,
};

use super::{BAD, FAINT, GOOD, PLAIN, WAITING};

/// Shows a release's progress on standard error.
pub(crate) enum ProgressDisplay {
    /// Nothing.
    Quiet,
    /// A line for each fact.
    Lines,
    /// Bars, and a line for each fact above them.
    Bars(Bars),
}

/// Bars on a terminal.
pub(crate) struct Bars {
    all: MultiProgress,
    step: ProgressBar,
    transfers: Mutex<BTreeMap<String, ProgressBar>>,
}

impl ProgressDisplay {
    /// The display that fits where standard error goes.
    pub(crate) fn new(quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines;
        }
        let all = MultiProgress::new();
        let step = all.add(ProgressBar::new_spinner());
        step.enable_steady_tick(Duration::from_millis(100));
        Self::Bars(Bars { all, step, transfers: Mutex::default() })
    }

    fn line(&self, text: &str) {
        match self {
            Self::Quiet => {}
            Self::Lines => tell!("{text}"),
            Self::Bars(bars) => bars.all.suspend(|| tell!("{text}")),
        }
    }
}

impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        if let Self::Bars(bars) = self {
            bars.step.finish_and_clear();
        }
    }
}

impl Progress for ProgressDisplay {
    fn starting(&self, step: &Step) {
        if let Self::Bars(bars) = self {
            bars.step.set_message(step.to_string());
        }
    }

    fn recorded(&self, entry: &Entry) {
        if let Self::Bars(bars) = self {
            bars.clear();
        }
        let (sign, style) = match &entry.fact {
            // The result says so too.
            Fact::Settled {} => return,
            Fact::StepFailed { .. } => ("✗", BAD),
            _ => ("✓", GOOD),
        };
        self.line(&format!("{style}{sign}{PLAIN} {}", sentence(&entry.fact)));
    }

    fn activity(&self, activity: Activity<'_>) {
        match (activity, self) {
            (Activity::Line(text), _) => self.line(&format!("  {FAINT}{text}{PLAIN}")),
            (Activity::Warning(text), _) => self.line(&format!("{WAITING}note:{PLAIN} {text}")),
            (Activity::Transfer { what, done, total }, Self::Bars(bars)) => bars.transfer(what, done, total),
            (Activity::Transfer { .. }, _) => {}
        }
    }
}

impl Bars {
    fn transfer(&self, what: &str, done: u64, total: u64) {
        // A poisoned lock only means that another thread's drawing panicked; the bars are still good.
        let mut transfers = self.transfers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if total > 0 && done >= total {
            if let Some(bar) = transfers.remove(what) {
                bar.finish_and_clear();
            }
            return;
        }
        let bar = transfers.entry(what.to_owned()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(total));
            if let Ok(style) =
                ProgressStyle::with_template("  {msg:19!} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}")
            {
                bar.set_style(style);
            }
            bar.set_message(what.to_owned());
            bar
        });
        bar.set_length(total);
        bar.set_position(done);
    }

    fn clear(&self) {
        let mut transfers = self.transfers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for bar in std::mem::take(&mut *transfers).into_values() {
            bar.finish_and_clear();
        }
    }
}
