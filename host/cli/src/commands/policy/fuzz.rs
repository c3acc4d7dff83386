//! `plimsoll policy fuzz`

use std::{num::NonZeroUsize, time::Duration};

use clap::Args;
use plimsoll_core::ports::{FailureClass, PortFailure};
use plimsoll_harness::{
    fuzz::{Budget, FuzzOptions, FuzzReport, fuzz},
    view::answer_view,
};
use serde_json::{Value, json};

use super::suites::{NamedSuite, SuiteArguments, open};
use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, BAD, FAINT, GOOD, PLAIN, STRONG, WAITING},
    session::Session,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct FuzzArguments {
    #[command(flatten)]
    suites: SuiteArguments,
    /// How many questions are made up for each case file.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, conflicts_with = "for", value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Goes on for this many seconds instead.
    #[arg(long = "for", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    r#for: Option<u64>,
    /// Repeats a run. Without it the run is a new one, and its seed is shown.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Counts an error that the policy returns as a find.
    #[arg(long)]
    deny_errors: bool,
    /// How many questions are asked at once; as many as there are processors by default.
    #[arg(long, value_name = "NUMBER")]
    jobs: Option<NonZeroUsize>,
}

pub(crate) fn run(session: &Session, arguments: &FuzzArguments) -> Result<Ending, Failure> {
    let seed = arguments.seed.unwrap_or_else(|| session.world.chance());
    let budget = arguments
        .r#for
        .map_or(Budget::Runs(arguments.runs), |seconds| Budget::Time(Duration::from_secs(seconds)));
    let options = FuzzOptions { seed, budget, deny_errors: arguments.deny_errors, jobs: arguments.jobs };
    let mut reports = Vec::new();
    for NamedSuite { suite, reference } in arguments.suites.read()? {
        let policy = open(session, &reference)?;
        if policy.answers().tagging
            && policy.answers().promotion
            && suite.invariants.iter().any(|one| one.question.is_none())
        {
            let message = format!(
                "{}: the policy answers both questions: say in each invariant which `question` it is about",
                suite.path.display()
            );
            return Err(Failure::new(FailureClass::Configuration, message));
        }
        let report = fuzz(&suite, &policy, &options).map_err(PortFailure::from)?;
        reports.push((suite.path.display().to_string(), report));
    }
    if session.format == Format::Json {
        let values: Vec<Value> = reports.iter().map(|(file, report)| to_json(file, report)).collect();
        output::json(&json!({ "suites": values }))?;
    } else {
        reports.iter().for_each(|(file, report)| print(file, report));
    }
    Ok(if reports.iter().any(|(_, report)| report.counter_example.is_some()) {
        Ending::No
    } else if reports.iter().any(|(_, report)| !report.untested().is_empty()) {
        Ending::CouldNot
    } else {
        Ending::Done
    })
}

/// Decisions per second.
fn rate(report: &FuzzReport) -> u64 {
    let seconds = report.time.as_secs_f64().max(0.001);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rough figure for people"
    )]
    let rate = (report.decisions as f64 / seconds) as u64;
    rate
}

fn print(file: &str, report: &FuzzReport) {
    let policy = &report.policy;
    say!("{STRONG}{file}{PLAIN} {FAINT}{} {}{PLAIN}", policy.name, policy.version);
    say!(
        "  {} questions, {} decisions a second, {} errors, seed {}",
        report.runs,
        rate(report),
        report.errors,
        report.seed
    );
    for invariant in &report.invariants {
        if invariant.applied == 0 {
            say!("  {WAITING}-{PLAIN} {} {WAITING}never had anything to say{PLAIN}", invariant.name);
        } else {
            say!("  {FAINT}checked {} times:{PLAIN} {}", invariant.applied, invariant.name);
        }
    }
    match &report.counter_example {
        None if report.untested().is_empty() => say!("  {GOOD}nothing found{PLAIN}"),
        None => {
            report.untested().iter().for_each(|what| say!("  {BAD}✗{PLAIN} {what}"));
            if report.answered > 0 {
                say!("    mend its `when`, or write `rare = true` into it");
            }
        }
        Some(found) => {
            say!("  {BAD}found with question {}:{PLAIN} {}", found.index, found.violation);
            if let Some(answer) = &found.answer {
                output::report::findings(answer.findings());
            }
            say!("\n{}\n", found.to_case());
        }
    }
}

fn to_json(file: &str, report: &FuzzReport) -> Value {
    let invariants: Vec<Value> =
        report.invariants.iter().map(|used| json!({ "name": used.name, "applied": used.applied })).collect();
    let found = report.counter_example.as_ref().map(|found| {
        json!({
            "index": found.index, "violation": found.violation.to_string(), "question": found.question,
            "request": found.part, "settings": found.settings, "capabilities": found.capabilities,
            "answer": found.answer.as_ref().map(answer_view), "case": found.to_case(),
        })
    });
    json!({
        "file": file, "policy": report.policy, "seed": report.seed, "runs": report.runs,
        "decisions-per-second": rate(report), "answered": report.answered, "errors": report.errors,
        "untested": report.untested(), "invariants": invariants,
        "counter-example": found,
    })
}
