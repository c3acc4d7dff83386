//! What the journal promises to one host, in a file and in a schema.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{fs, os::unix::fs::PermissionsExt};

use common::{NewPlace, Place, deployed, open, release, tagged};
use plimsoll_core::{
    contract::{Commit, Decision, GitRef, Intent, Repository, Source, Trigger, Verdict},
    digest::Digest,
    fact::{Fact, Opening},
    names::EnvironmentName,
    ports::{FailureClass, Journal as _, JournalCheck, LeaseScope, PortFailure},
};
use plimsoll_journal::{JournalError, PostgresError, SqliteJournal};

fn opened() -> Fact {
    let commit = Commit { id: "0".repeat(40), time: 1, author: None, message: None };
    let source = Source {
        repository: Repository { name: "contoso/website".to_owned(), ..Repository::default() },
        trigger: Trigger::Push,
        git_ref: GitRef::Branch("main".to_owned()),
        commit,
        tags: Vec::new(),
        actor: None,
        dirty: false,
        facts: Vec::new(),
    };
    Fact::Opened(Box::new(Opening {
        provenance: false,
        source,
        intent: Intent::Promote,
        repository: "ghcr.io/contoso/website".to_owned(),
        environments: Vec::new(),
        configuration: Digest::of(b""),
    }))
}

/// What the adapter's own error was.
fn cause(failure: &PortFailure) -> &JournalError {
    failure.error.downcast_ref().expect("a failure of the journal")
}

