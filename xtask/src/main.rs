//! Upkeep of the project: `cargo xtask demo`, `test`, `check`, `bench` and `cluster`. Each installs what it needs and is missing.

#![expect(clippy::print_stderr, reason = "a command for people, who want to know what it installs and runs")]

mod check;
mod cluster;
mod fuzz;
mod packages;
mod step;
mod toolchain;
mod tools;

use std::{
    env,
    process::{Command, ExitCode},
};

use step::{Failed, cargo, run};

const USAGE: &str = "\
Usage: cargo xtask <command> [arguments]

  demo     build plimsoll and let it play a whole release in front of you
  test     run all tests; arguments go to `cargo test`
  check    formatting, lints, licences and dependencies, and the walls between crates
  bench    run the benchmarks, or those named; `--save NAME` keeps the results,
           `--compare NAME` shows kept ones beside them instead of the last ones
  fuzz     give the readers of outside input bytes that are made up, or those readers
           that are named; `--seconds N` for each instead of 60
  cluster  run a Kubernetes control plane on loopback until Ctrl-C; `build` only builds it

Each installs what it needs and is missing, where it can, and says so.
";

/// The programs in `tests/benches`, the quick ones first.
const BENCHES: [&str; 8] =
    ["decision", "eval", "plan", "backtest", "build", "languages", "rollout", "gigabyte"];

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let result = match command.as_str() {
        "demo" => demo(&arguments),
        "test" => test(&arguments),
        "check" => check::check(),
        "bench" => bench(&arguments),
        "fuzz" => fuzz::fuzz(&arguments),
        "cluster" => cluster::cluster(&arguments),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // What failed has said so itself, as its last lines.
        Err(Failed::Step(code)) => ExitCode::from(code),
        Err(Failed::Start(message)) => {
            eprintln!("xtask: {message}");
            ExitCode::from(2)
        }
    }
}

/// Plays the story of the README.
fn demo(arguments: &[String]) -> Result<(), Failed> {
    toolchain::add_wasm_target()?;
    // With the features of the whole workspace, so that `test` finds everything built already.
    run(&mut cargo(&["build", "--workspace", "--bin", "plimsoll"]))?;
    // It lies beside this program: cargo itself runs nothing out of a whole workspace.
    let own = env::current_exe().map_err(|error| Failed::Start(format!("where is xtask itself? {error}")))?;
    let plimsoll = own.with_file_name(format!("plimsoll{}", env::consts::EXE_SUFFIX));
    run(Command::new(plimsoll).arg("demo").args(arguments))
}

/// Runs all tests, those against real servers last. The last lines are those of the test runner.
fn test(arguments: &[String]) -> Result<(), Failed> {
    toolchain::add_wasm_target()?;
    packages::install_missing()?;
    let path = tools::install_missing()?;
    let cargo = |arguments: &[&str]| {
        let mut command = cargo(arguments);
        command.env("PATH", &path);
        command
    };
    // cargo would take both `--workspace` and `--package`, and then ignore the second.
    if arguments.iter().any(|argument| argument == "-p" || argument.starts_with("--package")) {
        return run(cargo(&["test"]).args(arguments));
    }
    if !arguments.is_empty() {
        return run(cargo(&["test", "--workspace"]).args(arguments));
    }
    for kinds in [&["--doc"][..], &["--lib", "--bins", "--examples"], &["--test", "*"]] {
        run(cargo(&["test", "--workspace"]).args(kinds))?;
    }
    Ok(())
}

/// Runs the benchmarks whose names come first, all of them where none is named; the other arguments go to them. They are
/// built with the features of the whole workspace, as the program that they measure is.
fn bench(arguments: &[String]) -> Result<(), Failed> {
    toolchain::add_wasm_target()?;
    packages::install_missing()?;
    let flags = arguments.iter().position(|argument| argument.starts_with('-')).unwrap_or(arguments.len());
    let (names, flags) = arguments.split_at(flags);
    let mut command = cargo(&["bench", "--workspace"]);
    let all = BENCHES.map(str::to_owned);
    for name in if names.is_empty() { &all } else { names } {
        command.arg("--bench").arg(name);
    }
    run(command.arg("--").args(flags))
}
