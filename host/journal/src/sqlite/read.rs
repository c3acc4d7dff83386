//! Reading.

use std::path::Path;

use plimsoll_core::{
    fact::{Entry, StoredFact},
    names::{EnvironmentName, ReleaseId},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use crate::{
    error::JournalError,
    rows::{self, bound, release_id, sequence_of},
};

type Entries = Result<Vec<Entry>, JournalError>;

pub(crate) async fn release(
    connection: &mut SqliteConnection,
    journal: &Path,
    release: &ReleaseId,
) -> Entries {
    let query =
        sqlx::query("SELECT sequence, at, release, json FROM facts WHERE release = ?1 ORDER BY sequence");
    collect(query.bind(release.as_str()).fetch_all(connection).await, journal)
}

pub(crate) async fn openings(connection: &mut SqliteConnection, journal: &Path, limit: usize) -> Entries {
    let query = sqlx::query(
        "SELECT sequence, at, release, json FROM facts WHERE kind = 'opened' ORDER BY sequence DESC LIMIT ?1",
    );
    collect(query.bind(bound(limit)).fetch_all(connection).await, journal)
}

pub(crate) async fn environment(
    connection: &mut SqliteConnection,
    journal: &Path,
    environment: &EnvironmentName,
    limit: usize,
) -> Entries {
    let query = sqlx::query(
        "SELECT sequence, at, release, json FROM facts
         WHERE environment = ?1 AND kind IN ('deployed', 'superseded', 'step-failed') ORDER BY sequence DESC LIMIT ?2",
    );
    collect(query.bind(environment.as_str()).bind(bound(limit)).fetch_all(connection).await, journal)
}

pub(crate) async fn deployed(
    connection: &mut SqliteConnection,
    journal: &Path,
    environment: &EnvironmentName,
) -> Result<Option<Entry>, JournalError> {
    let query = sqlx::query(
        "SELECT sequence, at, release, json FROM facts
         WHERE environment = ?1 AND kind = 'deployed' ORDER BY sequence DESC LIMIT 1",
    );
    Ok(collect(query.bind(environment.as_str()).fetch_all(connection).await, journal)?.pop())
}

pub(crate) async fn rejections(
    connection: &mut SqliteConnection,
    journal: &Path,
    environment: &EnvironmentName,
    limit: usize,
) -> Entries {
    let query = sqlx::query(
        "SELECT sequence, at, release, json FROM facts
         WHERE environment = ?1 AND kind = 'rejected' ORDER BY sequence DESC LIMIT ?2",
    );
    collect(query.bind(environment.as_str()).bind(bound(limit)).fetch_all(connection).await, journal)
}

pub(crate) async fn hold(
    connection: &mut SqliteConnection,
    journal: &Path,
    environment: &EnvironmentName,
) -> Result<Option<Entry>, JournalError> {
    let query = sqlx::query(
        "SELECT sequence, at, release, json FROM facts
         WHERE environment = ?1 AND kind IN ('environment-held', 'environment-freed') ORDER BY sequence DESC LIMIT 1",
    );
    Ok(collect(query.bind(environment.as_str()).fetch_all(connection).await, journal)?.pop())
}

pub(crate) async fn unsettled(
    connection: &mut SqliteConnection,
    journal: &Path,
    limit: usize,
) -> Result<Vec<ReleaseId>, JournalError> {
    let query = sqlx::query(
        "SELECT sequence, release FROM (
             SELECT opening.sequence, opening.release FROM facts AS opening
             WHERE opening.kind = 'opened' AND 'settled' <>
                 (SELECT kind FROM facts WHERE release = opening.release ORDER BY sequence DESC LIMIT 1)
             ORDER BY opening.sequence DESC LIMIT ?1
         ) AS newest ORDER BY sequence",
    );
    let rows = query.bind(bound(limit)).fetch_all(connection).await;
    let rows = rows.map_err(|error| JournalError::of(journal, error))?;
    rows.iter().map(|row| release_id(row.get(0), row.get(1), journal)).collect()
}

pub(crate) async fn tag(
    connection: &mut SqliteConnection,
    journal: &Path,
    tag: &str,
    limit: usize,
) -> Entries {
    let query = sqlx::query(
        "SELECT sequence, at, release, json FROM facts WHERE tag = ?1 ORDER BY sequence DESC LIMIT ?2",
    );
    collect(query.bind(tag).bind(bound(limit)).fetch_all(connection).await, journal)
}

pub(crate) async fn entries(
    connection: &mut SqliteConnection,
    journal: &Path,
    after: u64,
    limit: usize,
) -> Entries {
    let query = sqlx::query(
        "SELECT sequence, at, release, json FROM facts WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
    );
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    collect(query.bind(after).bind(bound(limit)).fetch_all(connection).await, journal)
}

pub(crate) async fn decisions(
    connection: &mut SqliteConnection,
    journal: &Path,
    after: u64,
    limit: usize,
) -> Result<Vec<StoredFact>, JournalError> {
    let query = sqlx::query(
        "SELECT sequence, at, release, json FROM facts
         WHERE sequence > ?1 AND kind IN ('tags-derived', 'decided', 'tags-shadowed', 'shadowed')
         ORDER BY sequence LIMIT ?2",
    );
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows = query.bind(after).bind(bound(limit)).fetch_all(connection).await;
    let rows = rows.map_err(|error| JournalError::of(journal, error))?;
    rows.iter().map(|row| stored(row, journal)).collect()
}

pub(crate) async fn shadows(
    connection: &mut SqliteConnection,
    journal: &Path,
    before: u64,
    limit: usize,
) -> Entries {
    let query = sqlx::query(
        "SELECT sequence, at, release, json FROM facts
         WHERE sequence < ?1 AND kind IN ('tags-shadowed', 'shadowed') ORDER BY sequence DESC LIMIT ?2",
    );
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    collect(query.bind(before).bind(bound(limit)).fetch_all(connection).await, journal)
}

fn collect(rows: Result<Vec<SqliteRow>, sqlx::Error>, journal: &Path) -> Entries {
    let rows = rows.map_err(|error| JournalError::of(journal, error))?;
    rows.iter().map(|row| entry(row, journal)).collect()
}

/// An entry from `sequence, at, release, json`.
fn entry(row: &SqliteRow, journal: &Path) -> Result<Entry, JournalError> {
    rows::entry(stored(row, journal)?, journal)
}

/// A fact from `sequence, at, release, json`, unread.
fn stored(row: &SqliteRow, journal: &Path) -> Result<StoredFact, JournalError> {
    let failed = |error| JournalError::of(journal, error);
    let sequence: i64 = row.try_get(0).map_err(failed)?;
    let release: &str = row.try_get(2).map_err(failed)?;
    Ok(StoredFact {
        sequence: sequence_of(sequence),
        at: row.try_get(1).map_err(failed)?,
        release: release_id(sequence, release, journal)?,
        json: row.try_get(3).map_err(failed)?,
    })
}
