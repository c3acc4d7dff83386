//! The commands, a file each.

mod build;
mod eval;
mod event;
mod history;
mod init;
mod journal;
mod plan;
mod release;
mod resume;
mod schema;
mod status;
mod tags;
mod why;

use crate::{
    arguments::{Command, JournalCommand, PolicyCommand},
    demo,
    failure::{Ending, Failure},
    session::Session,
};

/// Runs a command that waits for nothing; gives any other back.
pub(crate) fn run_at_once(session: &Session, command: Command) -> Result<Result<Ending, Failure>, Command> {
    match command {
        Command::Init(arguments) => Ok(init::run(session, &arguments)),
        Command::Policy(PolicyCommand::Eval(arguments)) => Ok(eval::run(session, &arguments)),
        Command::Schema => Ok(schema::run()),
        other => Err(other),
    }
}

/// Runs a command.
pub(crate) async fn run(session: &Session, command: Command) -> Result<Ending, Failure> {
    match command {
        Command::Demo => demo::run(session).await,
        Command::Tags(arguments) => tags::run(session, &arguments).await,
        Command::Build(arguments) => build::run(session, &arguments).await,
        Command::Plan(arguments) => plan::run(session, &arguments).await,
        Command::Release(arguments) => release::run(session, &arguments).await,
        Command::Resume(arguments) => resume::run(session, &arguments).await,
        Command::Status => status::run(session).await,
        Command::Why(arguments) => why::run(session, &arguments).await,
        Command::History(arguments) => history::run(session, &arguments).await,
        Command::Journal(JournalCommand::Verify) => journal::verify(session).await,
        Command::Journal(JournalCommand::Export) => journal::export(session).await,
        at_once @ (Command::Init(_) | Command::Policy(_) | Command::Schema) => {
            run_at_once(session, at_once).unwrap_or(Ok(Ending::Done))
        }
    }
}