async fn facts_come_back_as_they_were_written(new: NewPlace) {
    let journal = new.place.open().await;
    let first = journal.append(&release(1), 0, 100, opened()).await.unwrap();
    let second = journal.append(&release(1), 1, 101, tagged("v1")).await.unwrap();
    let third = journal.append(&release(2), 0, 102, opened()).await.unwrap();
    assert_eq!([first.sequence, second.sequence, third.sequence], [1, 2, 3]);
    drop(journal);

    let journal = new.place.existing().await.unwrap();
    assert_eq!(journal.release(&release(1)).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(journal.release(&release(3)).await.unwrap(), []);
    assert_eq!(journal.openings(9).await.unwrap(), [third.clone(), first.clone()]);
    assert_eq!(journal.openings(1).await.unwrap().len(), 1);
    assert_eq!(journal.entries(0, 2).await.unwrap(), [first, second]);
    assert_eq!(journal.entries(2, 2).await.unwrap(), [third]);
    assert_eq!(journal.entries(3, 2).await.unwrap(), []);
}

async fn environments_and_tags_are_found_newest_first(new: NewPlace) {
    let journal = new.place.open().await;
    let staging = EnvironmentName::new("staging").unwrap();
    let failed = |step: &str| Fact::StepFailed {
        step: step.to_owned(),
        environment: Some(staging.clone()),
        message: "no".to_owned(),
        hint: None,
        aftermath: None,
    };
    let superseded = Fact::Superseded { environment: staging.clone(), newer: release(2) };
    let facts = [
        tagged("latest"),
        deployed("staging"),
        deployed("production"),
        failed("decide"),
        failed("deploy"),
        superseded,
        tagged("latest"),
        tagged("v1"),
    ];
    for (number, fact) in facts.into_iter().enumerate() {
        journal.append(&release(1), number, 0, fact).await.unwrap();
    }
    let places = |entries: Vec<plimsoll_core::fact::Entry>| {
        entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>()
    };
    assert_eq!(places(journal.environment(&staging, 9).await.unwrap()), [6, 5, 2]);
    assert_eq!(places(journal.environment(&staging, 1).await.unwrap()), [6]);
    assert_eq!(journal.deployed(&staging).await.unwrap().unwrap().sequence, 2);
    let nowhere = EnvironmentName::new("nowhere").unwrap();
    assert_eq!(journal.deployed(&nowhere).await.unwrap(), None);
    assert_eq!(places(journal.tag("latest", 9).await.unwrap()), [7, 1]);
    assert!(journal.tag("late%", 9).await.unwrap().is_empty());
}

async fn decisions_are_found_oldest_first_and_shadows_newest_first(new: NewPlace) {
    let journal = new.place.open().await;
    let environment = EnvironmentName::new("staging").unwrap();
    let decided = || Fact::Decided {
        environment: environment.clone(),
        verdict: Verdict { decision: Decision::Allow, findings: Vec::new() },
        records: Vec::new(),
    };
    let shadowed = || Fact::Shadowed { environment: environment.clone(), shadows: Vec::new() };
    let facts = [tagged("v1"), decided(), shadowed(), deployed("staging"), decided(), shadowed()];
    for (number, fact) in facts.into_iter().enumerate() {
        journal.append(&release(1), number, 0, fact).await.unwrap();
    }
    let decisions = journal.decisions(2, 2).await.unwrap();
    assert_eq!(decisions.iter().map(|fact| fact.sequence).collect::<Vec<_>>(), [3, 5]);
    let places = |entries: Vec<plimsoll_core::fact::Entry>| {
        entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>()
    };
    assert_eq!(places(journal.shadows(u64::MAX, 9).await.unwrap()), [6, 3]);
    assert_eq!(places(journal.shadows(u64::MAX, 1).await.unwrap()), [6]);
    assert_eq!(places(journal.shadows(6, 9).await.unwrap()), [3]);
    // What runs in an environment is not crowded out by what was said of it.
    assert_eq!(places(journal.environment(&environment, 9).await.unwrap()), [4]);
    assert!(matches!(journal.verify().await.unwrap(), JournalCheck::Intact { entries: 6, .. }));
}

async fn a_writer_that_missed_a_fact_writes_nothing(new: NewPlace) {
    let journal = new.place.open().await;
    journal.append(&release(1), 0, 0, tagged("a")).await.unwrap();
    for expected in [0, 2] {
        let failure = journal.append(&release(1), expected, 0, tagged("b")).await.unwrap_err();
        assert!(matches!(cause(&failure), JournalError::Conflict { found: 1, .. }), "{failure}");
        assert!(failure.hint.is_some());
    }
    assert_eq!(journal.entries(0, 9).await.unwrap().len(), 1);
}

async fn looking_makes_no_journal(new: NewPlace) {
    let place = &new.place;
    assert!(place.existing().await.is_none());
    assert!(place.existing().await.is_none());
    assert_eq!(fs::read_dir(new.folder.path()).unwrap().count(), 0);
    place.open().await.append(&release(1), 0, 0, tagged("a")).await.unwrap();
    let journal = place.existing().await.unwrap();
    let failure = journal.append(&release(1), 1, 0, tagged("b")).await.unwrap_err();
    assert!(
        matches!(
            cause(&failure),
            JournalError::ReadOnly { .. } | JournalError::Postgres(PostgresError::ReadOnly { .. })
        ),
        "{failure}"
    );
    assert_eq!(journal.entries(0, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_empty_file_is_no_journal_yet() {
    let new = NewPlace::sqlite();
    let path = new.folder.path().join("journal.db");
    // A host that was killed right after making the file.
    fs::write(&path, "").unwrap();
    assert!(Place::Sqlite(path).existing().await.is_none());
}

#[tokio::test]
async fn a_journal_that_may_only_be_read_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let entry = open(&path).await.append(&release(1), 0, 0, tagged("a")).await.unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let journal = SqliteJournal::open_existing(&path).await.unwrap().unwrap();
    assert_eq!(journal.entries(0, 9).await.unwrap(), [entry]);
    assert!(matches!(journal.verify().await.unwrap(), JournalCheck::Intact { entries: 1, .. }));
    drop(journal);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn what_is_no_journal_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    let words = "not a database, and longer than the hundred bytes of an SQLite header are. ".repeat(4);
    fs::write(&text, &words).unwrap();
    let error = SqliteJournal::open(&text).await.unwrap_err();
    assert!(matches!(error, JournalError::NotAJournal { .. }), "{error}");
    assert_eq!(fs::read_to_string(&text).unwrap(), words);
    let failure = PortFailure::from(error);
    assert_eq!(failure.class, FailureClass::Configuration);

    let other = folder.path().join("other.db");
    assert!(Place::Sqlite(other.clone()).execute("CREATE TABLE bookmarks (url TEXT)").await);
    let error = SqliteJournal::open(&other).await.unwrap_err();
    assert!(matches!(error, JournalError::NotAJournal { .. }), "{error}");

    let inside = text.join("journal.db");
    let error = SqliteJournal::open(&inside).await.unwrap_err();
    assert!(matches!(error, JournalError::Folder { .. }), "{error}");

    let error = SqliteJournal::open_existing(folder.path()).await.unwrap_err();
    assert!(matches!(error, JournalError::NotAJournal { .. }), "{error}");
}

async fn a_newer_schema_is_refused_with_both_versions(new: NewPlace) {
    let place = &new.place;
    drop(place.open().await);
    let newer = match place {
        Place::Sqlite(_) => "PRAGMA user_version = 9",
        Place::Postgres { .. } => "UPDATE plimsoll_version SET version = 9",
    };
    assert!(place.execute(newer).await);
    for error in [place.try_open().await.err().unwrap(), place.try_existing().await.err().unwrap()] {
        assert!(matches!(error, JournalError::NewerSchema { found: 9, known: 1, .. }), "{error}");
    }
}

async fn the_database_itself_refuses_changes(new: NewPlace) {
    let place = &new.place;
    let journal = place.open().await;
    journal.append(&release(1), 0, 0, tagged("a")).await.unwrap();
    journal.append(&release(1), 1, 0, tagged("b")).await.unwrap();
    let statements = [
        "UPDATE facts SET at = 5 WHERE sequence = 1",
        "DELETE FROM facts WHERE sequence = 2",
        "UPDATE head SET sequence = 1",
        "DELETE FROM head",
    ];
    let of_its_own: &[&str] = match place {
        Place::Sqlite(_) => &[
            "INSERT INTO facts SELECT 7, at, release, kind, environment, tag, json, hash FROM facts LIMIT 1",
            "INSERT OR REPLACE INTO facts SELECT * FROM facts WHERE sequence = 1",
        ],
        Place::Postgres { .. } => &[
            "INSERT INTO facts SELECT 7, at, release, kind, environment, tag, json, hash, 'x' FROM facts LIMIT 1",
            "INSERT INTO facts SELECT * FROM facts WHERE sequence = 1 ON CONFLICT (sequence) DO UPDATE SET at = 5",
            "TRUNCATE facts",
            "TRUNCATE head",
        ],
    };
    for statement in statements.iter().chain(of_its_own) {
        assert!(!place.execute(statement).await, "{statement}");
    }
    assert!(place.execute("SELECT * FROM facts").await);
    assert!(matches!(journal.verify().await.unwrap(), JournalCheck::Intact { entries: 2, .. }));
}

async fn one_host_at_a_time_has_a_lease(new: NewPlace) {
    let (one, other) = (new.place.open().await, new.place.open().await);
    let scope = LeaseScope::Release(release(1));
    let lease = one.try_lease(&scope).await.unwrap().unwrap();
    assert!(other.try_lease(&scope).await.unwrap().is_none());
    assert!(one.try_lease(&scope).await.unwrap().is_none());
    let holder = other.lease_holder(&scope).unwrap();
    assert!(holder.contains(&std::process::id().to_string()), "{holder}");
    let elsewhere = LeaseScope::Environment(EnvironmentName::new("staging").unwrap());
    let more = other.try_lease(&elsewhere).await.unwrap().unwrap();
    let tags = other.try_lease(&LeaseScope::Tags).await.unwrap().unwrap();

    drop(lease);
    // The same host has it again at once, another one soon: dropping does not wait for a server.
    drop(one.try_lease(&scope).await.unwrap().unwrap());
    let lease = soon(async || other.try_lease(&scope).await.unwrap()).await;
    assert_eq!(other.lease_holder(&scope).is_some(), matches!(new.place, Place::Sqlite(_)));
    drop((lease, more, tags));
    soon(async || one.try_lease(&LeaseScope::Tags).await.unwrap()).await;
    assert_eq!(other.lease_holder(&scope), None);
}

#[tokio::test]
async fn leases_leave_no_files_behind() {
    let new = NewPlace::sqlite();
    let Place::Sqlite(path) = &new.place else { panic!("a file") };
    let lease = new.place.open().await.try_lease(&LeaseScope::Tags).await.unwrap().unwrap();
    drop(lease);
    let locks = path.with_file_name("journal.db.locks");
    let left = fs::read_dir(locks).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["schema.lock"]);
}

async fn given_facts_wait_for_nobody_and_are_not_counted(new: NewPlace) {
    let journal = new.place.open().await;
    let environment = EnvironmentName::new("staging").unwrap();
    journal.append(&release(1), 0, 0, opened()).await.unwrap();
    journal.append(&release(2), 0, 0, opened()).await.unwrap();
    let health =
        |healthy| Fact::HealthChanged { environment: environment.clone(), healthy, reasons: Vec::new() };
    journal.give(&release(1), 1, health(false)).await.unwrap();
    journal.append(&release(1), 1, 2, Fact::Settled {}).await.unwrap();
    assert_eq!(journal.unsettled(9).await.unwrap(), [release(2)]);
    // What is given to a settled release unsettles it.
    journal.give(&release(1), 3, health(true)).await.unwrap();
    assert_eq!(journal.unsettled(9).await.unwrap(), [release(1), release(2)]);
    assert_eq!(journal.unsettled(1).await.unwrap(), [release(2)], "old ones do not crowd out the newest");
    assert_eq!(journal.hold(&environment).await.unwrap(), None);
    assert!(matches!(journal.verify().await.unwrap(), JournalCheck::Intact { entries: 5, .. }));
}

on_both!(
    facts_come_back_as_they_were_written,
    environments_and_tags_are_found_newest_first,
    decisions_are_found_oldest_first_and_shadows_newest_first,
    a_writer_that_missed_a_fact_writes_nothing,
    looking_makes_no_journal,
    a_newer_schema_is_refused_with_both_versions,
    the_database_itself_refuses_changes,
    one_host_at_a_time_has_a_lease,
    given_facts_wait_for_nobody_and_are_not_counted,
);

/// What is there at once or soon.
async fn soon<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(value) = attempt().await {
            return value;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it did not come")
}
