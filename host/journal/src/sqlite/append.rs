//! Writing.

use std::path::Path;

use plimsoll_core::{
    digest::Digest,
    fact::{Entry, Fact},
    names::ReleaseId,
};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::{
    chain::Link,
    columns::Columns,
    error::JournalError,
    rows::{hash_of, sequence_of},
};

/// Adds a fact at the end. `expected` is how many facts of hosts' steps the release must have; a given fact expects nothing.
/// All of it is one transaction that holds the right to write from its first statement on, so that nothing
/// changes between looking and writing.
pub(crate) async fn append(
    connection: &mut SqliteConnection,
    journal: &Path,
    release: &ReleaseId,
    expected: Option<usize>,
    at: i64,
    fact: Fact,
) -> Result<Entry, JournalError> {
    let failed = |error| JournalError::of(journal, error);
    let json = serde_json::to_string(&fact)
        .map_err(|source| JournalError::Unwritable { release: release.clone(), source })?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;

    let steps = format!(
        "SELECT sequence, hash, (SELECT count(*) FROM facts WHERE release = ?1 AND kind NOT IN ('{}')) FROM head",
        Fact::GIVEN.join("', '")
    );
    let row = sqlx::query(AssertSqlSafe(steps))
        .bind(release.as_str())
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
    let (last, found): (i64, i64) = (row.get(0), row.get(2));
    if let Some(expected) = expected.filter(|expected| usize::try_from(found) != Ok(*expected)) {
        return Err(JournalError::Conflict { release: release.clone(), expected, found });
    }
    let next = last + 1;
    let link = Link { sequence: sequence_of(next), at, release: release.as_str(), json: &json };
    let hash = link.hash(&hash_of(row.get(1)));

    insert(&mut transaction, &link, &Columns::of(&fact), next, &hash).await.map_err(failed)?;
    sqlx::query("UPDATE head SET sequence = ?1, hash = ?2")
        .bind(next)
        .bind(hash.as_bytes().as_slice())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(Entry { sequence: sequence_of(next), at, release: release.clone(), fact })
}

async fn insert(
    connection: &mut SqliteConnection,
    link: &Link<'_>,
    columns: &Columns<'_>,
    sequence: i64,
    hash: &Digest,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO facts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        .bind(sequence)
        .bind(link.at)
        .bind(link.release)
        .bind(columns.kind)
        .bind(columns.environment)
        .bind(columns.tag)
        .bind(link.json)
        .bind(hash.as_bytes().as_slice())
        .execute(connection)
        .await
        .map(drop)
}
