//! What was changed in a schema by somebody who may disable its triggers is found.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{NewPlace, deployed, release, tagged};
use plimsoll_core::ports::{Journal, JournalCheck};
use plimsoll_support::{Requirement, require};

/// What `verify` says of a journal with six entries after these statements.
async fn verdict_after(statements: &str) -> JournalCheck {
    let place = NewPlace::postgres().place;
    let journal = place.open().await;
    for (number, name) in ["a", "b", "c"].iter().enumerate() {
        journal.append(&release(7), number * 2, 50, tagged(name)).await.unwrap();
        journal.append(&release(7), number * 2 + 1, 60, deployed(name)).await.unwrap();
    }
    let unguard = "ALTER TABLE facts DISABLE TRIGGER ALL; ALTER TABLE head DISABLE TRIGGER ALL;";
    assert!(place.execute(&format!("{unguard} {statements}")).await, "{statements}");
    verify(journal.as_ref()).await
}

async fn verify(journal: &dyn Journal) -> JournalCheck {
    journal.verify().await.unwrap()
}

#[tokio::test]
async fn missing_added_changed_and_reordered_entries_are_found() {
    require!(Requirement::Postgres);
    let untouched = verdict_after("SELECT 1").await;
    assert!(matches!(untouched, JournalCheck::Intact { entries: 6, .. }), "{untouched:?}");
    let cases = [
        ("DELETE FROM facts WHERE sequence = 1", 1),
        ("DELETE FROM facts WHERE sequence = 3", 3),
        ("DELETE FROM facts WHERE sequence = 6", 6),
        ("TRUNCATE facts", 1),
        ("UPDATE facts SET sequence = -sequence WHERE sequence < 3", 1),
        (
            "UPDATE facts SET sequence = 99 WHERE sequence = 2;
             UPDATE facts SET sequence = 2 WHERE sequence = 3;
             UPDATE facts SET sequence = 3 WHERE sequence = 99",
            2,
        ),
        (
            "INSERT INTO facts SELECT 7, at, release, kind, environment, tag, json, hash, 'x'
             FROM facts WHERE sequence = 6",
            7,
        ),
        ("UPDATE facts SET tag = 'z' WHERE sequence = 1", 1),
        ("UPDATE facts SET environment = NULL WHERE sequence = 2", 2),
        ("UPDATE facts SET kind = 'opened' WHERE sequence = 4", 4),
        ("UPDATE facts SET release = 'r-000000000008' WHERE sequence = 4", 4),
        ("UPDATE facts SET at = at + 1 WHERE sequence = 5", 5),
        ("UPDATE facts SET json = json || ' ' WHERE sequence = 5", 5),
        ("UPDATE facts SET hash = set_byte(hash, 3, (get_byte(hash, 3) + 1) % 256) WHERE sequence = 2", 2),
        ("UPDATE head SET hash = decode(repeat('00', 32), 'hex')", 7),
        ("DELETE FROM head", 7),
    ];
    for (statements, place) in cases {
        let check = verdict_after(statements).await;
        assert!(
            matches!(check, JournalCheck::Broken { sequence, .. } if sequence == place),
            "{statements}: {check:?}"
        );
    }
}
