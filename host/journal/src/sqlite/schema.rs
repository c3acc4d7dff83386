//! The tables, and how a file comes to have them.
//!
//! The version of the schema stands in the database header (`PRAGMA user_version`), a mark that the file is a journal of
//! Plimsoll too (`PRAGMA application_id`), so that opening a journal costs one read.

use std::path::Path;

use sqlx::{Connection, Executor, Row, SqliteConnection};

use crate::error::JournalError;

/// `Plim` in ASCII.
const APPLICATION: i64 = 0x506c_696d;

/// The steps from an empty file to the newest schema; the version is the number of steps taken.
const MIGRATIONS: [&str; 1] = [FIRST];

/// Facts, and the hash of the newest one. The `head` repeats what the last row of `facts` says, so that a table whose end was cut off
/// gives itself away. Triggers hold up that facts are only added and that the head only advances.
const FIRST: &str = "
CREATE TABLE facts (
    sequence    INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    release     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    environment TEXT,
    tag         TEXT,
    json        TEXT    NOT NULL,
    hash        BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX facts_by_release ON facts (release, sequence);
CREATE INDEX facts_by_environment ON facts (environment, sequence) WHERE environment IS NOT NULL;
CREATE INDEX facts_by_tag ON facts (tag, sequence) WHERE tag IS NOT NULL;
CREATE INDEX openings ON facts (sequence) WHERE kind = 'opened';
CREATE INDEX deployments ON facts (environment, sequence) WHERE kind = 'deployed';

CREATE TABLE head (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    sequence INTEGER NOT NULL,
    hash     BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO head VALUES (1, 0, zeroblob(32));

CREATE TRIGGER facts_are_not_changed BEFORE UPDATE ON facts
    BEGIN SELECT RAISE(ABORT, 'facts are never changed'); END;
CREATE TRIGGER facts_are_not_removed BEFORE DELETE ON facts
    BEGIN SELECT RAISE(ABORT, 'facts are never removed'); END;
CREATE TRIGGER facts_are_added_at_the_end BEFORE INSERT ON facts
    WHEN new.sequence IS NOT (SELECT sequence + 1 FROM head)
    BEGIN SELECT RAISE(ABORT, 'facts are added at the end'); END;
CREATE TRIGGER the_head_only_advances BEFORE UPDATE ON head
    WHEN new.sequence IS NOT old.sequence + 1
    BEGIN SELECT RAISE(ABORT, 'the head only advances'); END;
CREATE TRIGGER the_head_stays BEFORE DELETE ON head
    BEGIN SELECT RAISE(ABORT, 'the head is never removed'); END;
";

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// A database without anything in it.
    Empty,
    /// A journal of an older schema.
    Older,
    /// A journal as this Plimsoll knows it.
    Current,
}

/// The newest version.
const fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// Finds out what the file is.
///
/// # Errors
/// It is no journal, it is of a newer schema, or it cannot be read.
pub(crate) async fn state(connection: &mut SqliteConnection, journal: &Path) -> Result<State, JournalError> {
    let row = sqlx::query(
        "SELECT (SELECT application_id FROM pragma_application_id),
                (SELECT user_version FROM pragma_user_version),
                (SELECT count(*) FROM sqlite_schema)",
    )
    .fetch_one(connection)
    .await
    .map_err(|error| JournalError::of(journal, error))?;
    let (application, version, objects): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    match (application, version) {
        (0, 0) if objects == 0 => Ok(State::Empty),
        (APPLICATION, version) if version == newest() => Ok(State::Current),
        (APPLICATION, version) if version > newest() => {
            Err(JournalError::NewerSchema { journal: journal.into(), found: version, known: newest() })
        }
        (APPLICATION, _) => Ok(State::Older),
        _ => Err(JournalError::NotAJournal { journal: journal.into() }),
    }
}

/// Brings the file to the newest schema, in one transaction. The caller holds the lock that keeps other hosts from doing
/// the same at the same time.
///
/// # Errors
/// The file cannot be written.
pub(crate) async fn migrate(connection: &mut SqliteConnection, journal: &Path) -> Result<(), JournalError> {
    let failed = |error| JournalError::of(journal, error);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let taken: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await.map_err(failed)?;
    for step in MIGRATIONS.iter().skip(usize::try_from(taken).unwrap_or_default()) {
        transaction.execute(*step).await.map_err(failed)?;
    }
    let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}", newest());
    transaction.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(marks))).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}
