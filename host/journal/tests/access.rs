//! Who is let in to a journal in PostgreSQL, over what, and what is said to those who are not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{env, error::Error, process::Command};

use common::{NewPlace, Place, release, tagged};
use plimsoll_core::ports::{FailureClass, Journal, JournalCheck, LeaseScope, PortFailure};
use plimsoll_journal::{JournalError, PostgresError, PostgresJournal, PostgresOptions};
use plimsoll_support::{PASSWORD, PostgresServer, Requirement, USER, require};

/// The address of the server, for the child process.
const URL: &str = "JOURNAL_TEST_URL";

fn options(url: String) -> PostgresOptions {
    PostgresOptions { url, password: None, certificate_authority: None, schema: "website".to_owned() }
}

async fn refusal(options: &PostgresOptions) -> PostgresError {
    let error = PostgresJournal::open(options).await.unwrap_err();
    assert!(!told(&error).contains(PASSWORD), "{}", told(&error));
    match error {
        JournalError::Postgres(error) => error,
        error => panic!("{error}"),
    }
}

/// Everything that an error says, also to those who look closely.
fn told(error: &JournalError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!("\n{error}"));
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn encryption_and_password_are_kept_to() {
    require!(Requirement::Postgres, Requirement::Openssl);
    let server = PostgresServer::with_tls();
    let right = PostgresOptions {
        password: Some(PASSWORD.to_owned().into()),
        certificate_authority: server.certificate_authority().map(Into::into),
        ..options(server.url(USER, "postgres"))
    };
    let journal = PostgresJournal::open(&right).await.unwrap();
    journal.append(&release(1), 0, 0, tagged("a")).await.unwrap();
    assert!(!format!("{right:?} {journal:?}").contains(PASSWORD));

    let wrong = PostgresOptions { password: Some(format!("{PASSWORD}s").into()), ..right.clone() };
    assert!(matches!(refusal(&wrong).await, PostgresError::Authentication { .. }));
    let none = PostgresOptions { password: None, ..right.clone() };
    assert!(matches!(refusal(&none).await, PostgresError::Authentication { .. }));
    no_password_comes_from_the_environment(&server);

    let nowhere = PostgresOptions { url: server.url(USER, "nowhere"), ..right.clone() };
    assert!(matches!(refusal(&nowhere).await, PostgresError::NoDatabase { .. }));
    let folder = tempfile::tempdir().unwrap();
    let stranger = folder.path().join("stranger.pem");
    make_authority(&stranger);
    let untrusted = PostgresOptions { certificate_authority: Some(stranger), ..right.clone() };
    assert!(matches!(refusal(&untrusted).await, PostgresError::Untrusted { .. }));
}

