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
        report.compile += nanoseconds(policy.compiled_in());
        for (name, cost) in bench(&suite, &policy, arguments.runs).map_err(PortFailure::from)? {
            // Two files may have cases of one name.
            let name = if report.cases.contains_key(&name) {
                format!("{}: {name}", suite.path.display())
            } else {
                name
            };
            report.cases.insert(name, cost);
        }
    }
    if report.cases.is_empty() {
        return Err(nothing("no case asks the policy anything: there is nothing to measure"));
    }
    if let Some(name) = &arguments.save {
        write(&arguments.folder, name, &report)?;
    }
    let compared = kept.map(|kept| report.compare(&kept, arguments.threshold));
    if compared.as_ref().is_some_and(Vec::is_empty) {
        return Err(nothing("no case of the kept result is here: there is nothing to compare"));
    }
    print(session, &report, compared.as_deref())?;
    let worse = compared.iter().flatten().any(|one| one.worse);
    Ok(if worse { Ending::No } else { Ending::Done })
}

fn nothing(message: &str) -> Failure {
    Failure::new(FailureClass::User, message).hint("docs/test-a-policy.md describes case files")
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
        return output::json(
            &json!({ "load": report.load, "compile": report.compile, "cases": report.cases, "compared": compared }),
        );
    }
    let mut rows = Vec::new();
    for (name, cost) in &report.cases {
        let change = compared.map(|all| all.iter().find(|one| one.name == *name));
        let change = match change {
            None => table::Cell::plain(""),
            Some(None) => table::Cell::plain("not in the kept result"),
            Some(Some(one)) => {
                let text = format!("{:.2}x, fuel {:.2}x", one.ratio, one.fuel);
                table::Cell::styled(text, if one.worse { BAD } else { GOOD })
            }
        };
        rows.push(vec![
            table::Cell::plain(name.as_str()),
            table::Cell::plain(time(cost.p50)),
            table::Cell::plain(time(cost.p99)),
            table::Cell::plain(time(cost.instantiate)),
            table::Cell::plain(time(cost.call)),
            table::Cell::plain(cost.fuel.to_string()),
            table::Cell::plain(format!("{} KiB", cost.memory / 1024)),
            change,
        ]);
    }
    table::print(&["case", "p50", "p99", "instance", "call", "fuel", "memory", ""], &rows);
    let (compile, load) = (time(report.compile), time(report.load));
    say!("{FAINT}compiled in {compile}; read, compiled and described in {load}{PLAIN}");
    Ok(())
}

/// A time in the unit that suits it.
fn time(nanoseconds: u64) -> String {
    let tenths =
        |unit: u64, name: &str| format!("{}.{} {name}", nanoseconds / unit, nanoseconds % unit / (unit / 10));
    match nanoseconds {
        0..1_000_000 => tenths(1_000, "us"),
        1_000_000..1_000_000_000 => tenths(1_000_000, "ms"),
        _ => tenths(1_000_000_000, "s"),
    }
}
