//! The commands, a file each.

mod act;
mod approve;
mod build;
mod event;
mod evidence;
mod history;
mod hold;
mod init;
mod journal;
mod plan;
pub(crate) mod policy;
mod promote;
mod release;
mod resume;
mod schema;
mod status;
mod tags;
mod tick;
mod told;
pub(crate) mod verify;
mod why;

use plimsoll_core::ports::FailureClass;

use crate::{
    arguments::{Command, EvidenceCommand, JournalCommand},
    demo,
    failure::{Ending, Failure},
    session::Session,
};

/// Runs a command. What waits for nothing does without threads, and so starts at once.
pub(crate) fn run(session: &Session, command: Command) -> Result<Ending, Failure> {
    match command {
        Command::Init(arguments) => init::run(session, &arguments),
        Command::Policy(command) => policy::run(session, command),
        Command::Schema { of } => schema::run(of),
        Command::Demo => wait(demo::run(session)),
        Command::Tags(arguments) => wait(tags::run(session, &arguments)),
        Command::Build(arguments) => wait(build::run(session, &arguments)),
        Command::Plan(arguments) => wait(plan::run(session, &arguments)),
        Command::Release(arguments) => wait(release::run(session, &arguments)),
        Command::Resume(arguments) => wait(resume::run(session, &arguments)),
        Command::Approve(arguments) => wait(approve::run(session, &arguments)),
        Command::Promote(arguments) => wait(promote::promote(session, &arguments)),
        Command::Rollback(arguments) => wait(promote::roll_back(session, &arguments)),
        Command::Hold(arguments) => wait(hold::hold(session, &arguments)),
        Command::Free(arguments) => wait(hold::free(session, &arguments)),
        Command::Evidence(EvidenceCommand::Add(arguments)) => wait(evidence::add(session, &arguments)),
        Command::Tick(arguments) => wait(tick::run(session, &arguments)),
        Command::Status(arguments) => wait(status::run(session, &arguments)),
        Command::Why(arguments) => wait(why::run(session, &arguments)),
        Command::Verify(arguments) => wait(verify::run(session, &arguments)),
        Command::History(arguments) => wait(history::run(session, &arguments)),
        Command::Journal(JournalCommand::Verify) => wait(journal::verify(session)),
        Command::Journal(JournalCommand::Export) => wait(journal::export(session)),
    }
}

/// Waits for a command that uses the network or the journal.
fn wait(command: impl Future<Output = Result<Ending, Failure>>) -> Result<Ending, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(FailureClass::Outside, format!("cannot start threads: {error}")))?;
    let ending = runtime.block_on(command);
    // A policy that still burns its budget on a blocking thread must not keep the process.
    runtime.shutdown_background();
    ending
}
