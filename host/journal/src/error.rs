//! What can go wrong with a journal.

use std::{io, path::PathBuf};

use plimsoll_core::{
    names::{InvalidName, ReleaseId},
    ports::{FailureClass, PortFailure},
};

use crate::{name::JournalName, postgres::PostgresError};

/// A journal that could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder of the journal or of its locks cannot be made or written.
    #[error("the folder of the journal, {}, cannot be used", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database file cannot be opened or made.
    #[error("the journal {} cannot be opened", journal.display())]
    Unopenable {
        /// The database file.
        journal: PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// The file may only be read.
    #[error("the journal {} cannot be written: it is read-only", journal.display())]
    ReadOnly {
        /// The database file.
        journal: PathBuf,
    },
    /// The disk is full.
    #[error("the journal {} cannot be written: the disk is full", journal.display())]
    DiskFull {
        /// The database file.
        journal: PathBuf,
    },
    /// Another process keeps the database locked.
    #[error("the journal {} stayed locked by another process for {seconds} s", journal.display())]
    Busy {
        /// The database file.
        journal: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// The file is something else.
    #[error("{journal} is not a journal of Plimsoll")]
    NotAJournal {
        /// The file.
        journal: JournalName,
    },
    /// The file was made by a newer Plimsoll.
    #[error("the journal {journal} has schema version {found}, and this Plimsoll knows {known}")]
    NewerSchema {
        /// The database file.
        journal: JournalName,
        /// Its version.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// The database file is damaged.
    #[error("the journal {} is damaged", journal.display())]
    Damaged {
        /// The database file.
        journal: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// An entry's fact cannot be read.
    #[error("entry {sequence} of the journal {journal} holds no fact known here")]
    UnreadableFact {
        /// The database file.
        journal: JournalName,
        /// The entry's place.
        sequence: i64,
        /// What is wrong with its text.
        source: serde_json::Error,
    },
    /// An entry's release id is none.
    #[error("entry {sequence} of the journal {journal} belongs to no release")]
    UnreadableRelease {
        /// The database file.
        journal: JournalName,
        /// The entry's place.
        sequence: i64,
        /// What is wrong with the id.
        source: InvalidName,
    },
    /// A fact that cannot be written as JSON.
    #[error("a fact of release {release} cannot be written as JSON")]
    Unwritable {
        /// The release.
        release: ReleaseId,
        /// Why.
        source: serde_json::Error,
    },
    /// Another host wrote to the release in between.
    #[error("another host wrote to release {release}: it has {found} facts in the journal, not {expected}")]
    Conflict {
        /// The release.
        release: ReleaseId,
        /// How many facts the writer knew.
        expected: usize,
        /// How many there are.
        found: i64,
    },
    /// A lock file cannot be used.
    #[error("the lock file {} cannot be used", file.display())]
    Lock {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A journal in PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// Any other answer of SQLite.
    #[error("the journal {} could not be used", journal.display())]
    Database {
        /// The database file.
        journal: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
}

/// How long a writer waits for another one.
pub(crate) const BUSY_SECONDS: u64 = 30;

impl JournalError {
    /// Names what an error of SQLite means (result codes of `sqlite3.h`; the lower byte is the primary code).
    pub(crate) fn of(file: &std::path::Path, source: sqlx::Error) -> Self {
        let journal = file.to_owned();
        let code = source
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .and_then(|code| code.parse::<u32>().ok())
            .map(|code| code & 0xff);
        match code {
            Some(5 | 6) => Self::Busy { journal, seconds: BUSY_SECONDS },
            Some(8) => Self::ReadOnly { journal },
            Some(11) => Self::Damaged { journal, source },
            Some(13) => Self::DiskFull { journal },
            Some(14) => Self::Unopenable { journal, source },
            Some(26) => Self::NotAJournal { journal: file.into() },
            _ => Self::Database { journal, source },
        }
    }

    /// What to do next.
    fn hint(&self) -> &'static str {
        match self {
            Self::Folder { .. } | Self::Unopenable { .. } | Self::Lock { .. } => {
                "make the folder writable for the user that runs Plimsoll, or configure another place for the journal"
            }
            Self::ReadOnly { .. } => "make the file and its folder writable for the user that runs Plimsoll",
            Self::DiskFull { .. } => {
                "free some space, then resume the release: nothing that was recorded is lost"
            }
            Self::Busy { .. } => {
                "see which other Plimsoll works on this journal, wait for it, and run this again"
            }
            Self::NotAJournal { .. } => {
                "configure another place for the journal; what is there was left untouched"
            }
            Self::NewerSchema { .. } => "use the newer Plimsoll that wrote it",
            Self::Damaged { .. } | Self::UnreadableRelease { .. } => {
                "run `plimsoll journal verify` to see where, and put the journal back from a backup"
            }
            Self::UnreadableFact { .. } => {
                "run `plimsoll journal verify`; where it finds nothing, a newer Plimsoll wrote the entry: use that one"
            }
            Self::Conflict { .. } => "wait until the other host is done, then resume the release",
            Self::Unwritable { .. } => "report this as a fault of Plimsoll",
            Self::Postgres(error) => error.hint(),
            Self::Database { .. } => "see the cause; nothing that was recorded is lost",
        }
    }
}

impl From<JournalError> for PortFailure {
    fn from(error: JournalError) -> Self {
        let class = match &error {
            JournalError::NotAJournal { .. } => FailureClass::Configuration,
            JournalError::Postgres(error) => error.class(),
            JournalError::Unwritable { .. } => FailureClass::Internal,
            _ => FailureClass::Outside,
        };
        let hint = error.hint();
        Self::new(class, error).hint(hint)
    }
}
