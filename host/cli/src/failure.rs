//! Failures at the edge: each is classified once, and the exit code follows from its class.

use std::process::ExitCode;

use plimsoll_core::ports::{FailureClass, PortFailure};

/// How a command ended when nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Done as the policies decided.
    Done,
    /// The policy said no to a direct question.
    No,
    /// Something could not be decided or done; the output says what.
    CouldNot,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    class: FailureClass,
    message: Message,
    hint: Option<String>,
}

#[derive(Debug)]
enum Message {
    /// One sentence.
    Text(String),
    /// A report with source lines, ready to print.
    Report(Box<miette::Report>),
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Done => Self::SUCCESS,
            Ending::No => Self::from(1),
            Ending::CouldNot => Self::from(2),
        }
    }
}

impl Failure {
    pub(crate) fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self { class, message: Message::Text(message.into()), hint: None }
    }

    /// A report that shows the lines of a file.
    pub(crate) fn report(class: FailureClass, report: impl Into<miette::Report>) -> Self {
        Self { class, message: Message::Report(Box::new(report.into())), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// DESIGN: 2 could not decide or do; 64 wrong usage or configuration.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.class {
            FailureClass::Configuration => ExitCode::from(64),
            FailureClass::User | FailureClass::Policy | FailureClass::Outside | FailureClass::Internal => {
                ExitCode::from(2)
            }
        }
    }

    /// Prints to standard error.
    pub(crate) fn print(&self) {
        match &self.message {
            Message::Text(text) => {
                tell!("{}error:{} {text}", crate::output::BAD, crate::output::PLAIN);
            }
            Message::Report(report) => tell!("{report:?}"),
        }
        if let Some(hint) = &self.hint {
            tell!("{}hint:{} {hint}", crate::output::STRONG, crate::output::PLAIN);
        }
        if self.class == FailureClass::Internal {
            tell!("This is a fault of plimsoll itself, not of what you did.");
        }
    }
}

impl From<PortFailure> for Failure {
    fn from(failure: PortFailure) -> Self {
        Self { class: failure.class, message: Message::Text(failure.to_string()), hint: failure.hint }
    }
}

impl From<plimsoll_app::release::ReleaseError> for Failure {
    fn from(error: plimsoll_app::release::ReleaseError) -> Self {
        use plimsoll_app::release::ReleaseError as E;
        match error {
            E::Journal(failure) => Self::from(failure),
            E::Busy { .. } => Self::new(FailureClass::Outside, error.to_string())
                .hint("see whether that host still works; a dead one gives its lease back by itself"),
            E::Unknown(_) => {
                Self::new(FailureClass::User, error.to_string()).hint("`plimsoll history` lists the releases")
            }
            E::OtherRepository { .. } => Self::new(FailureClass::Configuration, error.to_string()).hint(
                "resume the release with the configuration that it began with, or release a new commit",
            ),
            E::Question(failure) | E::Request(failure) => Self::from(failure),
            E::NoQuestion { .. } => Self::new(FailureClass::User, error.to_string())
                .hint("`plimsoll tags` shows what the tagging policy says of the event"),
            E::Damaged(_) => Self::new(FailureClass::Outside, error.to_string())
                .hint("`plimsoll journal verify` shows where the journal was changed"),
        }
    }
}
