//! The embedded build, and the build with its push, against other builders of the same Dockerfile, in one run and in
//! turns: the example's kind of site, forty files on nginx; a gigabyte in two thousand files; eighty megabytes in twenty
//! thousand. Every builder has the base image at hand. *cold* is without anything else and into an empty repository,
//! *warm* with what the build before left, *one file changed* the same with other content in one file. Files have the same
//! time in all images, as those of other builders, which find what they built before whatever time its files have.
//!
//! Others compress when they push, the embedded builder when it builds, so builds alone and builds with their push are
//! both shown. `PLIMSOLL_BENCH=site` (or `gigabyte`, `many`) measures one of the three.

mod limits;
mod ours;
mod peers;

use std::time::Duration;

use plimsoll_benches::{contexts::DataFiles, report::Report, timing::Pairs};
use plimsoll_support::{DebianRegistry, NginxBase, Requirement, missing};

use ours::{Contents, Ours};
use peers::Peer;

/// Turns with the small site, and with each of the large contexts, where one takes minutes.
const TURNS: usize = 5;
const LARGE_TURNS: usize = 1;
/// Three times faster from nothing, ten times with what an earlier build left.
const COLD: f64 = 1.0 / 3.0;
const AGAIN: f64 = 0.1;
/// No goal: shown for what it is. A warm release is its journal more than anything.
const NONE: f64 = f64::INFINITY;
/// The most that a large build with its push may take of the slowest of its parts.
const PARTS: f64 = 1.3;

/// How long a build took, and the same with its push.
#[derive(Debug, Clone, Copy)]
struct Took {
    build: Duration,
    with_push: Duration,
}

/// What each case took.
#[derive(Clone)]
struct Turn {
    cold: Took,
    warm: Took,
    changed: Took,
}

fn main() {
    let mut report = Report::new("build");
    let needs = [Requirement::Git, Requirement::Registry, Requirement::Skopeo];
    if let Some(skip) = missing(&needs) {
        report.absent("build", &skip.reason);
        return report.finish();
    }
    let registry = DebianRegistry::start();
    let chosen = std::env::var("PLIMSOLL_BENCH").ok();
    let wants = |name: &str| chosen.as_deref().is_none_or(|chosen| chosen == name);
    if wants("site") {
        match missing(&[Requirement::NginxBase]) {
            Some(skip) => report.absent("site", &skip.reason),
            None => {
                let base = NginxBase::get().push(&registry);
                compare(
                    "site",
                    &mut Ours::prepare(Contents::Site(base), "site", &registry),
                    TURNS,
                    &mut report,
                );
            }
        }
    }
    for (name, title, files, goal) in [
        ("many", "80 MB in 20,000 files", DataFiles::MANY, NONE),
        ("gigabyte", "1 GB in 2,000 files", DataFiles::GIGABYTE, PARTS),
    ] {
        if wants(name) {
            let mut ours = Ours::prepare(Contents::Data(files), name, &registry);
            compare(title, &mut ours, LARGE_TURNS, &mut report);
            limits::compare(title, &mut ours, (files, goal), LARGE_TURNS, &mut report);
        }
    }
    report.finish();
}

/// The median time of what takes so little that one time alone says nothing.
fn median_of_several(mut take: impl FnMut() -> Duration) -> Duration {
    let mut times: [Duration; 5] = std::array::from_fn(|_| take());
    times.sort_unstable();
    times[times.len() / 2]
}

/// Measures all builders with one context, one after the other in each turn.
fn compare(title: &str, ours: &mut Ours<'_>, turns: usize, report: &mut Report) {
    let storage = tempfile::tempdir().expect("there is room for a folder");
    let mut peers = peers::all(ours, storage.path(), report);
    let mut own = Vec::new();
    let mut others: Vec<Vec<_>> = peers.iter().map(|_| Vec::new()).collect();
    for turn in 0..turns {
        // Who begins changes from turn to turn.
        let begins = turn % 2 == 0;
        if begins {
            own.push(ours.turn());
        }
        for (peer, times) in peers.iter_mut().zip(&mut others) {
            times.push(peer.turn(ours));
        }
        if !begins {
            own.push(ours.turn());
        }
    }
    // The goals are for much to build. Of the site, next to nothing: the start of the programs is most of it.
    let has_goals = matches!(ours.contents, Contents::Data(_));
    for (peer, times) in peers.iter().zip(&others) {
        rows(title, peer, &own, times, has_goals, report);
    }
}

/// The rows for one peer.
fn rows(title: &str, peer: &Peer, own: &[Turn], theirs: &[Turn], has_goals: bool, report: &mut Report) {
    type Case = (&'static str, fn(&Turn) -> Duration, f64);
    let cases: [Case; 6] = [
        ("cold: build", |turn| turn.cold.build, COLD),
        ("cold: build and push", |turn| turn.cold.with_push, COLD),
        ("warm: build", |turn| turn.warm.build, AGAIN),
        ("warm: build and push", |turn| turn.warm.with_push, NONE),
        ("one file changed: build", |turn| turn.changed.build, AGAIN),
        ("one file changed: build and push", |turn| turn.changed.with_push, NONE),
    ];
    for (case, time, goal) in cases {
        let pairs = own.iter().zip(theirs).map(|(own, theirs)| (time(own), time(theirs)));
        let goal = if has_goals { goal } else { NONE };
        report.times(&format!("{title}, {case} / {}", peer.name()), &Pairs::from_iter(pairs), goal);
    }
}
