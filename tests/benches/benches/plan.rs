//! `plimsoll plan` in a repository against `git status` there: people run both to see where they stand.

use std::{process::Command, time::Duration};

use plimsoll_benches::{
    report::Report,
    timing::{Pairs, process},
};
use plimsoll_support::{Application, Requirement, missing};

/// Processes of each kind.
const TURNS: usize = 101;
/// What a plan may take besides what git takes.
const ALLOWANCE: Duration = Duration::from_millis(20);

fn main() {
    let mut report = Report::new("plan");
    if let Some(skip) = missing(&[Requirement::Git]) {
        report.absent("plan / git status", &skip.reason);
        return report.finish();
    }
    let application = Application::self_contained();
    let released = application.release();
    assert!(released["digest"].is_string(), "the first release is there: {released}");
    let _ = application.change("Another day");
    let mut plan = application.plimsoll.command(&["plan", "--format", "json"]);
    let mut status = Command::new("git");
    status.args(["status", "--porcelain"]).current_dir(application.git.path());
    let pairs = Pairs::measure(TURNS, || process(&mut plan), || process(&mut status));
    report.times("plan / git status and 20 ms", &pairs.allowing(ALLOWANCE), 1.0);
    report.finish();
}
