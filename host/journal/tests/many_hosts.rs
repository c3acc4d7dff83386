//! What a journal in PostgreSQL promises to hosts that lose their connection, their lease or their life.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use common::{NewPlace, Place, deployed, release, tagged};
use plimsoll_core::{
    names::EnvironmentName,
    ports::{Journal, JournalCheck, LeaseScope, PortFailure},
};
use plimsoll_journal::{JournalError, PostgresError, PostgresJournal};
use plimsoll_support::{PostgresServer, Requirement, require};

/// A host's journal over connections of a database user of its own, by which the test can end them.
async fn host_as(place: &Place, user: &str) -> PostgresJournal {
    let mut options = place.options();
    let server = PostgresServer::shared();
    let role = role(place, user);
    server.sql(&format!("CREATE ROLE \"{role}\" LOGIN SUPERUSER"));
    options.url = server.url(&role, "postgres");
    PostgresJournal::open(&options).await.unwrap()
}

fn role(place: &Place, user: &str) -> String {
    format!("{user}-of-{}", place.options().schema)
}

/// Ends the connections of a host, as a failing network or an administrator does.
fn cut_off(place: &Place, user: &str) {
    let role = role(place, user);
    PostgresServer::shared().sql(&format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '{role}'"
    ));
}

fn cause(failure: &PortFailure) -> &JournalError {
    failure.error.downcast_ref().expect("a failure of the journal")
}

fn is_lease_lost(failure: &PortFailure) -> bool {
    matches!(cause(failure), JournalError::Postgres(PostgresError::LeaseLost { .. }))
}

fn staging() -> LeaseScope {
    LeaseScope::Environment(EnvironmentName::new("staging").unwrap())
}

#[tokio::test]
async fn of_two_hosts_that_write_to_one_release_one_conflicts() {
    require!(Requirement::Postgres);
    let new = NewPlace::postgres();
    let (one, other) = (new.place.open().await, new.place.open().await);
    for round in 0..20 {
        let release = release(1);
        let (first, second) = tokio::join!(
            one.append(&release, round, 0, tagged("a")),
            other.append(&release, round, 0, tagged("a"))
        );
        let conflicts = [first, second].into_iter().filter_map(Result::err);
        let conflicts: Vec<_> = conflicts
            .inspect(|failure| assert!(matches!(cause(failure), JournalError::Conflict { .. }), "{failure}"))
            .collect();
        assert_eq!(conflicts.len(), 1);
    }
    assert!(matches!(one.verify().await.unwrap(), JournalCheck::Intact { entries: 20, .. }));
}

#[tokio::test]
async fn a_lease_that_nobody_took_survives_a_lost_connection() {
    require!(Requirement::Postgres);
    let new = NewPlace::postgres();
    let one = host_as(&new.place, "one").await;
    let other = new.place.open().await;
    let _lease = one.try_lease(&staging()).await.unwrap().unwrap();
    cut_off(&new.place, "one");
    one.append(&release(1), 0, 0, deployed("staging")).await.unwrap();
    assert!(other.try_lease(&staging()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_host_whose_lease_another_one_took_records_nothing_more_under_it() {
    require!(Requirement::Postgres);
    let new = NewPlace::postgres();
    let one = host_as(&new.place, "one").await;
    let other = new.place.open().await;
    let lease = one.try_lease(&staging()).await.unwrap().unwrap();
    let own = one.try_lease(&LeaseScope::Release(release(1))).await.unwrap().unwrap();
    cut_off(&new.place, "one");
    let taken = other.try_lease(&staging()).await.unwrap().expect("the lease of a lost session is free");
    // Even once the other host is done: what it did in between is unknown to this one.
    for taken in [Some(taken), None] {
        let failure = one.append(&release(1), 0, 0, deployed("staging")).await.unwrap_err();
        assert!(is_lease_lost(&failure), "{failure}");
        assert!(failure.hint.is_some());
        drop(taken);
    }
    // Neither what is about other leases nor what is given is stopped.
    one.append(&release(1), 0, 0, tagged("a")).await.unwrap();
    one.append(&release(2), 0, 0, deployed("production")).await.unwrap();
    // Once it gave up the lost one, it may take it anew.
    drop((lease, own));
    while one.try_lease(&staging()).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    one.append(&release(1), 1, 0, deployed("staging")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_break_at_any_moment_neither_lose_nor_double_a_fact() {
    require!(Requirement::Postgres);
    const FACTS: usize = 150;
    let new = NewPlace::postgres();
    let journal = Arc::new(host_as(&new.place, "one").await);
    let writers: Vec<_> = (0..4)
        .map(|number| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move {
                let release = release(number);
                let scope = LeaseScope::Release(release.clone());
                let _lease = journal.try_lease(&scope).await.unwrap().unwrap();
                for place in 0..FACTS {
                    journal.append(&release, place, 0, tagged("a")).await.unwrap();
                }
            })
        })
        .collect();
    let mut cuts = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        let place = new.place.clone();
        tokio::task::spawn_blocking(move || cut_off(&place, "one")).await.unwrap();
        cuts += 1;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(cuts > 1);
    for number in 0..4 {
        assert_eq!(journal.release(&release(number)).await.unwrap().len(), FACTS);
    }
    assert!(matches!(journal.verify().await.unwrap(), JournalCheck::Intact { entries: 600, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_again_goes_on_where_it_was() {
    require!(Requirement::Postgres);
    let server = PostgresServer::start();
    let place = Place::Postgres { url: server.url("postgres", "postgres"), schema: "website".to_owned() };
    let journal = place.open().await;
    let lease = journal.try_lease(&staging()).await.unwrap().unwrap();
    for round in 0..3 {
        journal.append(&release(1), round, 0, deployed("staging")).await.unwrap();
        server.restart();
    }
    assert_eq!(journal.entries(0, 9).await.unwrap().len(), 3);
    let other = place.open().await;
    assert!(other.try_lease(&staging()).await.unwrap().is_none());
    drop(lease);
    assert!(matches!(other.verify().await.unwrap(), JournalCheck::Intact { entries: 3, .. }));
}

/// `cargo test -p plimsoll-journal --release --test many_hosts -- --ignored --nocapture measure`
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "what was measured is for who asked")]
#[ignore = "a measurement, with a server that waits for the disk"]
async fn measure_appends_of_ten_hosts() {
    require!(Requirement::Postgres);
    const FACTS: usize = 300;
    let server = PostgresServer::start();
    server.sql("ALTER SYSTEM SET fsync = on");
    server.restart();
    let place = Place::Postgres { url: server.url("postgres", "postgres"), schema: "website".to_owned() };
    for hosts in [1, 10] {
        let mut journals = Vec::new();
        for _ in 0..hosts {
            journals.push(place.open().await);
        }
        let start = Instant::now();
        let writers: Vec<_> = journals
            .into_iter()
            .zip(hosts * 100..)
            .map(|(journal, number)| {
                tokio::spawn(async move {
                    for place in 0..FACTS {
                        journal.append(&release(number), place, 0, deployed("staging")).await.unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let rate = f64::from(hosts) * FACTS as f64 / start.elapsed().as_secs_f64();
        println!("{hosts} hosts: {rate:.0} appends a second");
    }
}
