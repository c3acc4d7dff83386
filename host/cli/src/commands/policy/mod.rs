//! `plimsoll policy ...`: the tools around single policies. Each file holds a command's arguments and what it does.

mod backtest;
mod bench;
mod build;
mod eval;
mod fuzz;
mod inspect;
mod journals;
mod new;
mod replay;
mod scaffold;
mod share;
mod signatures;
mod suites;
mod test;

use clap::Subcommand;

pub(super) use signatures::public_key;

use super::wait;
use crate::{
    failure::{Ending, Failure},
    session::Session,
};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Makes a project for a new policy.
    New(new::NewArguments),
    /// Builds a policy project into a component.
    Build(build::BuildArguments),
    /// Reads a component and shows what it is, what it wants and how to grant it; runs nothing of it.
    Inspect(inspect::InspectArguments),
    /// Puts one question to a policy.
    Eval(eval::EvalArguments),
    /// Runs a policy's cases.
    Test(test::TestArguments),
    /// Makes up questions and looks for an answer that breaks an invariant.
    Fuzz(fuzz::FuzzArguments),
    /// Sends a policy to a registry.
    Push(share::PushArguments),
    /// Fetches a policy from a registry.
    Pull(share::PullArguments),
    /// Pins every policy that the configuration takes from a registry, in plimsoll.lock.
    Lock(share::LockArguments),
    /// Signs a policy in a registry.
    Sign(signatures::SignArguments),
    /// Says whether a policy in a registry is signed with a key.
    Verify(signatures::VerifyArguments),
    /// Makes a key to sign with: NAME.key and NAME.pub.
    Keygen(signatures::KeygenArguments),
    /// Measures a policy on its cases: time, fuel and memory of a decision.
    Bench(bench::BenchArguments),
    /// Makes recorded decisions again and says whether they come out the same, bit for bit.
    Replay(replay::ReplayArguments),
    /// Lets another policy, or other settings, make recorded decisions, and lists what would have changed.
    Backtest(backtest::BacktestArguments),
}

pub(crate) fn run(session: &Session, command: PolicyCommand) -> Result<Ending, Failure> {
    match command {
        PolicyCommand::New(arguments) => new::run(session, &arguments),
        PolicyCommand::Build(arguments) => build::run(session, &arguments),
        PolicyCommand::Inspect(arguments) => inspect::run(session, &arguments),
        PolicyCommand::Eval(arguments) => wait(eval::run(session, &arguments)),
        PolicyCommand::Test(arguments) => test::run(session, &arguments),
        PolicyCommand::Fuzz(arguments) => fuzz::run(session, &arguments),
        PolicyCommand::Push(arguments) => wait(share::push(session, &arguments)),
        PolicyCommand::Pull(arguments) => share::pull(session, &arguments),
        PolicyCommand::Lock(arguments) => share::lock(session, &arguments),
        PolicyCommand::Sign(arguments) => wait(signatures::sign(session, &arguments)),
        PolicyCommand::Verify(arguments) => signatures::verify(session, &arguments),
        PolicyCommand::Keygen(arguments) => signatures::keygen(session, &arguments),
        PolicyCommand::Bench(arguments) => bench::run(session, &arguments),
        PolicyCommand::Replay(arguments) => wait(replay::run(session, &arguments)),
        PolicyCommand::Backtest(arguments) => wait(backtest::run(session, &arguments)),
    }
}
