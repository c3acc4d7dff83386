//! What was changed behind the journal's back is found.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{fs, path::Path};

use common::{deployed, open, release, tagged};
use plimsoll_core::{
    fact::Entry,
    ports::{Journal, JournalCheck},
};
use plimsoll_journal::SqliteJournal;
use proptest::prelude::*;
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};

/// How many entries the journal of these tests has.
const ENTRIES: u64 = 6;

/// Removes what guards the table, as somebody with a database tool would.
const UNGUARD: &str = "
    DROP TRIGGER facts_are_not_changed;
    DROP TRIGGER facts_are_not_removed;
    DROP TRIGGER facts_are_added_at_the_end;
    DROP TRIGGER the_head_only_advances;";

/// The bytes of a journal file.
async fn journal_file() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    for (number, name) in ["a", "b", "c"].iter().enumerate() {
        journal.append(&release(7), number * 2, 50, tagged(name)).await.unwrap();
        journal.append(&release(7), number * 2 + 1, 60, deployed(name)).await.unwrap();
    }
    drop(journal);
    fs::read(&path).unwrap()
}

async fn execute(path: &Path, statements: &str) {
    let options = SqliteConnectOptions::new().filename(path);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))).await.unwrap();
    connection.close().await.unwrap();
}

/// What `verify` says after these statements.
async fn verdict_after(file: &[u8], statements: &str) -> JournalCheck {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    fs::write(&path, file).unwrap();
    execute(&path, &format!("{UNGUARD}{statements}")).await;
    SqliteJournal::open_existing(&path).await.unwrap().unwrap().verify().await.unwrap()
}

/// What `verify` says, and everything the journal holds, after one byte of the file was changed; `None` when it cannot be read.
async fn verdict_with_byte(file: &[u8], at: usize, xor: u8) -> Option<(JournalCheck, Vec<Entry>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut bytes = file.to_vec();
    bytes[at] ^= xor;
    fs::write(&path, bytes).unwrap();
    let journal = SqliteJournal::open_existing(&path).await.ok()??;
    let check = journal.verify().await.ok()?;
    Some((check, journal.entries(0, 99).await.unwrap_or_default()))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn missing_added_and_reordered_entries_are_found() {
    let runtime = runtime();
    let file = runtime.block_on(journal_file());
    let untouched = runtime.block_on(verdict_after(&file, ""));
    assert!(matches!(untouched, JournalCheck::Intact { entries: ENTRIES, .. }), "{untouched:?}");
    let cases = [
        ("DELETE FROM facts WHERE sequence = 1", 1),
        ("DELETE FROM facts WHERE sequence = 3", 3),
        ("DELETE FROM facts WHERE sequence = 6", 6),
        ("DELETE FROM facts", 1),
        ("UPDATE facts SET sequence = -sequence WHERE sequence < 3", 1),
        (
            "UPDATE facts SET sequence = 99 WHERE sequence = 2;
             UPDATE facts SET sequence = 2 WHERE sequence = 3;
             UPDATE facts SET sequence = 3 WHERE sequence = 99",
            2,
        ),
        (
            "INSERT INTO facts SELECT 7, at, release, kind, environment, tag, json, hash FROM facts WHERE sequence = 6",
            7,
        ),
        ("UPDATE facts SET tag = 'z' WHERE sequence = 1", 1),
        ("UPDATE facts SET environment = NULL WHERE sequence = 2", 2),
        ("UPDATE facts SET kind = 'opened' WHERE sequence = 4", 4),
        ("UPDATE facts SET release = 'r-000000000008' WHERE sequence = 4", 4),
        ("UPDATE facts SET at = at + 1 WHERE sequence = 5", 5),
        ("UPDATE facts SET json = json || ' ' WHERE sequence = 5", 5),
        ("UPDATE head SET hash = zeroblob(32)", 7),
        ("DROP TRIGGER the_head_stays; DELETE FROM head", 7),
    ];
    for (statements, place) in cases {
        let check = runtime.block_on(verdict_after(&file, statements));
        assert!(
            matches!(check, JournalCheck::Broken { sequence, .. } if sequence == place),
            "{statements}: {check:?}"
        );
    }
}

#[test]
fn the_head_names_the_end() {
    let runtime = runtime();
    let file = runtime.block_on(journal_file());
    let JournalCheck::Intact { head, .. } = runtime.block_on(verdict_after(&file, "")) else {
        panic!("broken")
    };
    // The last entry and the note of it both cut off: only the head that was kept elsewhere tells.
    let cut = "DELETE FROM facts WHERE sequence = 6;
               UPDATE head SET sequence = 5, hash = (SELECT hash FROM facts WHERE sequence = 5)";
    let JournalCheck::Intact { head: other, entries: 5 } = runtime.block_on(verdict_after(&file, cut)) else {
        panic!("broken")
    };
    assert_ne!(head, other);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// One byte of what an entry says or of its hash.
    #[test]
    fn a_changed_byte_of_an_entry_is_found(
        sequence in 1..=ENTRIES,
        column in prop::sample::select(vec!["json", "release", "hash"]),
        place in any::<prop::sample::Index>(),
        xor in 1..=255_u8,
    ) {
        let runtime = runtime();
        let file = runtime.block_on(journal_file());
        // The text as bytes, and one of them changed.
        let check = runtime.block_on(async {
            let length = length_of(&file, column, sequence).await;
            let at = place.index(length) + 1;
            let new = byte_of(&file, column, sequence, at).await ^ xor;
            let cast = if column == "hash" { "BLOB" } else { "TEXT" };
            verdict_after(&file, &format!(
                "UPDATE facts SET {column} = CAST(substr(CAST({column} AS BLOB), 1, {at} - 1) || x'{new:02x}'
                 || substr(CAST({column} AS BLOB), {at} + 1) AS {cast}) WHERE sequence = {sequence}"
            )).await
        });
        prop_assert!(matches!(check, JournalCheck::Broken { sequence: found, .. } if found == sequence), "{:?}", check);
    }

    /// One byte of the file, anywhere: it is found, or nothing that the journal says is different.
    #[test]
    fn a_changed_byte_of_the_file_is_found_or_harmless(place in any::<prop::sample::Index>(), xor in 1..=255_u8) {
        let runtime = runtime();
        let file = runtime.block_on(journal_file());
        let (_, before) = runtime.block_on(verdict_with_byte(&file, 0, 0)).unwrap();
        let at = place.index(file.len());
        if let Some((JournalCheck::Intact { .. }, after)) = runtime.block_on(verdict_with_byte(&file, at, xor)) {
            prop_assert_eq!(before, after);
        }
    }
}

async fn one<T>(file: &[u8], query: String) -> T
where
    T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + Unpin,
{
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    fs::write(&path, file).unwrap();
    let options = SqliteConnectOptions::new().filename(&path);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap()
}

async fn length_of(file: &[u8], column: &str, sequence: u64) -> usize {
    let query = format!("SELECT length(CAST({column} AS BLOB)) FROM facts WHERE sequence = {sequence}");
    usize::try_from(one::<i64>(file, query).await).unwrap()
}

async fn byte_of(file: &[u8], column: &str, sequence: u64, at: usize) -> u8 {
    let query =
        format!("SELECT substr(CAST({column} AS BLOB), {at}, 1) FROM facts WHERE sequence = {sequence}");
    one::<Vec<u8>>(file, query).await[0]
}
