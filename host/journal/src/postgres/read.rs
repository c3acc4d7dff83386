//! Reading.

use plimsoll_core::{
    fact::{Entry, StoredFact},
    names::{EnvironmentName, ReleaseId},
};
use sqlx::{Row as _, postgres::PgRow};

use super::{
    error::PostgresError,
    statement::{Argument, Statement},
};
use crate::{
    error::JournalError,
    name::JournalName,
    rows::{self, bound, place, release_id, sequence_of},
};

pub(super) fn release(release: &ReleaseId) -> Statement {
    Statement::new(
        "SELECT sequence, at, release, json FROM facts WHERE release = $1 ORDER BY sequence",
        [release.as_str().into()],
    )
}

pub(super) fn openings(limit: usize) -> Statement {
    Statement::new(
        "SELECT sequence, at, release, json FROM facts WHERE kind = 'opened' ORDER BY sequence DESC LIMIT $1",
        [bound(limit).into()],
    )
}

pub(super) fn environment(environment: &EnvironmentName, limit: usize) -> Statement {
    Statement::new(
        "SELECT sequence, at, release, json FROM facts
         WHERE environment = $1 AND kind IN ('deployed', 'superseded', 'step-failed') ORDER BY sequence DESC LIMIT $2",
        [environment.as_str().into(), bound(limit).into()],
    )
}

pub(super) fn deployed(environment: &EnvironmentName) -> Statement {
    Statement::new(
        "SELECT sequence, at, release, json FROM facts
         WHERE environment = $1 AND kind = 'deployed' ORDER BY sequence DESC LIMIT 1",
        [environment.as_str().into()],
    )
}

pub(super) fn hold(environment: &EnvironmentName) -> Statement {
    Statement::new(
        "SELECT sequence, at, release, json FROM facts
         WHERE environment = $1 AND kind IN ('environment-held', 'environment-freed') ORDER BY sequence DESC LIMIT 1",
        [environment.as_str().into()],
    )
}

pub(super) fn rejections(environment: &EnvironmentName, limit: usize) -> Statement {
    Statement::new(
        "SELECT sequence, at, release, json FROM facts
         WHERE environment = $1 AND kind = 'rejected' ORDER BY sequence DESC LIMIT $2",
        [environment.as_str().into(), bound(limit).into()],
    )
}

/// Places and ids of releases.
pub(super) fn unsettled(limit: usize) -> Statement {
    Statement::new(
        "SELECT sequence, release FROM (
             SELECT opening.sequence, opening.release FROM facts AS opening
             WHERE opening.kind = 'opened' AND 'settled' <>
                 (SELECT kind FROM facts WHERE release = opening.release ORDER BY sequence DESC LIMIT 1)
             ORDER BY opening.sequence DESC LIMIT $1
         ) AS newest ORDER BY sequence",
        [bound(limit).into()],
    )
}

pub(super) fn tag(tag: &str, limit: usize) -> Statement {
    Statement::new(
        "SELECT sequence, at, release, json FROM facts WHERE tag = $1 ORDER BY sequence DESC LIMIT $2",
        [Argument::from(tag), bound(limit).into()],
    )
}

pub(super) fn entries(after: u64, limit: usize) -> Statement {
    Statement::new(
        "SELECT sequence, at, release, json FROM facts WHERE sequence > $1 ORDER BY sequence LIMIT $2",
        [place(after).into(), bound(limit).into()],
    )
}

pub(super) fn decisions(after: u64, limit: usize) -> Statement {
    Statement::new(
        "SELECT sequence, at, release, json FROM facts
         WHERE sequence > $1 AND kind IN ('tags-derived', 'decided', 'tags-shadowed', 'shadowed')
         ORDER BY sequence LIMIT $2",
        [place(after).into(), bound(limit).into()],
    )
}

pub(super) fn shadows(before: u64, limit: usize) -> Statement {
    Statement::new(
        "SELECT sequence, at, release, json FROM facts
         WHERE sequence < $1 AND kind IN ('tags-shadowed', 'shadowed') ORDER BY sequence DESC LIMIT $2",
        [place(before).into(), bound(limit).into()],
    )
}

/// Entries from `sequence, at, release, json`.
pub(super) fn to_entries(rows: &[PgRow], journal: &JournalName) -> Result<Vec<Entry>, JournalError> {
    rows.iter().map(|row| rows::entry(to_stored(row, journal)?, journal.clone())).collect()
}

/// A fact from `sequence, at, release, json`, unread.
pub(super) fn to_stored(row: &PgRow, journal: &JournalName) -> Result<StoredFact, JournalError> {
    let failed = |error| PostgresError::of(journal, error);
    Ok(StoredFact {
        sequence: sequence_of(row.try_get(0).map_err(failed)?),
        at: row.try_get(1).map_err(failed)?,
        release: to_release(row.try_get(0).map_err(failed)?, row.try_get(2).map_err(failed)?, journal)?,
        json: row.try_get(3).map_err(failed)?,
    })
}

/// A release's id.
pub(super) fn to_release(
    sequence: i64,
    stored: &str,
    journal: &JournalName,
) -> Result<ReleaseId, JournalError> {
    release_id(sequence, stored, journal.clone())
}
