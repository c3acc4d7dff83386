//! What can go wrong with a journal in PostgreSQL.

use std::time::Duration;

use plimsoll_core::ports::FailureClass;

use crate::name::JournalName;

/// A journal in PostgreSQL that could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The address cannot be used.
    #[error("the address of the journal is not usable: {problem}")]
    Address {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The name of the schema cannot be used.
    #[error(
        "`{schema}` cannot be the schema of a journal: it begins with a lower-case letter, has only lower-case letters, digits, `_` and `-`, at most 63 of them, and does not begin with `pg_`"
    )]
    SchemaName {
        /// The name.
        schema: String,
    },
    /// There is no answer.
    #[error("the journal {journal} cannot be reached")]
    Unreachable {
        /// The journal.
        journal: JournalName,
        /// Why.
        source: sqlx::Error,
    },
    /// The server took the connection and said nothing.
    #[error("the journal {journal} did not answer within {seconds} s")]
    Silent {
        /// The journal.
        journal: JournalName,
        /// How long was waited.
        seconds: u64,
    },
    /// There is no encrypted connection to a server that can be trusted.
    #[error("there is no trusted connection to the journal {journal}")]
    Untrusted {
        /// The journal.
        journal: JournalName,
        /// Why.
        source: sqlx::Error,
    },
    /// The server does not let the user in.
    #[error("the journal {journal} refuses the user or the password")]
    Authentication {
        /// The journal.
        journal: JournalName,
        /// What the server says.
        source: sqlx::Error,
    },
    /// The user may not do what is needed.
    #[error("the user of the journal {journal} lacks a right")]
    Rights {
        /// The journal.
        journal: JournalName,
        /// What the server says.
        source: sqlx::Error,
    },
    /// The server has no such database.
    #[error("the database of the journal {journal} does not exist")]
    NoDatabase {
        /// The journal.
        journal: JournalName,
        /// What the server says.
        source: sqlx::Error,
    },
    /// The server is too old, or its database holds other text than Unicode.
    #[error("the server of the journal {journal} is not usable: {problem}")]
    Server {
        /// The journal.
        journal: JournalName,
        /// What is wrong with it.
        problem: String,
    },
    /// The journal may only be read.
    #[error("the journal {journal} cannot be written: it is opened for reading, or the server is a standby")]
    ReadOnly {
        /// The journal.
        journal: JournalName,
    },
    /// The schema is older, and may not be changed by one that only reads.
    #[error("the journal {journal} has an older schema, and it was opened for reading only")]
    OlderSchema {
        /// The journal.
        journal: JournalName,
    },
    /// The server's disk is full.
    #[error("the journal {journal} cannot be written: the server's disk is full")]
    DiskFull {
        /// The journal.
        journal: JournalName,
        /// What the server says.
        source: sqlx::Error,
    },
    /// The connection was lost, and another host took a lease in between.
    #[error("the connection to the journal {journal} was lost, and another host has {what} now")]
    LeaseLost {
        /// The journal.
        journal: JournalName,
        /// What the lease is about.
        what: String,
    },
    /// Any other answer of the server.
    #[error("the journal {journal} could not be used")]
    Database {
        /// The journal.
        journal: JournalName,
        /// What the server says.
        source: sqlx::Error,
    },
}

/// How long the server may take for one answer.
pub(super) const SILENCE: Duration = Duration::from_secs(30);

impl PostgresError {
    /// Names what an error means (PostgreSQL, Appendix A: error codes).
    pub(super) fn of(journal: &JournalName, source: sqlx::Error) -> Self {
        let journal = journal.clone();
        match (&source, code(&source).as_deref()) {
            (_, Some("28000" | "28P01")) => Self::Authentication { journal, source },
            (_, Some("42501")) => Self::Rights { journal, source },
            (_, Some("3D000")) => Self::NoDatabase { journal, source },
            (_, Some("25006")) => Self::ReadOnly { journal },
            (_, Some("53100")) => Self::DiskFull { journal, source },
            (sqlx::Error::Io(cause), _) if cause.kind() == std::io::ErrorKind::TimedOut => {
                Self::Silent { journal, seconds: SILENCE.as_secs() }
            }
            // What rustls finds wrong with a certificate comes as invalid data.
            (sqlx::Error::Io(cause), _) if cause.kind() == std::io::ErrorKind::InvalidData => {
                Self::Untrusted { journal, source }
            }
            (sqlx::Error::Tls(_), _) => Self::Untrusted { journal, source },
            _ if is_passing(&source) => Self::Unreachable { journal, source },
            _ => Self::Database { journal, source },
        }
    }

    pub(crate) fn class(&self) -> FailureClass {
        match self {
            Self::Address { .. } | Self::SchemaName { .. } | Self::NoDatabase { .. } => {
                FailureClass::Configuration
            }
            _ => FailureClass::Outside,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Address { .. } => {
                "write it as postgres://USER@HOST/DATABASE; the password goes into a file"
            }
            Self::SchemaName { .. } => "choose another name for the schema",
            Self::Unreachable { .. } | Self::Silent { .. } => {
                "see whether the server runs and is reachable from here, then resume the release: nothing that was recorded is lost"
            }
            Self::Untrusted { .. } => {
                "let the server speak TLS with a certificate for its name, and name its certificate authority if it is not a public one"
            }
            Self::Authentication { .. } => "see the user in the address and the password in its file",
            Self::Rights { .. } => "grant the user the rights that docs/postgresql.md lists",
            Self::NoDatabase { .. } => "create the database, or correct the address",
            Self::Server { .. } => "use PostgreSQL 13 or newer, and a database with the encoding UTF8",
            Self::ReadOnly { .. } => "name the server that takes writes",
            Self::OlderSchema { .. } => "let a host that may write open the journal once",
            Self::DiskFull { .. } => {
                "free some space, then resume the release: nothing that was recorded is lost"
            }
            Self::LeaseLost { .. } => "wait until the other host is done, then resume the release",
            Self::Database { .. } => "see the cause; nothing that was recorded is lost",
        }
    }
}

/// The server's code of an error.
fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// Whether it may be better over a new connection: the old one broke, the server restarts or is crowded, or two
/// transactions were in each other's way.
pub(super) fn is_passing(error: &sqlx::Error) -> bool {
    match code(error) {
        Some(code) => {
            code.starts_with("08")
                || code.starts_with("57P")
                || matches!(code.as_str(), "53300" | "40001" | "40P01" | "55P03")
        }
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed),
    }
}
