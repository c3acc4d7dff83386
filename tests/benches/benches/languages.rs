//! The projects that `plimsoll policy new` makes, language by language, against that in Rust: a fresh decision by turns, and
//! what one takes of everything else. Each is the same rule, asked the same case.

#![expect(clippy::print_stdout, reason = "a benchmark is a command for people")]

use std::{
    env, fs,
    path::Path,
    time::{Duration, Instant},
};

use plimsoll_benches::{report::Report, timing::Pairs};
use plimsoll_harness::{
    bench::{CaseCost, bench},
    cases::Suite,
};
use plimsoll_policy::{Policy, Sandbox, SandboxOptions};
use plimsoll_support::{Plimsoll, Requirement, missing, run_for};

/// How long building a project may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// Turns of each pair.
const TURNS: usize = 15;
/// Decisions in a turn.
const DECISIONS: usize = 200;
/// The case of every project's `cases.toml` that is asked.
const CASE: &str = "an image of main may enter";
/// The languages, what they need here, and the most that a fresh decision may be of one in Rust.
const LANGUAGES: [(&str, Option<Requirement>, f64); 4] = [
    ("rust", None, 1.0),
    ("javascript", Some(Requirement::Node), 22.0),
    ("go", Some(Requirement::GoForPolicies), 50.0),
    ("python", Some(Requirement::Python), 400.0),
];

/// A project's component, loaded.
struct Built {
    language: &'static str,
    size: u64,
    /// Loading it for the first time, and from the cache.
    cold: Duration,
    cached: Duration,
    suite: Suite,
    policy: Policy,
}

fn main() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let mut report = Report::new("languages");
    let mut all = Vec::new();
    for (language, requirement, goal) in LANGUAGES {
        match missing(requirement.as_slice()) {
            Some(skip) => report.absent(language, &skip.reason),
            None => all.push((build(folder.path(), language), goal)),
        }
    }
    let Some(((rust, _), others)) = all.split_first() else { unreachable!("Rust needs nothing else") };
    for (other, goal) in others {
        let pairs = Pairs::measure(TURNS, || other.decision(), || rust.decision());
        report.times(&format!("{}: a fresh decision / rust", other.language), &pairs, *goal);
    }
    println!(
        "\n{:<11} {:>10} {:>12} {:>12} {:>12} {:>12} {:>10} {:>11}",
        "language", "size KiB", "cold ms", "cached ms", "instance us", "call us", "fuel", "memory KiB"
    );
    for (built, _) in &all {
        built.print();
    }
    report.finish();
}

/// Makes a project, builds it as its author would, and loads its component.
fn build(folder: &Path, language: &'static str) -> Built {
    let own = |name: &str| !name.starts_with("PLIMSOLL_");
    let plimsoll = env::vars()
        .filter(|(name, _)| own(name))
        .fold(Plimsoll::in_folder(folder), |plimsoll, (name, value)| plimsoll.environment(&name, value));
    let _ = plimsoll.run(&["policy", "new", language, "--lang", language]).code(0);
    let _ = run_for(&mut plimsoll.command(&["policy", "build", language]), PATIENCE).success();
    let project = folder.join(language);
    // With cargo, the name of the package is that of the project too.
    let component = fs::read(project.join(language).with_extension("wasm")).expect("it was built");
    let suite = Suite::read(&project.join("cases.toml")).expect("it has cases");
    let cache = Some(folder.join("cache"));
    let load = || {
        let options = SandboxOptions { cache: cache.clone(), ..SandboxOptions::default() };
        let sandbox = Sandbox::new(options).expect("the cache can be used");
        let begun = Instant::now();
        (sandbox.load(language, &component).expect("it is a policy"), begun.elapsed())
    };
    let (_, cold) = load();
    let (policy, cached) = load();
    Built { language, size: component.len() as u64, cold, cached, suite, policy }
}

impl Built {
    fn cost(&self) -> CaseCost {
        let costs = bench(&self.suite, &self.policy, DECISIONS).expect("it wants nothing");
        costs[CASE]
    }

    /// The middle of some fresh decisions.
    fn decision(&self) -> Duration {
        Duration::from_nanos(self.cost().p50)
    }

    fn print(&self) {
        let CaseCost { instantiate, call, fuel, memory, .. } = self.cost();
        let micro = |nanoseconds: u64| nanoseconds as f64 / 1e3;
        println!(
            "{:<11} {:>10} {:>12.1} {:>12.1} {:>12.1} {:>12.1} {:>10} {:>11}",
            self.language,
            self.size >> 10,
            self.cold.as_secs_f64() * 1e3,
            self.cached.as_secs_f64() * 1e3,
            micro(instantiate),
            micro(call),
            fuel,
            memory >> 10,
        );
    }
}
