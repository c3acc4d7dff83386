//! The `plimsoll` command: parse, build, run. Only here are results printed and exit codes made.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the one crate that speaks to people")]

mod arguments;
mod commands;
mod demo;
mod failure;
mod output;
mod session;
mod world;

use std::process::ExitCode;

use clap::{Parser as _, error::ErrorKind};

use crate::{
    arguments::Arguments,
    failure::{Ending, Failure},
    session::Session,
    world::World,
};

/// Exit code for wrong usage, as in `sysexits.h` (`EX_USAGE`).
const WRONG_USAGE: u8 = 64;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    match run(arguments) {
        Ok(ending) => ending.into(),
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}

fn run(arguments: Arguments) -> Result<Ending, Failure> {
    // One TLS provider for the whole process. A second call would find the first one's, which is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let session = Session::new(World, arguments.global)?;
    // What needs no network and no journal does without a runtime, and so starts at once.
    let command = match commands::run_at_once(&session, arguments.command) {
        Ok(ending) => return ending,
        Err(command) => command,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Failure::new(plimsoll_core::ports::FailureClass::Outside, format!("cannot start threads: {error}"))
    })?;
    let ending = runtime.block_on(commands::run(&session, command));
    // A policy that still burns its budget on a blocking thread must not keep the process.
    runtime.shutdown_background();
    ending
}

fn usage(error: &clap::Error) -> ExitCode {
    // There is nobody left to tell when even standard error is closed.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(WRONG_USAGE),
    }
}