fn make_authority(file: &std::path::Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "2", "-subj", "/CN=stranger", "-keyout", "/dev/null", "-out"])
        .arg(file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

fn no_password_comes_from_the_environment(server: &PostgresServer) {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored"])
        .env(URL, server.url(USER, "postgres"))
        .envs([("PGPASSWORD", PASSWORD), ("PGSSLMODE", "disable"), ("PGPORT", "1"), ("PGHOST", "nowhere")])
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
}

/// The other process, with another environment.
#[tokio::test]
#[ignore = "started by another test as a process of its own"]
async fn child() {
    let url = env::var(URL).unwrap_or_else(|_| panic!("this is no test by itself: it needs {URL}"));
    assert!(matches!(refusal(&options(url)).await, PostgresError::Authentication { .. }));
}

#[tokio::test]
async fn a_server_without_encryption_is_refused_where_it_is_demanded() {
    require!(Requirement::Postgres, Requirement::Openssl);
    let server = PostgresServer::shared();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    make_authority(&authority);
    let options = PostgresOptions {
        certificate_authority: Some(authority),
        ..options(server.url("postgres", "postgres"))
    };
    assert!(matches!(refusal(&options).await, PostgresError::Untrusted { .. }));
}

#[tokio::test]
async fn a_socket_serves_as_well() {
    require!(Requirement::Postgres);
    let server = PostgresServer::shared();
    let folder = server.sockets().to_str().unwrap().replace('/', "%2F");
    let place = NewPlace::postgres().place;
    let options = PostgresOptions {
        url: format!("postgres://postgres@{folder}:{}/postgres", server.port()),
        ..place.options()
    };
    let journal = PostgresJournal::open(&options).await.unwrap();
    journal.append(&release(1), 0, 0, tagged("a")).await.unwrap();
}

#[tokio::test]
async fn where_nobody_listens_the_journal_is_unreachable_at_once() {
    let error = refusal(&options("postgres://nobody@127.0.0.1:1/nothing".to_owned())).await;
    assert!(matches!(error, PostgresError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1/nothing"), "{error}");
    let failure = PortFailure::from(JournalError::from(error));
    assert_eq!(failure.class, FailureClass::Outside);
    assert!(failure.hint.is_some());
}

#[tokio::test]
async fn a_schema_with_something_else_in_it_is_left_alone() {
    require!(Requirement::Postgres);
    let place = NewPlace::postgres().place;
    let schema = place.options().schema;
    let server = PostgresServer::shared();
    server.sql(&format!("CREATE SCHEMA \"{schema}\"; CREATE TABLE \"{schema}\".bookmarks (url text)"));
    let error = place.try_open().await.err().unwrap();
    assert!(matches!(error, JournalError::NotAJournal { .. }), "{error}");
    let tables = format!("SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}'");
    assert_eq!(server.sql(&tables), "1");
}

/// The statements of the page on PostgreSQL, so that what it promises is what is tested.
fn granted(schema: &str, host: &str, reader: &str) -> String {
    let page = include_str!("../../../docs/postgresql.md");
    let (_, block) = page.split_once("<!-- rights -->\n```sql\n").unwrap();
    let (statements, _) = block.split_once("```").unwrap();
    statements
        .replace("website_host", &format!("\"{host}\""))
        .replace("website_reader", &format!("\"{reader}\""))
        .replace("SCHEMA website", &format!("SCHEMA \"{schema}\""))
}

#[tokio::test]
async fn hosts_and_readers_need_few_rights() {
    require!(Requirement::Postgres);
    let place = NewPlace::postgres().place;
    let schema = place.options().schema;
    let server = PostgresServer::shared();
    drop(place.open().await);
    let [host, reader, stranger] = ["host", "reader", "stranger"].map(|name| format!("{name}-{schema}"));
    server.sql(&format!("CREATE ROLE \"{stranger}\" LOGIN"));
    server.sql(&granted(&schema, &host, &reader));
    let as_user = |user: &str| Place::Postgres { url: server.url(user, "postgres"), schema: schema.clone() };

    let journal = as_user(&host).open().await;
    journal.append(&release(1), 0, 0, tagged("a")).await.unwrap();
    let _lease = journal.try_lease(&LeaseScope::Tags).await.unwrap().unwrap();
    assert!(matches!(journal.verify().await.unwrap(), JournalCheck::Intact { entries: 1, .. }));
    let around = |user: &str, statement: &str| {
        let statement = statement.replace("facts", &format!("\"{schema}\".facts"));
        server.try_sql(&format!("SET ROLE \"{user}\"; {statement}")).status.success()
    };
    for statement in ["DELETE FROM facts", "INSERT INTO facts SELECT * FROM facts", "DROP TABLE facts"] {
        assert!(!around(&host, statement), "{statement}");
    }
    assert!(around(&host, "SELECT * FROM facts"));

    let reading = as_user(&reader).existing().await.unwrap();
    assert_eq!(reading.entries(0, 9).await.unwrap().len(), 1);
    assert!(matches!(reading.verify().await.unwrap(), JournalCheck::Intact { entries: 1, .. }));
    let writing = as_user(&reader).open().await;
    for failure in [
        writing.append(&release(1), 1, 0, tagged("b")).await.err().unwrap(),
        writing.try_lease(&LeaseScope::Tags).await.err().unwrap(),
        PortFailure::from(as_user(&stranger).try_open().await.err().unwrap()),
    ] {
        let error: &JournalError = failure.error.downcast_ref().unwrap();
        assert!(matches!(error, JournalError::Postgres(PostgresError::Rights { .. })), "{failure}");
        assert!(failure.hint.unwrap().contains("docs/postgresql.md"));
    }
}
