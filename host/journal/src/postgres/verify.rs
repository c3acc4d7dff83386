//! Following the hash chain.

use plimsoll_core::ports::JournalCheck;
use sqlx::{Executor as _, PgConnection, Row as _, postgres::PgRow};

use super::{
    error::{PostgresError, is_passing},
    options::Server,
    session::{Access, connect},
};
use crate::verify::{PAGE, Place, StoredRow};

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

/// Follows the chain from the first entry to the last, over a connection of its own and in one snapshot, so that nobody
/// waits for it. Then looks whether the end is where the head says.
pub(super) async fn verify(server: &Server) -> Result<JournalCheck, PostgresError> {
    let (mut connection, _) = connect(server, Access::Read).await?;
    let mut place = Place::START;
    let problem = match follow(&mut connection, &mut place).await {
        Ok(()) => return Ok(place.intact()),
        Err(Stop::Broken(problem)) => problem,
        Err(Stop::Failed(error)) => {
            // A database that is damaged is an answer (class XX); one that cannot be read is none.
            let is_damage = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .is_some_and(|code| code.starts_with("XX"));
            if is_passing(&error) || !is_damage {
                return Err(PostgresError::of(&server.name, error));
            }
            format!("the database is damaged: {error}")
        }
    };
    Ok(place.broken(problem))
}

async fn follow(connection: &mut PgConnection, place: &mut Place) -> Result<(), Stop> {
    // It ends with the connection.
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    loop {
        let rows = sqlx::query(
            "SELECT sequence, at, release, kind, environment, tag, json, hash FROM facts
             WHERE sequence > $1 ORDER BY sequence LIMIT $2",
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
    let head = sqlx::query("SELECT sequence, hash FROM head").fetch_optional(connection).await?;
    let head =
        head.as_ref().map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?))).transpose()?;
    place.check_end(head).map_err(Stop::Broken)
}

fn check(row: &PgRow, place: &Place) -> Result<Place, Stop> {
    let row = StoredRow {
        sequence: row.try_get(0)?,
        at: row.try_get(1)?,
        release: row.try_get(2)?,
        kind: row.try_get(3)?,
        environment: row.try_get(4)?,
        tag: row.try_get(5)?,
        json: row.try_get(6)?,
        hash: row.try_get(7)?,
    };
    place.follow(&row).map_err(Stop::Broken)
}
