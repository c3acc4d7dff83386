//! The tables and functions, and how a schema comes to have them.
//!
//! What writes is a function of the database that runs with its owner's rights: hosts need no right to write a table, the
//! chain is continued where the lock on its end is, and an append is one round trip.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, raw_sql};

use super::{error::PostgresError, lease::key, options::Server};
use crate::error::JournalError;

/// The steps from an empty schema to the newest one; the version is the number of steps taken.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// What a schema is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// There is none, or nothing is in it.
    Empty,
    /// A journal of an older Plimsoll, by its version.
    Older(usize),
    /// A journal as this Plimsoll knows it.
    Current,
}

/// The newest version.
const fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// Finds out what the schema is.
///
/// # Errors
/// It is no journal, it is of a newer version, or it cannot be read.
pub(super) async fn state(connection: &mut PgConnection, server: &Server) -> Result<State, JournalError> {
    let failed = |error| PostgresError::of(&server.name, error);
    let row = sqlx::query(
        "SELECT count(*), count(*) FILTER (WHERE relname = 'plimsoll_version') FROM pg_class
         WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)",
    )
    .bind(&server.schema)
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    match (row.get(0), row.get(1)) {
        (0_i64, _) => return Ok(State::Empty),
        (_, 0_i64) => return Err(JournalError::NotAJournal { journal: server.name.clone() }),
        _ => {}
    }
    let query = format!("SELECT version FROM {}.plimsoll_version", server.quoted_schema());
    let version: i64 =
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(connection).await.map_err(failed)?;
    if version > newest() {
        let journal = server.name.clone();
        return Err(JournalError::NewerSchema { journal, found: version, known: newest() });
    }
    Ok(if version == newest() { State::Current } else { State::Older(usize::try_from(version).unwrap_or(0)) })
}

/// Brings the schema to the newest version, in one transaction, while no other host does.
///
/// # Errors
/// The schema is no journal, or the user may not make or change it.
pub(super) async fn migrate(connection: &mut PgConnection, server: &Server) -> Result<(), JournalError> {
    let failed = |error| PostgresError::of(&server.name, error);
    let mut transaction = connection.begin().await.map_err(failed)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(key(&server.schema, "schema"))
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    // Another host may have done it while this one waited for the lock.
    let taken = match state(&mut transaction, server).await? {
        State::Current => return Ok(()),
        State::Older(version) => version,
        State::Empty => 0,
    };
    if taken == 0 {
        create(&mut transaction, server).await.map_err(failed)?;
    }
    for step in &MIGRATIONS[taken..] {
        let step = step.replace("{schema}", &server.quoted_schema());
        transaction.execute(raw_sql(AssertSqlSafe(step))).await.map_err(failed)?;
    }
    let version = format!("UPDATE {}.plimsoll_version SET version = {}", server.quoted_schema(), newest());
    transaction.execute(raw_sql(AssertSqlSafe(version))).await.map_err(failed)?;
    Ok(transaction.commit().await.map_err(failed)?)
}

/// Makes the schema, unless somebody with more rights did, and the note of its version.
async fn create(connection: &mut PgConnection, server: &Server) -> Result<(), sqlx::Error> {
    let schema = server.quoted_schema();
    let is_there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)")
        .bind(&server.schema)
        .fetch_one(&mut *connection)
        .await?;
    if !is_there {
        connection.execute(raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {schema}")))).await?;
    }
    let note = format!(
        "CREATE TABLE {schema}.plimsoll_version (version bigint NOT NULL);
         INSERT INTO {schema}.plimsoll_version VALUES (0)"
    );
    connection.execute(raw_sql(AssertSqlSafe(note))).await.map(drop)
}
