//! The `plimsoll` command: parse, build, run. Only here are results printed and exit codes made.

#[macro_use]
mod output;

mod arguments;
mod commands;
mod demo;
mod failure;
mod registry_surroundings;
mod session;
mod world;

use std::process::ExitCode;

use clap::{Parser as _, error::ErrorKind};
use plimsoll_core::ports::FailureClass;

use crate::{
    arguments::Arguments,
    failure::{Ending, Failure},
    session::Session,
    world::World,
};

/// Exit code for wrong usage, as in `sysexits.h` (`EX_USAGE`).
const WRONG_USAGE: u8 = 64;

/// The system's allocator takes its time where many threads fill memory, as builds and backtests do.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    let ending = commands::run(&session, arguments.command)?;
    match output::lost() {
        Some(error) => {
            Err(Failure::new(FailureClass::Outside, format!("the result could not be printed: {error}")))
        }
        None => Ok(ending),
    }
}

fn usage(error: &clap::Error) -> ExitCode {
    // There is nobody left to tell when even standard error is closed.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(WRONG_USAGE),
    }
}
