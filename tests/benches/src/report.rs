//! The table of ratios that a benchmark ends with, and the files that the next run compares with.

use std::{
    env,
    fmt::{self, Display},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use crate::timing::Pairs;

/// The name under which each run is kept, and with which it is compared when nothing else is said.
const LAST: &str = "last";

/// What a benchmark found out.
pub struct Report {
    bench: &'static str,
    rows: Vec<Row>,
    absent: Vec<String>,
}

struct Row {
    what: String,
    ours: String,
    theirs: String,
    ratio: f64,
    goal: f64,
}

/// A number of bytes, for people.
struct Bytes(u64);

impl Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} MiB", self.0 as f64 / f64::from(1 << 20))
    }
}

impl Report {
    /// An empty report; `bench` is the name that its results are kept under.
    #[must_use]
    pub fn new(bench: &'static str) -> Self {
        Self { bench, rows: Vec::new(), absent: Vec::new() }
    }

    /// Adds times. `goal` is the most that ours may be of theirs; infinity, where there is none.
    pub fn times(&mut self, what: &str, pairs: &Pairs, goal: f64) {
        self.row(what, brief(pairs.ours()), brief(pairs.theirs()), pairs.ratio(), goal);
    }

    /// Adds sizes in bytes. `goal` is the most that ours may be of theirs.
    pub fn sizes(&mut self, what: &str, ours: u64, theirs: u64, goal: f64) {
        self.row(what, Bytes(ours).to_string(), Bytes(theirs).to_string(), ours as f64 / theirs as f64, goal);
    }

    /// Adds numbers of something. `goal` is the most that ours may be of theirs.
    pub fn counts(&mut self, what: &str, ours: u64, theirs: u64, goal: f64) {
        self.row(what, ours.to_string(), theirs.to_string(), ours as f64 / theirs as f64, goal);
    }

    fn row(&mut self, what: &str, ours: String, theirs: String, ratio: f64, goal: f64) {
        self.rows.push(Row { what: what.to_owned(), ours, theirs, ratio, goal });
    }

    /// Says that something was not measured, and why.
    pub fn absent(&mut self, what: &str, reason: &str) {
        self.absent.push(format!("{what}: not measured: {reason}"));
    }

    /// Prints the table and keeps it: always as `last`, and under the name after `--save`. The column `before` has the
    /// run named after `--compare`, by default the last one.
    #[expect(clippy::print_stdout, reason = "a benchmark is a command for people")]
    pub fn finish(self) {
        let folder = folder().join(self.bench);
        let before = read(&folder, &argument("--compare").unwrap_or_else(|| LAST.to_owned()));
        println!(
            "\n{:<58} {:>10} {:>10} {:>7} {:>7} {:>7}",
            self.bench, "ours", "against", "ratio", "goal", "before"
        );
        for row in &self.rows {
            let before =
                before[&row.what]["ratio"].as_f64().map_or(String::new(), |ratio| format!("{ratio:.3}"));
            let remark = if row.ratio <= row.goal { "" } else { "  missed" };
            println!(
                "{:<58} {:>10} {:>10} {:>7.3} {:>7} {before:>7}{remark}",
                row.what,
                row.ours,
                row.theirs,
                row.ratio,
                if row.goal.is_finite() { format!("<={:.2}", row.goal) } else { String::new() },
            );
        }
        for line in &self.absent {
            println!("{line}");
        }
        for name in [Some(LAST.to_owned()), argument("--save")].into_iter().flatten() {
            write(&folder, &name, &self.json());
        }
    }

    fn json(&self) -> Value {
        let row = |row: &Row| {
            let value =
                json!({ "ours": row.ours, "against": row.theirs, "ratio": row.ratio, "goal": row.goal });
            (row.what.clone(), value)
        };
        Value::Object(self.rows.iter().map(row).collect())
    }
}

/// A time with three digits.
fn brief(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (value, unit) = match seconds {
        1.0.. => (seconds, "s"),
        1e-3.. => (seconds * 1e3, "ms"),
        _ => (seconds * 1e6, "us"),
    };
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}

/// `target/plimsoll-benches`, from the benchmark's own place in `target/release/deps`.
fn folder() -> PathBuf {
    let program = env::current_exe().expect("the benchmark's program has a path");
    program.ancestors().nth(3).expect("cargo puts it three folders deep").join("plimsoll-benches")
}

/// The value after a flag of the command line.
fn argument(flag: &str) -> Option<String> {
    env::args().skip_while(|argument| argument != flag).nth(1)
}

/// An earlier run; empty when there is none.
fn read(folder: &Path, name: &str) -> Value {
    let text = fs::read_to_string(folder.join(name).with_extension("json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn write(folder: &Path, name: &str, value: &Value) {
    let path = folder.join(name).with_extension("json");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, format!("{value:#}\n")))
        .unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
}
