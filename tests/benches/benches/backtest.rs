//! A backtest of 100,000 recorded decisions: how near it comes to the least that making them takes, on one thread and on
//! two, what reading the journal takes of it, and how much memory the whole process needs.

#![expect(clippy::print_stdout, reason = "a benchmark is a command for people")]

use std::{num::NonZero, path::Path, thread, time::Duration};

use plimsoll_app::recorded::RecordedDecisions;
use plimsoll_benches::{
    REQUEST,
    memory::peak,
    minimal::Minimal,
    report::Report,
    timing::{Pairs, time},
};
use plimsoll_core::{
    contract::PromotionRequest,
    decision::DecisionRecord,
    fact::{Fact, StoredFact},
    names::{EnvironmentName, ReleaseId},
    ports::{Journal, PortFailure, PromotionPolicy},
    verdict,
};
use plimsoll_harness::replay::{Backtest, Candidate, Filter, backtest, decisions};
use plimsoll_journal::SqliteJournal;
use plimsoll_policy::{Binding, Sandbox, SandboxOptions};
use plimsoll_support::Plimsoll;
use tokio::runtime::Runtime;

/// Decisions in the large journal, and in the small one.
const DECISIONS: [u32; 2] = [100_000, 10_000];
/// Backtests of the large journal.
const TURNS: usize = 5;
/// The settings that the decisions were made with.
const SETTINGS: &str = r#"{"pattern":"v*"}"#;
/// Instances that there is room for; the default of the sandbox.
const PLACES: u32 = 16;

fn main() {
    let mut report = Report::new("backtest");
    let runtime = Runtime::new().expect("a runtime starts");
    let component = plimsoll_stock::component("version-gate").expect("it is a stock policy");
    let sandbox = Sandbox::new(SandboxOptions::default()).expect("a sandbox without a cache needs nothing");
    let gate = sandbox.load("stock:version-gate", component).expect("it is a policy");
    let bound = gate.bind(Binding::default()).expect("it wants nothing");
    let folder = folder();
    let [large, small] = DECISIONS.map(|count| {
        let path = folder.path().join(format!("{count}.db"));
        let policy = bound.as_promotion().expect("it decides on promotions");
        runtime.block_on(write(&path, count, policy.as_ref()));
        path
    });

    let candidate = Candidate { policy: bound, settings: None };
    let minimal = Minimal::compile(component, PLACES).expect("it compiles");
    let run = |threads| time(|| run(&runtime, &large, &candidate, threads));
    // The first one finds the journal in no cache.
    run(1);
    for threads in [1, 2] {
        let pairs = Pairs::measure(TURNS, || run(threads), || time(|| decide(&minimal, threads)));
        rates(threads, &pairs);
        report.times(&format!("backtest / minimal loop, threads: {threads}"), &pairs, 1.25);
    }
    let pairs = Pairs::measure(TURNS, || run(2) * 2, || run(1));
    // Two threads at 0.85 of twice one.
    report.times("two threads, the time of both / one thread", &pairs, 1.18);
    parts(&runtime, &large, &minimal);
    let plimsoll = Plimsoll::in_folder(folder.path());
    let memory = |journal: &Path| {
        let journal = journal.to_str().expect("temporary folders have plain names");
        peak(&mut plimsoll.command(&["policy", "backtest", "stock:version-gate", "--journal", journal]))
    };
    report.sizes("peak memory: 100,000 decisions / 10,000", memory(&large), memory(&small), 1.1);
    report.finish();
}

/// A folder in memory where there is such a place: to write facts durably one by one takes a disk minutes.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("there is room for a folder")
}

/// Writes a journal of so many decisions, each of a release of its own.
async fn write(path: &Path, count: u32, policy: &dyn PromotionPolicy) {
    let journal = SqliteJournal::open(path).await.expect("there is room for a journal");
    let request: PromotionRequest =
        serde_json::from_str(REQUEST).expect("the request has the contract's form");
    let environment = EnvironmentName::new("production").expect("it is a name");
    for number in 0..count {
        let request = varied(&request, number);
        let record = DecisionRecord::new(policy.identity().clone(), request.clone(), policy.decide(&request));
        let records = vec![record];
        let fact =
            Fact::Decided { environment: environment.clone(), verdict: verdict::join(&records), records };
        let release = ReleaseId::new(format!("r-{number:012x}")).expect("it is an id");
        journal.append(&release, 0, request.now.unix, fact).await.expect("the journal takes a fact");
    }
}

