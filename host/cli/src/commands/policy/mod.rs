//! `plimsoll policy ...`: the tools around single policies. Each file holds a command's arguments and what it does.

mod eval;
mod fuzz;
mod suites;
mod test;

use clap::Subcommand;

use crate::{
    failure::{Ending, Failure},
    session::Session,
};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Puts one question to a policy.
    Eval(eval::EvalArguments),
    /// Runs a policy's cases.
    Test(test::TestArguments),
    /// Makes up questions and looks for an answer that breaks an invariant.
    Fuzz(fuzz::FuzzArguments),
}

pub(crate) fn run(session: &Session, command: PolicyCommand) -> Result<Ending, Failure> {
    match command {
        PolicyCommand::Eval(arguments) => eval::run(session, &arguments),
        PolicyCommand::Test(arguments) => test::run(session, &arguments),
        PolicyCommand::Fuzz(arguments) => fuzz::run(session, &arguments),
    }
}
