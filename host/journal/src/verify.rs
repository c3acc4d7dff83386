//! Following the hash chain.

use std::path::Path;

use plimsoll_core::{digest::Digest, fact::Fact, ports::JournalCheck};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteRow};

use crate::{
    chain::{GENESIS, Link},
    columns::Columns,
    error::JournalError,
    read::{hash_of, sequence_of},
};

/// How many rows are held in memory at a time.
const PAGE: usize = 512;

/// Where the chain stands.
struct Place {
    sequence: i64,
    hash: Digest,
}

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
    let mut place = Place { sequence: 0, hash: GENESIS };
    let stop = follow(&mut transaction, &mut place).await;
    drop(transaction);
    let problem = match stop {
        Ok(()) => {
            return Ok(JournalCheck::Intact { entries: sequence_of(place.sequence), head: place.hash.hex() });
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
    Ok(JournalCheck::Broken { sequence: sequence_of(place.sequence + 1), problem })
}

async fn follow(connection: &mut SqliteConnection, place: &mut Place) -> Result<(), Stop> {
    loop {
        let rows = sqlx::query(
            "SELECT sequence, at, release, kind, environment, tag, json, hash FROM facts
             WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
        )
        // Before the first entry everything counts, also a sequence that no host would give.
        .bind(if place.sequence == 0 { i64::MIN } else { place.sequence })
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

/// Checks one row against the place before it.
fn check(row: &SqliteRow, place: &Place) -> Result<Place, Stop> {
    let sequence: i64 = row.try_get("sequence")?;
    if sequence != place.sequence + 1 {
        let (expected, last) = (place.sequence + 1, place.sequence);
        return Err(Stop::Broken(format!(
            "entry {expected} is missing or out of order: entry {sequence} follows entry {last}"
        )));
    }
    let json: &str = row.try_get("json")?;
    let link = Link {
        sequence: sequence_of(sequence),
        at: row.try_get("at")?,
        release: row.try_get("release")?,
        json,
    };
    let hash = link.hash(&place.hash);
    if hash != hash_of(row.try_get("hash")?) {
        return Err(Stop::Broken("the entry or one before it was changed: its hash does not fit".to_owned()));
    }
    // The hash covers the text; the other columns are derived from it.
    let fact: Fact = serde_json::from_str(json)
        .map_err(|error| Stop::Broken(format!("the entry holds no fact that this version knows: {error}")))?;
    let stored = (
        row.try_get::<&str, _>("kind")?,
        row.try_get::<Option<&str>, _>("environment")?,
        row.try_get::<Option<&str>, _>("tag")?,
    );
    let columns = Columns::of(&fact);
    if stored != (columns.kind, columns.environment, columns.tag) {
        return Err(Stop::Broken(
            "what the entry is looked up by was changed: its columns do not fit its fact".to_owned(),
        ));
    }
    Ok(Place { sequence, hash })
}

/// Checks that the chain ends where the last writer left it.
async fn check_head(connection: &mut SqliteConnection, place: &Place) -> Result<(), Stop> {
    let row = sqlx::query("SELECT sequence, hash FROM head").fetch_optional(connection).await?;
    let Some(row) = row else {
        return Err(Stop::Broken("the note of where the journal ends is gone".to_owned()));
    };
    let end: i64 = row.try_get(0)?;
    if end != place.sequence {
        let last = place.sequence;
        return Err(Stop::Broken(format!(
            "the last entry is {last}, but the journal ended at {end}: entries were cut off or added"
        )));
    }
    if hash_of(row.try_get(1)?) != place.hash {
        return Err(Stop::Broken("the note of the last entry's hash was changed".to_owned()));
    }
    Ok(())
}
