//! Writing.

use plimsoll_core::{
    fact::{Entry, Fact},
    names::ReleaseId,
};
use sqlx::Row as _;

use super::{
    error::PostgresError,
    fence,
    session::Session,
    statement::{Argument, Statement},
};
use crate::{
    columns::Columns,
    error::JournalError,
    name::JournalName,
    rows::{bound, sequence_of},
};

/// Adds a fact at the end, in one round trip. `expected` is how many facts of hosts' steps the release must have; a given
/// fact expects nothing. When the connection is lost in between, the same call is made again over the next one: by its mark
/// the database knows a fact that it has already.
pub(super) async fn append(
    session: &mut Session,
    journal: &JournalName,
    release: &ReleaseId,
    expected: Option<usize>,
    at: i64,
    fact: Fact,
) -> Result<Entry, JournalError> {
    let failed = |error| PostgresError::of(journal, error);
    let json = serde_json::to_string(&fact)
        .map_err(|source| JournalError::Unwritable { release: release.clone(), source })?;
    let columns = Columns::of(&fact);
    let statement = Statement::new(
        "SELECT place, steps FROM append($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            Argument::from(session.mark().as_str()),
            release.as_str().into(),
            Argument::Number(expected.map(bound)),
            Argument::Texts(&Fact::GIVEN),
            at.into(),
            columns.kind.into(),
            Argument::Text(columns.environment.map(str::to_owned)),
            Argument::Text(columns.tag.map(str::to_owned)),
            Argument::Text(Some(json)),
        ],
    );
    let scopes = if expected.is_some() { fence::scopes(release, &fact) } else { Vec::new() };
    let rows = session.rows_under(&scopes, &statement).await?;
    let row = rows.first().ok_or_else(|| failed(sqlx::Error::RowNotFound))?;
    let place: Option<i64> = row.try_get(0).map_err(failed)?;
    let steps: Option<i64> = row.try_get(1).map_err(failed)?;
    match (place, expected) {
        (Some(place), _) => Ok(Entry { sequence: sequence_of(place), at, release: release.clone(), fact }),
        (None, expected) => Err(JournalError::Conflict {
            release: release.clone(),
            expected: expected.unwrap_or_default(),
            found: steps.unwrap_or_default(),
        }),
    }
}
