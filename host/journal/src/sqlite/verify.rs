//! Following the hash chain.

use std::path::Path;

use plimsoll_core::ports::JournalCheck;
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteRow};

use crate::{
    error::JournalError,
    verify::{PAGE, Place, StoredRow},
};

/// Why following stopped.
enum Stop {
    Broken(String),
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

/// Follows the chain from the first entry to the last, within one reading transaction, so that appending hosts wait and do
/// not disturb it. Then looks whether the end is where the head says, and lets SQLite check the file and its indexes.
pub(crate) async fn verify(
    connection: &mut SqliteConnection,
    journal: &Path,
) -> Result<JournalCheck, JournalError> {
    let failed = |error| JournalError::of(journal, error);
    let mut transaction = connection.begin().await.map_err(failed)?;
    let mut place = Place::START;
    let stop = follow(&mut transaction, &mut place).await;
    drop(transaction);
    let problem = match stop {
        Ok(()) => {
            return Ok(place.intact());
        }
        Err(Stop::Broken(problem)) => problem,
        // A file that is damaged is an answer; one that cannot be read is none.
        Err(Stop::Failed(error)) => match JournalError::of(journal, error) {
            JournalError::Damaged { source, .. } => format!("the database file is damaged: {source}"),
            JournalError::Database { source: source @ sqlx::Error::ColumnDecode { .. }, .. } => {
                format!("the entry cannot be decoded: {source}")
            }
            error => return Err(error),
        },
    };
    Ok(place.broken(problem))
}

async fn follow(connection: &mut SqliteConnection, place: &mut Place) -> Result<(), Stop> {
    loop {
        let rows = sqlx::query(
            "SELECT sequence, at, release, kind, environment, tag, json, hash FROM facts
             WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
        )
        .bind(place.after())
        .bind(PAGE as i64)
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            *place = check(row, place)?;
        }
        if rows.len() < PAGE {
            break;
        }
    }
    check_head(connection, place).await?;
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(connection).await?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(Stop::Broken(format!("the database file is damaged: {verdict}")))
    }
}

fn check(row: &SqliteRow, place: &Place) -> Result<Place, Stop> {
    let row = StoredRow {
        sequence: row.try_get("sequence")?,
        at: row.try_get("at")?,
        release: row.try_get("release")?,
        kind: row.try_get("kind")?,
        environment: row.try_get("environment")?,
        tag: row.try_get("tag")?,
        json: row.try_get("json")?,
        hash: row.try_get("hash")?,
    };
    place.follow(&row).map_err(Stop::Broken)
}

async fn check_head(connection: &mut SqliteConnection, place: &Place) -> Result<(), Stop> {
    let row = sqlx::query("SELECT sequence, hash FROM head").fetch_optional(connection).await?;
    let head =
        row.as_ref().map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?))).transpose()?;
    place.check_end(head).map_err(Stop::Broken)
}