/// The question about another release: most are versions, one in five is a push, one in seven a pre-release.
fn varied(request: &PromotionRequest, number: u32) -> PromotionRequest {
    let mut request = request.clone();
    let at = i64::from(number) * 60;
    let pre_release = if number.is_multiple_of(7) { "-rc.1" } else { "" };
    let version = format!("{}.{}.{}{pre_release}", number / 10_000, number / 100 % 100, number % 100);
    let tag = format!("v{version}");
    request.source.commit.id = format!("{number:040x}");
    request.source.commit.time += at;
    request.source.commit.message = Some(format!("Change {number}: say it better"));
    request.now.unix += at;
    request.image.digest = Some(format!("sha256:{number:064x}"));
    request.settings = SETTINGS.to_owned();
    if number.is_multiple_of(5) {
        request.source.tags = Vec::new();
        request.image.tags = vec!["latest".to_owned()];
        request.image.version = None;
    } else {
        request.source.tags = vec![tag.clone()];
        request.image.tags = vec!["latest".to_owned(), tag];
        request.image.version = Some(version);
    }
    request
}

/// A backtest as the command makes it.
fn run(runtime: &Runtime, journal: &Path, candidate: &Candidate, threads: usize) {
    let threads = NonZero::new(threads).expect("there is a thread");
    let filter = Filter { policy: Some("version-gate".to_owned()), ..Filter::default() };
    let mut sum = Backtest::default();
    each_page(runtime, journal, |page| {
        let compared = backtest(page, &filter, candidate, threads).expect("the facts can be read");
        compared.iter().for_each(|compared| sum.count(compared));
    });
    assert_eq!((sum.decisions, sum.same), (DECISIONS[0].into(), DECISIONS[0].into()), "{sum:?}");
}

fn each_page(runtime: &Runtime, journal: &Path, mut work: impl FnMut(&Vec<StoredFact>)) {
    let read = async {
        let source = RecordedDecisions::open(journal).await?;
        source
            .each_page(|page| {
                work(page);
                Ok::<(), PortFailure>(())
            })
            .await
    };
    runtime.block_on(read).expect("the journal can be read");
}

/// As many decisions by the minimal loop, shared among threads.
fn decide(minimal: &Minimal, threads: usize) {
    let share = DECISIONS[0] / u32::try_from(threads).expect("they are few");
    let work = || {
        for _ in 0..share {
            let verdict = minimal.decide(SETTINGS);
            assert!(std::hint::black_box(verdict).is_ok(), "the policy answers");
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
}

fn rates(threads: usize, pairs: &Pairs) {
    let rate = |took: Duration| f64::from(DECISIONS[0]) / took.as_secs_f64();
    println!(
        "threads: {threads}, decisions a second: {:.0}, the minimal loop {:.0}",
        rate(pairs.ours()),
        rate(pairs.theirs())
    );
}

/// What the parts of a backtest take on one thread, as parts of what the minimal loop takes.
fn parts(runtime: &Runtime, journal: &Path, minimal: &Minimal) {
    let mut pages: Vec<Vec<StoredFact>> = Vec::new();
    each_page(runtime, journal, |page| pages.push(page.clone()));
    let loops = || time(|| decide(minimal, 1));
    let pairs = Pairs::measure(TURNS, || time(|| each_page(runtime, journal, |_| {})), loops);
    println!("reading the facts takes {:.2} of the minimal loop", pairs.ratio());
    let parse = || {
        time(|| {
            for fact in pages.iter().flatten() {
                drop(std::hint::black_box(decisions(fact).expect("the facts can be read")));
            }
        })
    };
    let pairs = Pairs::measure(TURNS, parse, loops);
    println!("taking the decisions out of them takes {:.2} of the minimal loop", pairs.ratio());
}
