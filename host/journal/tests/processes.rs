//! What the journal promises to several hosts, and to one that is killed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    collections::BTreeSet,
    env, fs,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use common::{NewPlace, Place, deployed, release, tagged};
use plimsoll_core::ports::{JournalCheck, LeaseScope};

/// Tells the child what to do, and in which journal.
const TASK: &str = "JOURNAL_TEST_TASK";
const JOURNAL: &str = "JOURNAL_TEST_PATH";

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The other process: this test program again, with one job.
#[tokio::test]
#[ignore = "started by the other tests as a process of its own"]
#[expect(clippy::exit, reason = "one job is to end without closing anything")]
async fn child() {
    let (Ok(task), Ok(path)) = (env::var(TASK), env::var(JOURNAL)) else {
        panic!("this is no test by itself: it needs {TASK} and {JOURNAL}");
    };
    let journal = Place::from_text(&path).open().await;
    match task.split_once(' ').unwrap() {
        ("append", count) => {
            let mine = release(std::process::id());
            for number in 0..count.parse().unwrap() {
                journal.append(&mine, number, 0, tagged("a")).await.unwrap();
            }
        }
        ("leave", count) => {
            for number in 0..count.parse().unwrap() {
                journal.append(&release(1), number, 0, tagged("a")).await.unwrap();
            }
            // As a program does whose threads outlive it: nothing is closed.
            std::mem::forget(journal);
            std::process::exit(0);
        }
        ("hold", _) => {
            let _lease = journal.try_lease(&LeaseScope::Tags).await.unwrap().unwrap();
            journal.append(&release(1), 0, 0, tagged("held")).await.unwrap();
            thread::sleep(PATIENCE);
        }
        (other, _) => panic!("no task `{other}`"),
    }
}

/// A child that is killed when the test ends, however it ends.
struct Process(Child);

impl Process {
    fn start(task: &str, journal: &Place) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored"])
            .env(TASK, task)
            .env(JOURNAL, journal.text())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

async fn many_tasks_and_two_processes_lose_nothing(new: NewPlace) {
    let place = &new.place;
    // Both processes find no journal, and both make it.
    let mut processes = [Process::start("append 40", place), Process::start("append 40", place)];
    let journal = Arc::new(place.open().await);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move {
                for number in 0..10 {
                    journal.append(&release(task), number, 0, deployed("staging")).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for process in &mut processes {
        assert!(process.0.wait().unwrap().success());
    }
    let entries = journal.entries(0, 1000).await.unwrap();
    assert_eq!(entries.len(), 160);
    assert_eq!(entries.iter().map(|entry| &entry.release).collect::<BTreeSet<_>>().len(), 10);
    assert!(matches!(journal.verify().await.unwrap(), JournalCheck::Intact { entries: 160, .. }));
}

async fn a_writer_killed_at_any_moment_leaves_an_intact_chain(new: NewPlace) {
    let place = &new.place;
    let journal = place.open().await;
    let mut before = 0;
    for round in 0..6 {
        let mut process = Process::start("append 1000000", place);
        let start = Instant::now();
        while journal.entries(before, 8).await.unwrap().len() < 8 {
            assert!(start.elapsed() < PATIENCE, "the child does not write");
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_micros(700 * round));
        process.kill();
        // A host that only reads comes first: it too must get past what the killed one left half written.
        let reader = place.existing().await.unwrap();
        let JournalCheck::Intact { entries, .. } = reader.verify().await.unwrap() else {
            panic!("{:?}", reader.verify().await)
        };
        assert!(entries >= before + 8);
        before = entries;
    }
}

#[tokio::test]
async fn the_file_alone_is_the_journal_after_its_host_left() {
    let new = NewPlace::sqlite();
    let place = &new.place;
    let Place::Sqlite(path) = place else { panic!("a file") };
    let mut process = Process::start("leave 5", place);
    assert!(process.0.wait().unwrap().success());
    let copy = new.folder.path().join("copy.db");
    fs::copy(path, &copy).unwrap();
    let copied = Place::Sqlite(copy).existing().await.unwrap().verify().await.unwrap();
    assert!(matches!(copied, JournalCheck::Intact { entries: 5, .. }), "{copied:?}");
    assert_eq!(copied, place.open().await.verify().await.unwrap());
}

async fn readers_and_a_writer_wait_for_each_other(new: NewPlace) {
    let place = &new.place;
    drop(place.open().await);
    let mut process = Process::start("append 60", place);
    let reader = place.existing().await.unwrap();
    let start = Instant::now();
    while reader.entries(0, 100).await.unwrap().len() < 60 {
        assert!(start.elapsed() < PATIENCE, "the child does not write");
        assert!(matches!(reader.verify().await.unwrap(), JournalCheck::Intact { .. }));
    }
    assert!(process.0.wait().unwrap().success());
}

async fn the_death_of_its_holder_frees_a_lease(new: NewPlace) {
    let place = &new.place;
    let journal = place.open().await;
    let mut process = Process::start("hold -", place);
    let start = Instant::now();
    while journal.entries(0, 1).await.unwrap().is_empty() {
        assert!(start.elapsed() < PATIENCE, "the child does not take the lease");
        thread::sleep(Duration::from_millis(1));
    }
    assert!(journal.try_lease(&LeaseScope::Tags).await.unwrap().is_none());
    let holder = journal.lease_holder(&LeaseScope::Tags).unwrap();
    assert!(holder.contains(&process.0.id().to_string()), "{holder}");
    process.kill();
    while journal.try_lease(&LeaseScope::Tags).await.unwrap().is_none() {
        assert!(start.elapsed() < PATIENCE, "the lease is not freed");
        thread::sleep(Duration::from_millis(5));
    }
}

on_both!(
    many_tasks_and_two_processes_lose_nothing,
    a_writer_killed_at_any_moment_leaves_an_intact_chain,
    readers_and_a_writer_wait_for_each_other,
    the_death_of_its_holder_frees_a_lease,
);
