//! `plimsoll policy bench`

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use plimsoll_core::ports::{FailureClass, PortFailure};
use plimsoll_harness::bench::{BenchReport, Comparison, bench, nanoseconds};
use serde_json::json;

use super::suites::{NamedSuite, SuiteArguments};
use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, BAD, FAINT, GOOD, PLAIN, table},
    session::Session,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct BenchArguments {
    #[command(flatten)]
    suites: SuiteArguments,
    /// How often each case is asked at most; a second is enough.
    #[arg(long, value_name = "NUMBER", default_value_t = 2_000)]
    runs: usize,
    /// Keeps the results under this name.
    #[arg(long, value_name = "NAME")]
    save: Option<String>,
    /// Compares with results that were kept under this name.
    #[arg(long, value_name = "NAME")]
    compare: Option<String>,
    /// How much slower, or hungrier for fuel, a case may have become before it counts as worse.
    #[arg(long, value_name = "PERCENT", default_value_t = 10)]
    threshold: u32,
    /// Where results are kept.
    #[arg(long, value_name = "FOLDER", default_value = ".plimsoll/bench")]
    folder: PathBuf,
}

pub(crate) fn run(session: &Session, arguments: &BenchArguments) -> Result<Ending, Failure> {
    let kept = arguments.compare.as_ref().map(|name| read(&arguments.folder, name)).transpose()?;
    let mut report = BenchReport::default();
    for NamedSuite { suite, reference } in arguments.suites.read()? {
        // Without a cache, so that compiling is measured too.
        let mut source = session.policy_source()?;
        source.cache = None;
        let begun = Instant::now();
        let policy = plimsoll_app::policies::open(&source, &reference)?;
        report.load += nanoseconds(begun.elapsed());
        report.cases.extend(bench(&suite, &policy, arguments.runs).map_err(PortFailure::from)?);
    }
    if let Some(name) = &arguments.save {
        write(&arguments.folder, name, &report)?;
    }
    let compared = kept.map(|kept| report.compare(&kept, arguments.threshold));
    print(session, &report, compared.as_deref())?;
    let worse = compared.iter().flatten().any(|one| one.worse);
    Ok(if worse { Ending::No } else { Ending::Done })
}

fn file(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    let well = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(well) {
        return Err(Failure::new(FailureClass::User, format!("`{name}` cannot name results"))
            .hint("use letters, digits, `-`, `_` and `.`"));
    }
    Ok(folder.join(format!("{name}.json")))
}

fn read(folder: &Path, name: &str) -> Result<BenchReport, Failure> {
    let file = file(folder, name)?;
    let text = fs::read_to_string(&file).map_err(|error| {
        Failure::new(FailureClass::User, format!("cannot read {}: {error}", file.display()))
            .hint(format!("keep results first: plimsoll policy bench --save {name}"))
    })?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(FailureClass::User, format!("{} holds no results: {error}", file.display()))
    })
}

fn write(folder: &Path, name: &str, report: &BenchReport) -> Result<(), Failure> {
    let file = file(folder, name)?;
    let text = serde_json::to_string_pretty(report).map_err(|error| {
        Failure::new(FailureClass::Internal, format!("the results have no JSON form: {error}"))
    })?;
    fs::create_dir_all(folder).and_then(|()| fs::write(&file, text)).map_err(|error| {
        Failure::new(FailureClass::Outside, format!("cannot write {}: {error}", file.display()))
    })
}

fn print(session: &Session, report: &BenchReport, compared: Option<&[Comparison]>) -> Result<(), Failure> {
    if session.format == Format::Json {
        return output::json(&json!({ "load": report.load, "cases": report.cases, "compared": compared }));
    }
    let mut rows = Vec::new();
    for (name, cost) in &report.cases {
        let one = compared.and_then(|all| all.iter().find(|one| one.name == *name));
        let change = one.map_or_else(
            || table::Cell::plain(""),
            |one| {
                let text = format!("{:.2}x, fuel {:.2}x", one.ratio, one.fuel);
                table::Cell::styled(text, if one.worse { BAD } else { GOOD })
            },
        );
        rows.push(vec![
            table::Cell::plain(name.as_str()),
            table::Cell::plain(microseconds(cost.p50)),
            table::Cell::plain(microseconds(cost.p99)),
            table::Cell::plain(microseconds(cost.instantiate)),
            table::Cell::plain(microseconds(cost.call)),
            table::Cell::plain(cost.fuel.to_string()),
            table::Cell::plain(format!("{} KiB", cost.memory / 1024)),
            change,
        ]);
    }
    table::print(&["case", "p50", "p99", "instance", "call", "fuel", "memory", ""], &rows);
    say!("{FAINT}loaded, compiled and described in {}{PLAIN}", microseconds(report.load));
    Ok(())
}

fn microseconds(nanoseconds: u64) -> String {
    format!("{}.{} us", nanoseconds / 1000, nanoseconds % 1000 / 100)
}
