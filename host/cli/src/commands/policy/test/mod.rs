//! `plimsoll policy test`

mod watch;

use std::{fs, num::NonZeroUsize, path::PathBuf};

use clap::Args;
use plimsoll_core::ports::{FailureClass, PortFailure};
use plimsoll_harness::cases::{RunOptions, SuiteReport, bless, junit};
use serde_json::{Value, json};

use super::suites::{NamedSuite, SuiteArguments, open};
use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, BAD, FAINT, GOOD, PLAIN, STRONG, WAITING},
    session::Session,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct TestArguments {
    #[command(flatten)]
    suites: SuiteArguments,
    /// Runs only cases whose name contains this.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How many cases are run at once; as many as there are processors by default.
    #[arg(long, value_name = "NUMBER")]
    jobs: Option<NonZeroUsize>,
    /// Writes the results as JUnit XML too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Fails when less than this share of the rules came out both ways.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=100))]
    coverage: Option<u32>,
    /// Writes what came out into the expectations of failed cases, for review.
    #[arg(long, conflicts_with = "watch")]
    bless: bool,
    /// Runs again whenever the policy or a case file changes, until Ctrl-C.
    #[arg(long)]
    watch: bool,
}

pub(crate) fn run(session: &Session, arguments: &TestArguments) -> Result<Ending, Failure> {
    if arguments.watch {
        return watch::run(session, arguments);
    }
    let reports = run_once(session, arguments)?;
    if let Some(file) = &arguments.junit {
        write(file, &junit(&reports, arguments.coverage))?;
    }
    let ending = print(session, arguments, &reports)?;
    if arguments.bless {
        return bless_all(&reports);
    }
    Ok(ending)
}

/// Runs all suites, whole, before anything is printed.
fn run_once(session: &Session, arguments: &TestArguments) -> Result<Vec<SuiteReport>, Failure> {
    let options = RunOptions { filter: arguments.filter.clone(), jobs: arguments.jobs };
    let mut reports = Vec::new();
    for NamedSuite { suite, reference } in arguments.suites.read()? {
        let policy = open(session, &reference)?;
        let report = suite.run_with(&policy, &options).map_err(PortFailure::from)?;
        reports.push(report);
    }
    Ok(reports)
}

fn print(session: &Session, arguments: &TestArguments, reports: &[SuiteReport]) -> Result<Ending, Failure> {
    let failed = reports.iter().any(|report| !report.passed());
    let uncovered =
        |report: &SuiteReport| arguments.coverage.is_some_and(|least| !report.coverage.reaches(least));
    if session.format == Format::Json {
        let suites: Vec<Value> = reports.iter().map(|report| report.to_json(arguments.coverage)).collect();
        output::json(&json!({ "suites": suites }))?;
    } else {
        for report in reports {
            print_suite(report, arguments.coverage.filter(|_| uncovered(report)));
        }
    }
    Ok(if failed || reports.iter().any(uncovered) { Ending::No } else { Ending::Done })
}

/// Prints what became of the cases, and the coverage that is missed where one is.
fn print_suite(report: &SuiteReport, missed: Option<u32>) {
    let policy = &report.policy;
    say!("{STRONG}{}{PLAIN} {FAINT}{} {}{PLAIN}", report.path.display(), policy.name, policy.version);
    for case in &report.cases {
        if case.passed() {
            say!("  {GOOD}✓{PLAIN} {}", case.name);
        } else {
            let mut lines = case.to_string();
            lines.truncate(lines.trim_end().len());
            for (index, line) in lines.lines().enumerate() {
                if index == 0 { say!("  {BAD}✗{PLAIN} {line}") } else { say!("  {line}") }
            }
        }
    }
    let (passed, failed) = report.counts();
    let style = if failed == 0 { GOOD } else { BAD };
    let covered = match report.coverage.percent() {
        _ if report.coverage.rules.is_empty() => "no rule came up".to_owned(),
        percent => format!("rules covered: {percent} %"),
    };
    say!("  {style}{passed} passed, {failed} failed{PLAIN}; {covered}");
    if let Some(least) = missed {
        say!("  {BAD}✗{PLAIN} {covered}, {least} % asked for");
    }
    let style = if missed.is_some() { BAD } else { WAITING };
    for (rule, seen) in report.coverage.uncovered() {
        say!("    {style}rule `{rule}` {}{PLAIN}", seen.missing());
    }
}

/// Puts what came out into the case files.
fn bless_all(reports: &[SuiteReport]) -> Result<Ending, Failure> {
    let mut left = false;
    for report in reports.iter().filter(|report| !report.passed()) {
        let text = fs::read_to_string(&report.path).map_err(|error| unwritable(&report.path, &error))?;
        let blessed =
            bless(&text, report).map_err(|error| Failure::new(FailureClass::User, error.to_string()))?;
        write(&report.path, &blessed.text)?;
        for name in &blessed.changed {
            tell!("{}: rewrote what `{name}` expects; review it", report.path.display());
        }
        for (name, reason) in &blessed.left {
            tell!("{}: left `{name}` as it is: {reason}", report.path.display());
        }
        left |= !blessed.left.is_empty();
    }
    Ok(if left { Ending::No } else { Ending::Done })
}

fn write(file: &std::path::Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text).map_err(|error| unwritable(file, &error))
}

fn unwritable(file: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::new(FailureClass::Outside, format!("cannot write {}: {error}", file.display()))
}
